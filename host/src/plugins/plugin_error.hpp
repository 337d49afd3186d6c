#pragma once

/// The words of a failure on their way across the boundary (`fmcp_err`), in both directions.

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include <fmcp/abi.h>

#include "core/utf8.hpp"
#include "plugins/results.hpp"

namespace fmcp::plugins {

/// Host-owned room for what a function of the plugin failed with.
struct error_room {
   static constexpr std::size_t bytes = 1024;
   char text[bytes];
   fmcp_err err{0, bytes, 0, 0, text};

   [[nodiscard]] std::string words() const {
      if (err.len == 0 || err.len > bytes || err.msg != text) return {};
      return plain_words(std::string_view(text, err.len));
   }
};

/// Tells the plugin why a function of the host failed; gives `status` back.
inline fmcp_status say(fmcp_err* err, fmcp_status status, std::string_view words) noexcept {
   if (err == nullptr) return status;
   err->code = status;
   err->len = 0;
   if (err->msg == nullptr) return status;
   const auto fits = core::utf8_truncated(words, err->cap);
   if (!fits.empty()) std::memcpy(err->msg, fits.data(), fits.size());
   err->len = static_cast<std::uint32_t>(fits.size());
   return status;
}

} // namespace fmcp::plugins
