#include "cli/help.hpp"

#include <algorithm>
#include <ostream>
#include <string>

#include <fmt/format.h>

#include "config/table.hpp"
#include "core/text.hpp"

namespace fmcp::cli {
namespace {

constexpr std::size_t width = 79;
constexpr std::size_t indent = 6;
constexpr std::string_view precedence =
      "\nA setting comes from, strongest first: flag, environment variable, .env file,\n"
      "configuration file, default.\n";

/// Prints words up to the right margin, every line indented. Backticks are for Markdown.
void wrap(std::ostream& out, std::string_view text) {
   std::string line(indent, ' ');
   for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find(' ', at), text.size());
      std::string word(text.substr(at, end - at));
      std::erase(word, '`');
      if (line.size() > indent && line.size() + 1 + word.size() > width) {
         out << line << '\n';
         line.assign(indent, ' ');
      }
      if (line.size() > indent) line += ' ';
      line += word;
      at = end + 1;
   }
   out << line << '\n';
}

std::string_view value_name(config::kind k) {
   switch (k) {
   case config::kind::boolean: return "";
   case config::kind::integer: return " N";
   case config::kind::duration: return " TIME";
   case config::kind::size: return " SIZE";
   case config::kind::path:
   case config::kind::paths: return " PATH";
   case config::kind::url: return " URL";
   case config::kind::provider: return " NAME";
   default: return " VALUE";
   }
}

void print_setting(std::ostream& out, const config::spec& s) {
   std::string head = "  ";
   if (s.short_flag != 0) head += fmt::format("-{}, ", s.short_flag);
   // Without a flag the variable is the way to give it.
   head += s.flag.empty() ? s.variable : s.flag;
   if (s.kind == config::kind::special) {
      head += ' ' + core::to_upper(config::expectation(s));
   } else if (!s.flag.empty() && !s.is_positional()) {
      head += value_name(s.kind);
   }
   out << head << '\n';
   wrap(out, s.help);
   std::string facts = s.kind == config::kind::text ? "" : config::expectation(s);
   const auto add = [&](std::string_view part) {
      if (!facts.empty()) facts += "; ";
      facts += part;
   };
   if (!s.fallback.empty()) add(fmt::format("default {}", s.fallback));
   if (!s.variable.empty() && !s.flag.empty()) add(s.variable);
   if (!facts.empty()) wrap(out, "[" + facts + "]");
}

} // namespace

void print_overview(std::ostream& out) {
   out << R"(fastmcp-host serves the tools of plugin files (.so) to every MCP client, over
HTTP or stdio.

Commands
  run [plugin.so ...]    serve the given plugins and those of the plugin directory
  plugins list           load all plugins and show what became of each file
  plugins info FILE      show what a plugin file says about itself; runs none of it
  providers list         show which providers of authentication are installed
  providers describe X   show the settings of one; runs none of it
  config show            show every setting, its value and where it comes from
  doctor                 try out what `run` would need, and say what is wrong
  ping URL               say whether an MCP server answers, and what it speaks
  list URL               show its tools
  call URL TOOL [N=V]    call one of them
  version                show the version

For example
  fastmcp-host run --transport http
      serves http://127.0.0.1:8000/mcp with the plugins that are installed
  fastmcp-host run ./my_tool.so
      serves one file on stdio, which is how desktop clients start a server
  fastmcp-host run --transport http --auth descope \
               --auth-option project_id=P2x \
               --auth-option base_url=http://127.0.0.1:8000
      lets only those in who have a token of that project
  fastmcp-host call https://mcp.example.com/mcp add a=1 b=2 --auth oauth
      logs in where the server says, and calls its tool

Every command explains itself with --help.
)";
}

void print_help(std::ostream& out, std::string_view synopsis, std::string_view purpose,
                bool takes_settings) {
   print_help(out, synopsis, purpose, std::span<const std::string_view>());
   if (!takes_settings) return;
   out << precedence;
   std::string_view group;
   for (const auto& s : config::table()) {
      if (s.group != group) out << '\n' << s.group << '\n';
      group = s.group;
      print_setting(out, s);
   }
}

void print_help(std::ostream& out, std::string_view synopsis, std::string_view purpose,
                std::span<const std::string_view> settings) {
   out << "fastmcp-host " << synopsis << "\n\n" << purpose;
   if (settings.empty()) return;
   out << precedence << '\n';
   for (const auto name : settings) print_setting(out, *config::find_spec(name));
}

} // namespace fmcp::cli
