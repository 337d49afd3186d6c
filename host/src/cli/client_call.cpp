#include <algorithm>
#include <istream>
#include <ostream>

#include <fmt/format.h>

#include "cli/client_options.hpp"
#include "client/arguments.hpp"
#include "client/text_member.hpp"
#include "config/parse.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

constexpr std::size_t max_arguments = 4u << 20;

core::result<std::string> read_all(std::istream* in) {
   std::string out;
   if (in != nullptr) {
      for (char c = 0; out.size() <= max_arguments && in->get(c);) out.push_back(c);
   }
   if (out.size() > max_arguments)
      return core::fail(core::errc::limit, "the arguments are longer than 4 MiB");
   return out;
}

/// Of the words behind the tool, or of `--args`.
core::result<std::string> arguments_of(const context& c, const options& o, const client::tool* of) {
   const std::vector<std::string> words(o.operands.begin() + 2, o.operands.end());
   const auto* json = o.value_of("--args");
   if (json == nullptr) return client::typed_arguments(words, of);
   if (*json != "-") return client::json_arguments(*json);
   const auto text = read_all(c.io.in);
   return text ? client::json_arguments(*text) : text;
}

/// What the words alone show to be wrong.
core::result<void> check_words(const options& o) {
   const auto wrong = [](std::string_view why) {
      return core::fail(core::errc::invalid, std::string(why));
   };
   if (const auto* json = o.value_of("--args")) {
      if (o.operands.size() > 2)
         return wrong("Arguments are given either as NAME=VALUE or with --args.");
      const auto* bearer = o.value_of("--bearer");
      if (*json == "-" && bearer != nullptr)
         return wrong("Only one of --args - and --bearer - can have the standard input.");
   }
   return {};
}

/// What is no text, in a line.
std::string described(const json::value& block, std::string_view type) {
   using client::text_of;
   if (type == "resource_link")
      return fmt::format("[link {} {}]", text_of(block, "name"), text_of(block, "uri"));
   if (type == "resource") {
      const auto* resource = block.find("resource");
      if (const auto text = text_of(resource, "text"); !text.empty()) return text;
      return fmt::format("[resource {} {}; --json shows it]", text_of(resource, "uri"),
                         text_of(resource, "mimeType"));
   }
   return fmt::format("[{} {}, {} bytes of base64; --json shows it]", type,
                      text_of(block, "mimeType"), text_of(block, "data").size());
}

std::string text_of(const json::value& result) {
   std::string out;
   const auto* content = result.find("content");
   const bool has_content =
         content != nullptr && content->is(json::kind::array) && !content->items().empty();
   if (!has_content) {
      if (const auto* structured = result.find("structuredContent")) {
         json::append_compact(out, *structured);
         out += '\n';
      }
      return out;
   }
   for (const auto& block : content->items()) {
      const auto type = block.find_string("type").value_or("");
      out += type == "text" ? std::string(block.find_string("text").value_or(""))
                            : described(block, type);
      if (!out.ends_with('\n')) out += '\n';
   }
   return out;
}

/// Gives the exit code: of a tool that failed it is 1, and its words are a message.
int print_result(const context& c, const std::string& text, bool as_json) {
   json::document d;
   const auto result = d.parse_copy(text);
   if (!result) return report(c, result.error());
   const auto* flag = (*result)->find("isError");
   const bool has_failed = flag != nullptr && flag->is(json::kind::boolean) && flag->boolean();
   if (as_json) {
      c.io.out << text << '\n';
   } else if ((*result)->find_string("resultType").value_or("") == "input_required") {
      return complain(c, "The tool asks for more input, which this command cannot give.", failed);
   } else {
      (has_failed ? c.io.err : c.io.out) << plain(text_of(**result));
   }
   return has_failed ? failed : done;
}

const client::tool* find_tool(const std::vector<client::tool>& in, std::string_view name) {
   const auto it = std::ranges::find(in, name, &client::tool::name);
   return it == in.end() ? nullptr : &*it;
}

/// For a name that the server does not list: it may be one that only some may see.
std::string hint(const std::vector<client::tool>& in, std::string_view name) {
   std::vector<std::string_view> names;
   names.reserve(in.size());
   for (const auto& t : in) names.push_back(t.name);
   return fmt::format(" The server lists no tool {}.{}", config::shown(name),
                      config::suggestion(name, names));
}

} // namespace

int client_call(const context& c, const words& w) {
   int code = failed;
   const auto command = understand(
         c,
         {.words = {.valued = {"--args"}, .operands = "URL and TOOL", .min_operands = 2},
          .synopsis = "call URL TOOL [NAME=VALUE ...] [--auth oauth | --bearer -] [options]",
          .purpose =
                "Calls a tool of the MCP server at URL and prints what it answers. Each value\n"
                "gets the type that the tool wants: text as it stands, numbers, true and false,\n"
                "lists and objects in JSON. Progress and log lines go to standard error. The\n"
                "exit code is 1 when the tool fails.\n\n"
                "  --args JSON|-        all arguments as one JSON object, or from standard input\n"
                "  --json               the whole result\n"},
         w, code);
   if (!command) return code;
   const auto& o = command->given;
   if (const auto ok = check_words(o); !ok) return complain(c, ok.error().message, usage);
   const auto server = connect(c, *command);
   if (!server) return failed;
   // The list has the schemas, by which values get their types and headers their copies.
   const auto listed = server->list_tools();
   if (!listed) return report(c, listed.error());
   const auto& name = o.operands[1];
   const auto* of = find_tool(*listed, name);
   const auto arguments = arguments_of(c, o, of);
   if (!arguments) return report(c, arguments.error(), usage);
   const auto result = server->call_tool(name, *arguments, of);
   if (!result) {
      auto why = result.error();
      if (of == nullptr) why.message += "." + hint(*listed, name);
      return report(c, why);
   }
   return print_result(c, *result, o.has("--json"));
}

} // namespace fmcp::cli
