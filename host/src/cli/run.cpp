#include <ostream>

#include "cli/commands.hpp"
#include "cli/help.hpp"

namespace fmcp::cli {

int run(const context& c, const words& w) {
   const auto o = parse_options({.takes_settings = true}, w);
   if (!o) return complain(c, o.error().message, usage);
   if (o->wants_help) {
      print_help(c.io.out, "run [plugin.so ...] [options]",
                 "Serves the tools of the given plugin files and of those in the plugin\n"
                 "directories until it is stopped.\n",
                 true);
      return done;
   }
   int code = failed;
   const auto settings = require_settings(c, *o, code, config::purpose::serving);
   if (!settings) return code;
   hide_secrets(c, *settings); // before there is a thread or a plugin
   return c.what.run(*settings);
}

} // namespace fmcp::cli
