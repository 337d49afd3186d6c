#pragma once

/// One time zone, from the system's compiled files (RFC 9636, "TZif").
///
/// Thread safety: immutable after parse(). Errors: parse() gives nothing for bytes that are no zone
/// file; every count and index in them is checked.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "posix_rule.hpp"

namespace zones {

/// A local time, and the instants that it can be.
struct local_meaning {
   enum class kind {
      unique,
      ambiguous, ///< clocks were set back over it: two instants
      skipped    ///< clocks were set forward over it: none
   } is = kind::unique;
   std::int64_t first = 0;  ///< skipped: with the offset that counted before
   std::int64_t second = 0; ///< skipped: with the offset that counts after; else like `first`
};

class zone {
public:
   static std::optional<zone> parse(std::string_view bytes);
   static zone utc() { return {}; }

   [[nodiscard]] const offset_info& at(std::int64_t unix) const;
   /// `local` is what the clocks show, as if it was UTC.
   [[nodiscard]] local_meaning meaning_of(std::int64_t local) const;
   /// The next instant after `unix` at which the clocks are set, within `horizon` seconds.
   [[nodiscard]] std::optional<std::int64_t> next_change(std::int64_t unix,
                                                         std::int64_t horizon) const;

private:
   [[nodiscard]] std::vector<std::int64_t> changes_between(std::int64_t from,
                                                           std::int64_t to) const;

   std::vector<std::int64_t> times_; ///< rising
   std::vector<std::uint8_t> kinds_; ///< of times_: index into infos_
   std::vector<offset_info> infos_ = {offset_info{}};
   std::optional<posix_rule> rule_; ///< after the last of times_
};

} // namespace zones
