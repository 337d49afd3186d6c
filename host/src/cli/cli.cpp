#include "cli/cli.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <istream>
#include <ostream>

#include <fmt/format.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/parse.hpp"
#include "config/table.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

namespace fmcp::cli {
namespace {

constexpr std::size_t max_token = 16 * 1024; // as in a request

using command = int (*)(const context&, const words&);

struct row {
   std::string_view first, second; ///< `plugins` `list`; the second may be empty
   command start;
};

constexpr std::array rows{row{"run", "", run},
                          row{"plugins", "list", plugins_list},
                          row{"plugins", "info", plugins_info},
                          row{"providers", "list", providers_list},
                          row{"providers", "describe", providers_describe},
                          row{"config", "show", config_show},
                          row{"doctor", "", doctor},
                          row{"ping", "", client_ping},
                          row{"list", "", client_list},
                          row{"call", "", client_call},
                          row{"version", "", version}};

bool asks_for_help(std::string_view word) {
   return word == "--help" || word == "-h" || word == "help";
}

int unknown_command(const context& c, const words& w) {
   const auto& first = w.front();
   if (first.starts_with('-')) {
      return complain(
            c,
            fmt::format(
                  "The command stands before its options; {} came first. Try: fastmcp-host run {}",
                  config::shown(first), first),
            usage);
   }
   if (first.ends_with(".so")) {
      return complain(c,
                      fmt::format("{} is a file, not a command. Try: fastmcp-host run {}",
                                  config::shown(first), first),
                      usage);
   }
   std::vector<std::string_view> names{"help"};
   for (const auto& r : rows) names.push_back(r.first);
   return complain(
         c,
         fmt::format("There is no command {}.{} Without arguments the program lists its commands.",
                     config::shown(first), config::suggestion(first, names)),
         usage);
}

/// `plugins` without `list` or `info`.
int unfinished_command(const context& c, const words& w) {
   std::vector<std::string_view> names;
   for (const auto& r : rows) {
      if (r.first == w.front()) names.push_back(r.second);
   }
   const auto choices = config::alternatives(names);
   if (w.size() == 1)
      return complain(c, fmt::format("The command {} needs {} behind it.", w.front(), choices),
                      usage);
   return complain(c,
                   fmt::format("There is no command {} {}; there is {}.{}", w.front(),
                               config::shown(w[1]), choices, config::suggestion(w[1], names)),
                   usage);
}

int dispatch(const context& c, const words& w) {
   if (w.empty() || asks_for_help(w.front())) {
      print_overview(c.io.out);
      return done;
   }
   if (w.front() == "--version" || w.front() == "-V") return version(c, {});
   bool is_group = false;
   for (const auto& r : rows) {
      if (w.front() != r.first) continue;
      if (r.second.empty()) return r.start(c, {w.begin() + 1, w.end()});
      if (w.size() > 1 && w[1] == r.second) return r.start(c, {w.begin() + 2, w.end()});
      is_group = true;
   }
   if (!is_group) return unknown_command(c, w);
   if (w.size() > 1 && asks_for_help(w[1])) {
      print_overview(c.io.out);
      return done;
   }
   return unfinished_command(c, w);
}

} // namespace

invocation this_process(int argc, const char* const* argv, std::string version) {
   invocation how;
   if (argc > 1) how.arguments.assign(argv + 1, argv + argc);
   for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
      how.from.environment.emplace_back(*variable);
   }
   std::error_code failed;
   const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
   if (!failed) how.from.prefix = self.parent_path().parent_path().string();
   if (how.from.prefix == "/") how.from.prefix.clear();
   how.from.program_version = std::move(version);
   how.from.is_privileged = ::getauxval(AT_SECURE) != 0;
   return how;
}

int main(const invocation& how, const commands& what, streams io) {
   const context c{how, what, io};
   const int code = dispatch(c, how.arguments);
   io.out.flush();
   // A full disk or a closed pipe: whoever reads the result did not get all of it.
   if (code == done && !io.out) return failed;
   return code;
}

int complain(const context& c, std::string_view message, int code) {
   c.io.err << "fastmcp-host: " << message << '\n';
   return code;
}

void hide_secrets(const context& c, const config::settings& s) {
   if (c.what.hide_secrets) c.what.hide_secrets(s);
}

config::loaded load(const context& c, const options& o, config::purpose why) {
   config::sources from = c.how.from;
   from.flags = o.flags;
   from.purpose = why;
   from.find_providers = c.what.find_providers;
   return config::load(from);
}

core::result<config::settings> require_settings(const context& c, const options& o, int& code,
                                                config::purpose why) {
   auto loaded = load(c, o, why);
   if (!loaded.values) {
      const bool is_usage = std::ranges::any_of(loaded.report.problems, &config::problem::is_usage);
      code = complain(c, loaded.values.error().message, is_usage ? usage : failed);
      return std::move(loaded.values);
   }
   core::log::set_level(loaded.values->log_level);
   for (const auto& n : loaded.report.notices) core::log::at(n.level, "config", "{}", n.text);
   return std::move(loaded.values);
}

int look(const context& c, const words& w, const page& about,
         const std::function<int(const options&, const config::settings&)>& show) {
   const auto o = parse_options(
         {.takes_settings = true, .switches = {"--json"}, .operand = about.operand}, w);
   if (!o) return complain(c, o.error().message, usage);
   if (o->wants_help) {
      const auto purpose = fmt::format("{}\n  --json  the same for programs\n", about.purpose);
      print_help(c.io.out, about.synopsis, purpose, about.shows_settings);
      return done;
   }
   int code = failed;
   const auto settings = require_settings(c, *o, code, config::purpose::looking);
   return settings ? show(*o, *settings) : code;
}

bool is_absent_by_default(const config::settings& s, std::string_view setting,
                          const std::string& directory) {
   const auto* spec = config::find_spec(setting);
   const auto given = s.given.find(setting, spec->variable, false);
   std::error_code failed;
   return given && given->value == nullptr &&
          std::filesystem::status(directory, failed).type() ==
                std::filesystem::file_type::not_found;
}

core::result<std::string> read_token(std::istream* in) {
   std::string line;
   if (in != nullptr) {
      for (char c = 0; line.size() <= max_token && in->get(c) && c != '\n';) line.push_back(c);
   }
   if (line.size() > max_token)
      return core::fail(core::errc::limit, "The token is longer than 16 KiB.");
   if (line.ends_with('\r')) line.pop_back();
   std::string token(core::trim(line));
   if (token.empty())
      return core::fail(core::errc::invalid, "There is no token on the standard input.");
   return token;
}

} // namespace fmcp::cli
