/// Wires the commands to the command line. What the program is: host/README.md.

#include <iostream>

#include "app/doctor.hpp"
#include "app/plugin_commands.hpp"
#include "app/process.hpp"
#include "app/provider_commands.hpp"
#include "app/run.hpp"
#include "app/version.hpp"
#include "cli/cli.hpp"

int main(int argc, char** argv) {
   using namespace fmcp;
   const cli::commands commands{.run = app::run,
                                .list_plugins = app::list_plugins,
                                .inspect_plugin = app::inspect_plugin,
                                .find_providers = app::find_providers,
                                .doctor = app::doctor};
   const int code = cli::main(cli::this_process(argc, argv, app::program_version), commands,
                              {std::cout, std::cerr, &std::cin});
   std::cout.flush();
   app::end_process(code);
}
