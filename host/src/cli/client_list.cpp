#include <algorithm>
#include <ostream>

#include "cli/client_options.hpp"
#include "cli/columns.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

using tools = std::vector<client::tool>;

/// The first line of it.
std::string summary(const std::string& description) {
   const auto end = description.find_first_of("\r\n");
   return description.substr(0, end) + (end == description.npos ? "" : " …");
}

void print_text(std::ostream& out, const tools& found) {
   if (found.empty()) {
      out << "The server has no tools.\n";
      return;
   }
   const bool has_titles =
         std::ranges::any_of(found, [](const auto& t) { return !t.title.empty(); });
   std::vector<std::vector<std::string>> rows{
         has_titles ? std::vector<std::string>{"NAME", "TITLE", "DESCRIPTION"}
                    : std::vector<std::string>{"NAME", "DESCRIPTION"}};
   for (const auto& t : found) {
      auto& row = rows.emplace_back(std::vector<std::string>{t.name});
      if (has_titles) row.push_back(t.title);
      row.push_back(summary(t.description));
   }
   print_columns(out, rows);
}

void print_json(std::ostream& out, const tools& found) {
   std::string text;
   json::writer w(text);
   w.begin_array();
   for (const auto& t : found) w.raw(t.json);
   w.end_array();
   out << text << '\n';
}

} // namespace

int client_list(const context& c, const words& w) {
   int code = failed;
   const auto command = understand(
         c,
         {.words = {.operand = "URL"},
          .synopsis = "list URL [--auth oauth | --bearer - | --bearer-file FILE] [options]",
          .purpose = "Shows the tools of the MCP server at URL.\n\n"
                     "  --json               as the server describes them, with their schemas\n"},
         w, code);
   if (!command) return code;
   const auto server = connect(c, *command);
   if (!server) return failed;
   const auto found = server->list_tools();
   if (!found) return report(c, found.error());
   command->given.has("--json") ? print_json(c.io.out, *found) : print_text(c.io.out, *found);
   return done;
}

} // namespace fmcp::cli
