/// Wires the commands to the command line. What the program is: host/README.md.

#include <iostream>
#include <span>

#include "app/client_commands.hpp"
#include "app/doctor.hpp"
#include "app/hardening.hpp"
#include "app/plugin_commands.hpp"
#include "app/process.hpp"
#include "app/provider_commands.hpp"
#include "app/run.hpp"
#include "app/version.hpp"
#include "cli/cli.hpp"

int main(int argc, char** argv) {
   using namespace fmcp;
   const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
   const auto hide = [arguments](const config::settings& s) { app::hide_secrets(s, arguments); };
   const cli::commands commands{.hide_secrets = hide,
                                .run = app::run,
                                .list_plugins = app::list_plugins,
                                .inspect_plugin = app::inspect_plugin,
                                .find_providers = app::find_providers,
                                .doctor = app::doctor,
                                .connect = app::connect_to_server,
                                .forget_login = app::forget_login};
   const int code = cli::main(cli::this_process(argc, argv, app::program_version), commands,
                              {std::cout, std::cerr, &std::cin});
   std::cout.flush();
   app::end_process(code);
}
