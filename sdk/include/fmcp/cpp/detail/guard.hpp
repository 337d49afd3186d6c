/// fmcp/cpp/detail/guard.hpp - where exceptions stop.
///
/// Every function of the plugin that the host calls is guard() around a lambda, so that none can
/// forget to catch. The functions themselves are noexcept, which the types in the C tables demand.
#ifndef FMCP_CPP_DETAIL_GUARD_HPP
#define FMCP_CPP_DETAIL_GUARD_HPP

#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "../error.hpp"

namespace fmcp {
inline namespace v1 {
namespace detail {

inline fmcp_str str(std::string_view s) noexcept {
   return {s.data(), s.size()};
}

inline std::string_view view(fmcp_str s) noexcept {
   return s.len == 0 || s.ptr == nullptr ? std::string_view()
                                         : std::string_view(s.ptr, static_cast<std::size_t>(s.len));
}

/// Writes a failure to the host's scratch memory, cut where a UTF-8 sequence begins.
inline fmcp_status say(fmcp_err* err, fmcp_status status, std::string_view text) noexcept {
   if (err == nullptr) return status;
   err->code = status;
   if (err->msg == nullptr) return status;
   std::size_t n = text.size() < err->cap ? text.size() : err->cap;
   while (n < text.size() && n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0u) == 0x80u) --n;
   if (n != 0) std::memcpy(err->msg, text.data(), n);
   err->len = static_cast<uint32_t>(n);
   return status;
}

/// Inside a catch block only: calls `f(status, text)` for the exception that is being handled.
/// Nothing here allocates, since the exception may be the lack of memory.
template <class F>
fmcp_status translate(F&& f) noexcept {
   try {
      throw;
   } catch (const std::bad_alloc&) {
      return f(fmcp_status{FMCP_E_NO_MEMORY}, std::string_view("The plugin ran out of memory."));
   } catch (const setting_error& e) {
      return f(fmcp_status{FMCP_E_CONFIG}, std::string_view(e.what()));
   } catch (const refused& e) {
      return f(e.status() < 0 ? e.status() : fmcp_status{FMCP_E_FAIL}, std::string_view(e.what()));
   } catch (const cancelled& e) {
      return f(fmcp_status{FMCP_E_GONE}, std::string_view(e.what()));
   } catch (const std::exception& e) {
      return f(fmcp_status{FMCP_E_FAIL}, std::string_view(e.what()));
   } catch (...) {
      return f(fmcp_status{FMCP_E_FAIL},
               std::string_view("The plugin threw something that is no std::exception."));
   }
}

/// Runs `f`; for what it throws, `otherwise(status, text)`.
template <class F, class G>
void guard_with(F&& f, G&& otherwise) noexcept {
   try {
      f();
   } catch (...) {
      translate([&](fmcp_status s, std::string_view text) {
         otherwise(s, text);
         return s;
      });
   }
}

/// Runs `f`, which returns an fmcp_status; an exception becomes a status and a sentence in `err`.
template <class F>
fmcp_status guard(fmcp_err* err, F&& f) noexcept {
   fmcp_status out = FMCP_OK;
   guard_with([&] { out = f(); },
              [&](fmcp_status s, std::string_view text) { out = say(err, s, text); });
   return out;
}

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
