#include <ostream>

#include "cli/commands.hpp"
#include "cli/help.hpp"

namespace fmcp::cli {

int version(const context& c, const words& w) {
   const auto o = parse_options({}, w);
   if (!o) return complain(c, o.error().message, usage);
   if (o->wants_help) {
      print_help(c.io.out, "version", "Shows the version of the program.\n", false);
   } else {
      c.io.out << "fastmcp-host " << c.how.from.program_version << '\n';
   }
   return done;
}

} // namespace fmcp::cli
