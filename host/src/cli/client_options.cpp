#include "cli/client_options.hpp"

#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/format.h>

#include "cli/help.hpp"
#include "client/oauth_messages.hpp"
#include "config/gather.hpp"
#include "config/parse.hpp"
#include "config/table.hpp"
#include "core/log.hpp"
#include "core/safe_path.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"

namespace fmcp::cli {
namespace {

constexpr std::size_t max_token = 16u << 10;
constexpr std::array<std::string_view, 5> own_settings{"home", "ca_file", "https_proxy", "no_proxy",
                                                       "log_level"};

constexpr std::string_view common_help =
      "\n"
      "How to be let in\n"
      "  --auth oauth         log in where the server says, with the browser ($BROWSER), and\n"
      "                       keep the tokens in a file of this user's\n"
      "  --bearer -           send a token that stands on the standard input\n"
      "  --bearer-file FILE   send the one in FILE, which only this user may read\n"
      "  FASTMCP_CLIENT_TOKEN send this one, when nothing of the above is said\n"
      "With --auth oauth\n"
      "  --client-id ID       of a client that is registered already; else the program\n"
      "                       registers itself\n"
      "  --client-metadata-url URL\n"
      "                       of a client id metadata document, for servers that take one\n"
      "  --callback-port N    where the browser brings the answer, on 127.0.0.1\n"
      "  --no-browser         only print the page where to log in\n"
      "  --logout             forget the tokens of this server, and end\n"
      "Talking to it\n"
      "  --era old|new        only that era of the protocol; else the new one is tried first\n"
      "  --timeout TIME       how long an answer may take (60s)\n"
      "Of a .env file only one is read that FASTMCP_ENV_FILE names.\n";

using outcome = core::result<void>;

outcome wrong(std::string message) {
   return core::fail(core::errc::invalid, std::move(message));
}

outcome take_token(client::target& to, core::result<std::string> token) {
   if (!token) return std::unexpected(std::move(token.error()));
   if (!client::is_bearer_token(*token))
      return wrong("What was given as a token has characters that no bearer token has.");
   to.auth = client::auth_mode::bearer;
   to.token = std::move(*token);
   return {};
}

core::result<std::string> read_token_file(const std::string& path) {
   const auto file = core::open_safely(path, {.follow_links = true, .max_bytes = max_token});
   if (!file) return std::unexpected(file.error());
   if ((file->status.st_mode & 077u) != 0) {
      return core::fail(core::errc::denied,
                        fmt::format("{} may be used by others (mode {:04o}), but holds a token; "
                                    "take that away (chmod 600).",
                                    config::shown(path), file->status.st_mode & 07777u));
   }
   auto text = core::read_all(*file, max_token);
   if (text) *text = core::trim(text->substr(0, text->find_first_of("\r\n")));
   if (text && text->empty())
      return core::fail(core::errc::invalid,
                        config::shown(path) + " has no token in its first line.");
   return text;
}

std::string variable(const context& c, std::string_view name) {
   for (const auto& pair : c.how.from.environment) {
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
         return pair.substr(name.size() + 1);
   }
   return {};
}

outcome take_credentials(const context& c, const options& o, client::target& to) {
   const auto* auth = o.value_of("--auth");
   const auto* bearer = o.value_of("--bearer");
   const auto* file = o.value_of("--bearer-file");
   if ((auth != nullptr) + (bearer != nullptr) + (file != nullptr) > 1)
      return wrong("--auth, --bearer and --bearer-file exclude each other.");
   if (bearer != nullptr && *bearer != "-") {
      return wrong("A token on the command line is seen by everybody on this machine; say --bearer "
                   "- and give it on the standard input, or name a file with --bearer-file.");
   }
   if (bearer != nullptr) return take_token(to, read_token(c.io.in));
   if (file != nullptr) return take_token(to, read_token_file(*file));
   if (auth != nullptr) {
      if (*auth != "oauth")
         return wrong(fmt::format("--auth {} is not known here; there is --auth oauth, and a token "
                                  "is given with --bearer - or --bearer-file.",
                                  config::shown(*auth)));
      to.auth = client::auth_mode::oauth;
      return {};
   }
   if (c.how.from.is_privileged) return {};
   if (auto token = variable(c, client::token_variable); !token.empty())
      return take_token(to, std::move(token));
   return {};
}

outcome take_login(const options& o, client::target& to) {
   to.opens_browser = !o.has("--no-browser");
   constexpr std::array<std::string_view, 3> only{"--client-id", "--client-metadata-url",
                                                  "--callback-port"};
   for (const auto name : only) {
      if (o.value_of(name) != nullptr && to.auth != client::auth_mode::oauth)
         return wrong(fmt::format("{} has no meaning without --auth oauth.", name));
   }
   if (const auto* id = o.value_of(only[0])) to.login.client_id = *id;
   if (const auto* url = o.value_of(only[1])) {
      constexpr std::array<std::string_view, 1> schemes{"https"};
      const auto parsed = config::parse_url(*url, schemes);
      if (!parsed)
         return wrong(fmt::format("{} {} {}.", only[1], config::shown(*url), parsed.error()));
      if (o.value_of(only[0]) != nullptr)
         return wrong("--client-id and --client-metadata-url exclude each other.");
      to.login.metadata_url = *url;
   }
   if (const auto* port = o.value_of(only[2])) {
      const auto parsed = config::parse_integer(*port, 1, 65535);
      if (!parsed)
         return wrong(fmt::format("{} {} {}.", only[2], config::shown(*port), parsed.error()));
      to.login.callback_port = static_cast<std::uint16_t>(*parsed);
   }
   return {};
}

outcome take_manner(const options& o, client::target& to) {
   if (const auto* era = o.value_of("--era")) {
      constexpr std::array<std::string_view, 2> names{"old", "new"};
      const auto which = config::parse_choice(*era, names);
      if (!which) return wrong(fmt::format("--era {} {}.", config::shown(*era), which.error()));
      to.wanted = *which == 0 ? client::era::old : client::era::modern;
   }
   if (const auto* time = o.value_of("--timeout")) {
      const auto parsed = config::parse_duration(*time);
      if (!parsed)
         return wrong(fmt::format("--timeout {} {}.", config::shown(*time), parsed.error()));
      if (*parsed < std::chrono::milliseconds(1) || *parsed > std::chrono::hours(24))
         return wrong("--timeout has to be more than nothing and at most a day.");
      to.timeout = *parsed;
   }
   return {};
}

/// Progress and log lines of a tool, on the error stream, each on one line.
void tell(std::ostream& err, std::string_view method, const json::value& params) {
   const auto text = [&](std::string_view name) {
      const auto* v = params.find(name);
      if (v == nullptr) return std::string();
      return std::string(v->is(json::kind::string) ? v->string() : v->raw());
   };
   std::string line;
   if (method == "notifications/progress") {
      const auto total = text("total"), message = text("message");
      line = fmt::format("progress {}{}{}{}{}", text("progress"), total.empty() ? "" : " of ",
                         total, message.empty() ? "" : ": ", message);
   } else if (method == "notifications/message") {
      line = fmt::format("{}: {}", text("level"), text("data"));
   } else {
      return;
   }
   std::string shown;
   core::append_printable(shown, line);
   err << shown << '\n' << std::flush;
}

/// Tells of what `.env` would have set here. Whoever keeps such a file for the server in this
/// folder may count on it.
void tell_of_env_file(const context& c, const options& o) {
   using level = config::layers::level;
   auto from = c.how.from;
   from.flags = o.flags;
   from.flags.emplace_back("config", ""); // a file that `.env` names is not looked at
   from.purpose = config::purpose::looking;
   const auto given = config::gather(from).values;
   if (given.at(level::environment, "FASTMCP_ENV_FILE") != nullptr) return;
   std::vector<std::string> names;
   const auto add = [&](std::string_view key, std::string_view variable) {
      const auto* there = given.at(level::env_file, variable);
      const bool is_stronger = given.at(level::environment, variable) != nullptr ||
                               given.at(level::flags, key) != nullptr;
      if (there != nullptr && !is_stronger) names.push_back(there->name());
   };
   for (const auto name : own_settings) add(name, config::find_spec(name)->variable);
   add({}, config::find_spec("config")->variable);
   if (names.empty()) return;
   core::log::warn("config",
                   "{}: not taken, since a client command reads no .env file on its own; to have "
                   "this one read, set FASTMCP_ENV_FILE=.env in the environment.",
                   fmt::join(names, ", "));
}

int forget(const context& c, const client_command& command) {
   const auto gone = c.what.forget_login(command.to.url, command.settings);
   if (!gone) return report(c, gone.error());
   c.io.err << (*gone == 0 ? "There was no login for " : "Forgot the login for ")
            << plain(command.to.url) << ".\n";
   return done;
}

grammar with_common(grammar g) {
   g.settings = own_settings;
   for (const auto* s : {"--json", "--no-browser", "--logout"}) g.switches.emplace_back(s);
   for (const auto* v : {"--auth", "--bearer", "--bearer-file", "--client-id",
                         "--client-metadata-url", "--callback-port", "--era", "--timeout"})
      g.valued.emplace_back(v);
   return g;
}

} // namespace

std::optional<client_command> understand(const context& c, client_words how, const words& w,
                                         int& code) {
   const auto over = [&](int with) {
      code = with;
      return std::nullopt;
   };
   const auto grammar = with_common(std::move(how.words));
   auto o = parse_options(grammar, w);
   if (!o) return over(complain(c, o.error().message, usage));
   if (o->wants_help) {
      print_help(c.io.out, how.synopsis, std::string(how.purpose) + std::string(common_help),
                 own_settings);
      return over(done);
   }
   client_command out{.given = std::move(*o), .to = {}, .settings = {}};
   out.to.url = out.given.operands.empty() ? out.given.operand : out.given.operands.front();
   for (const auto& step : {take_credentials(c, out.given, out.to), take_login(out.given, out.to),
                            take_manner(out.given, out.to)}) {
      if (!step) return over(complain(c, step.error().message, usage));
   }
   if (const auto server = client::reach::of_server(out.to.url); !server)
      return over(report(c, server.error(), usage));
   auto settings = require_settings(c, out.given, code, config::purpose::calling);
   if (!settings) return std::nullopt;
   tell_of_env_file(c, out.given);
   out.settings = std::move(*settings);
   if (!c.what.connect || !c.what.forget_login)
      return over(complain(c, "This program was built without a client.", failed));
   if (out.given.has("--logout")) return over(forget(c, out));
   return out;
}

std::unique_ptr<client::mcp_client> connect(const context& c, const client_command& command) {
   auto made =
         c.what.connect(command.to, command.settings, c.io,
                        [&err = c.io.err](std::string_view method, const json::value& params) {
                           tell(err, method, params);
                        });
   if (made) return std::move(*made);
   (void)report(c, made.error());
   return nullptr;
}

int report(const context& c, const core::error& why, int code) {
   auto text = plain(why.message);
   // Sentences of the rooms below may stand inside others, so they begin small and have no end.
   if (!text.empty() && text.front() >= 'a' && text.front() <= 'z' && !text.starts_with("http"))
      text.front() = static_cast<char>(text.front() - 'a' + 'A');
   if (!text.ends_with('.') && !text.ends_with('?')) text += '.';
   return complain(c, text, code);
}

std::string plain(std::string_view text) {
   const std::string whole = core::utf8_repaired(text);
   std::string out;
   for (std::string_view rest = whole; !rest.empty();) {
      const auto end = std::min(rest.find_first_of("\n\t"), rest.size());
      core::append_printable(out, rest.substr(0, end));
      if (end < rest.size()) out.push_back(rest[end]);
      rest.remove_prefix(std::min(end + 1, rest.size()));
   }
   return out;
}

} // namespace fmcp::cli
