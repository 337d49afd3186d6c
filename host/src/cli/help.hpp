#pragma once

/// What the program says about itself.

#include <iosfwd>
#include <span>
#include <string_view>

namespace fmcp::cli {

/// What it is, the commands, an example: the answer to no arguments at all.
void print_overview(std::ostream& out);
/// Synopsis and purpose of a command, then, when it takes settings, the settings table by groups.
void print_help(std::ostream& out, std::string_view synopsis, std::string_view purpose,
                bool takes_settings);
/// The same with only these settings.
void print_help(std::ostream& out, std::string_view synopsis, std::string_view purpose,
                std::span<const std::string_view> settings);

} // namespace fmcp::cli
