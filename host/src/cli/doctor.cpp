#include <algorithm>
#include <istream>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "core/text.hpp"

namespace fmcp::cli {
namespace {

/// Only http authenticates, so that is looked into unless somebody names a transport.
config::loaded load_for_http(const context& c, options o) {
   auto loaded = load(c, o);
   const auto row = std::ranges::find(loaded.report.rows, "transport", &config::report_row::name);
   if (row == loaded.report.rows.end() || row->source != "default") return loaded;
   o.flags.emplace_back("transport", "http");
   return load(c, o);
}

} // namespace

int doctor(const context& c, const words& w) {
   const auto o = parse_options({.takes_settings = true, .valued = {"--token"}}, w);
   if (!o) return complain(c, o.error().message, usage);
   if (o->wants_help) {
      print_help(c.io.out, "doctor [plugin.so ...] [--token -] [options of run]",
                 "Tries out what `run` would need with the same options: the settings, the\n"
                 "provider, the documents and keys that it fetches, the public addresses, and\n"
                 "what becomes of a token that nobody has issued. Says what is WRONG, and ends\n"
                 "with 1 then. The transport is http unless something names another.\n\n"
                 "  --token -   reads a token from standard input and explains, step by step,\n"
                 "              why it would be accepted or refused\n",
                 true);
      return done;
   }
   if (!c.what.doctor) return complain(c, "This program was built without the doctor.", failed);
   const auto* from = o->value_of("--token");
   if (from != nullptr && *from != "-") {
      return complain(c,
                      "A token on the command line is seen by everybody on this machine; say "
                      "--token - and give it on the standard input.",
                      usage);
   }
   doctor_request rq{.settings = load_for_http(c, *o), .token = {}};
   if (!rq.settings.values) return c.what.doctor(std::move(rq), c.io);
   core::log::set_level(rq.settings.values->log_level);
   hide_secrets(c, *rq.settings.values); // the token may be long in coming
   if (from != nullptr) {
      auto token = read_token(c.io.in);
      if (!token) return complain(c, token.error().message, usage);
      rq.token = std::move(*token);
   }
   return c.what.doctor(std::move(rq), c.io);
}

} // namespace fmcp::cli
