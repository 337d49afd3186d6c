#include "core/http.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace fmcp::core::http {

std::string_view request::find(std::string_view name) const noexcept {
   for (const field& f : fields) {
      if (iequals(f.name, name)) return f.value;
   }
   return {};
}

std::size_t request::count(std::string_view name) const noexcept {
   return static_cast<std::size_t>(
         std::ranges::count_if(fields, [&](const field& f) { return iequals(f.name, name); }));
}

} // namespace fmcp::core::http
