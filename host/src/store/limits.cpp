#include "store/limits.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "store/store.hpp"

namespace fmcp::store {

using core::errc;
using core::fail;

core::result<void> check_name(const limits& l, std::string_view space, std::string_view key) {
   if (space.size() > max_space_bytes) {
      return fail(errc::limit,
                  fmt::format("The name of the space has {} bytes; at most {} are allowed.",
                              space.size(), max_space_bytes));
   }
   if (key.empty()) return fail(errc::invalid, "The key is empty.");
   if (key.size() > l.max_key_bytes) {
      return fail(errc::limit, fmt::format("The key has {} bytes; at most {} are allowed.",
                                           key.size(), l.max_key_bytes));
   }
   return {};
}

core::result<void> check_value(const limits& l, std::string_view value,
                               std::chrono::milliseconds ttl) {
   if (value.size() > l.max_value_bytes) {
      return fail(errc::limit, fmt::format("The value has {} bytes; at most {} are stored.",
                                           value.size(), l.max_value_bytes));
   }
   if (ttl <= std::chrono::milliseconds(0) || ttl > max_ttl) {
      return fail(errc::invalid, fmt::format("The time to live is {} ms; it must be from 1 ms to "
                                             "100 years.",
                                             ttl.count()));
   }
   return {};
}

core::error space_is_full(const limits& l, std::string_view space) {
   std::string shown;
   core::append_printable(shown, space);
   return {errc::limit, fmt::format("The space \"{}\" of the store is full; it holds at most {} "
                                    "values and {} bytes.",
                                    shown, l.max_entries, l.max_bytes)};
}

core::error no_such_key() {
   return {errc::not_found, "There is no such key in the store."};
}

core::error other_version() {
   return {errc::conflict, "The key has another version in the store, or is not there."};
}

} // namespace fmcp::store
