#include "core/http.hpp"

#include <algorithm>
#include <cstring>

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

stored_request::stored_request(const request& rq)
    : fields_(rq.fields.begin(), rq.fields.end()), request_(rq) {
   std::size_t size = 0;
   const auto each = [this](auto&& act) {
      for (auto* v : {&request_.verb_text, &request_.path, &request_.query, &request_.host,
                      &request_.body, &request_.peer_address})
         act(*v);
      for (auto& f : fields_) {
         act(f.name);
         act(f.value);
      }
   };
   each([&](std::string_view& v) { size += v.size(); });
   memory_ = std::make_unique_for_overwrite<char[]>(size);
   char* to = memory_.get();
   each([&](std::string_view& v) {
      if (!v.empty()) std::memcpy(to, v.data(), v.size());
      v = {to, v.size()};
      to += v.size();
   });
   request_.fields = fields_;
   request_.caller = nullptr;
}

} // namespace fmcp::core::http
