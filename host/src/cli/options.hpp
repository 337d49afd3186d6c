#pragma once

/// The words behind a command, taken apart by CLI11 with the flags of the settings table.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace fmcp::cli {

/// What a command takes besides `--help`.
struct grammar {
   bool takes_settings = false; ///< all flags of the table, and its positional argument
   std::vector<std::string_view> switches = {}; ///< `--json`
   std::string_view operand = {};               ///< `FILE`: exactly one is needed
   std::vector<std::string_view> valued = {};   ///< `--token`: has a value
   /// `URL and TOOL`: at least `min_operands` of them, and any number behind.
   std::string_view operands = {};
   std::size_t min_operands = 0;
   /// Without `takes_settings`: the flags of these settings.
   std::span<const std::string_view> settings = {};
};

struct options {
   std::vector<std::pair<std::string, std::string>> flags; ///< for `config::sources`
   std::vector<std::string> switches;                      ///< those that were given
   std::string operand;
   std::vector<std::string> operands;
   std::vector<std::pair<std::string, std::string>> values; ///< of `valued`, in order
   bool wants_help = false;

   [[nodiscard]] bool has(std::string_view a_switch) const;
   /// The last value of that option, or null.
   [[nodiscard]] const std::string* value_of(std::string_view option) const;
};

/// A flag may be repeated: lists grow, of everything else the last one counts, so that a script can
/// put its defaults first. Errors: invalid; the message says what was not understood and what was
/// meant.
[[nodiscard]] core::result<options> parse_options(const grammar& g,
                                                  const std::vector<std::string>& words);

} // namespace fmcp::cli
