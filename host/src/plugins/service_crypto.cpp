/// Service `fmcp.crypto/1`: random numbers, sealing, digests.

#include <algorithm>
#include <exception>
#include <limits>

#include "crypto/digest.hpp"
#include "plugins/service_parts.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::uint64_t max_random = 1u << 20;
constexpr std::uint64_t max_sealed = 64u << 10;  // what services.h names
constexpr std::uint64_t max_opened = 128u << 10; // the same in its envelope, which is the backend's
constexpr std::uint64_t anything = std::numeric_limits<std::ptrdiff_t>::max();
constexpr std::uint64_t longest_ms = 10ull * 365 * 24 * 3600 * 1000;

fmcp_status random(void*, std::uint8_t* out, std::uint64_t n) noexcept {
   if (n == 0) return FMCP_OK;
   if (out == nullptr) return FMCP_E_INVALID;
   if (n > max_random) return FMCP_E_LIMIT;
   crypto::fill_random({out, static_cast<std::size_t>(n)});
   return FMCP_OK;
}

/// Runs `work`, which gives bytes or an error.
template <class F>
fmcp_status into(fmcp_buf* out, F&& work) noexcept {
   try {
      auto made = work();
      if (!made) return status_of(made.error().code);
      *out = give(std::move(*made), true);
      return FMCP_OK;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

fmcp_status seal(void* ctx, fmcp_bytes plain, fmcp_bytes aad, std::uint64_t ttl_ms,
                 fmcp_buf* out) noexcept {
   if (ctx == nullptr || out == nullptr) return FMCP_E_INVALID;
   *out = {};
   const auto text = view_bytes(plain, anything), with = view_bytes(aad, anything);
   if (!text || !with || ttl_ms == 0) return FMCP_E_INVALID;
   if (text->size() > max_sealed || with->size() > max_sealed) return FMCP_E_LIMIT;
   auto* backend = self(ctx).granted().with.crypto;
   if (backend == nullptr) return FMCP_E_DENIED;
   return into(out, [&] {
      return backend->seal(self(ctx).space(), *text, *with,
                           std::chrono::milliseconds(std::min(ttl_ms, longest_ms)));
   });
}

fmcp_status open(void* ctx, fmcp_bytes sealed, fmcp_bytes aad, fmcp_buf* out) noexcept {
   if (ctx == nullptr || out == nullptr) return FMCP_E_INVALID;
   *out = {};
   const auto text = view_bytes(sealed, anything), with = view_bytes(aad, anything);
   if (!text || !with) return FMCP_E_INVALID;
   if (text->size() > max_opened || with->size() > max_sealed) return FMCP_E_DENIED; // not of ours
   auto* backend = self(ctx).granted().with.crypto;
   if (backend == nullptr) return FMCP_E_DENIED;
   return into(out, [&] { return backend->open(self(ctx).space(), *text, *with); });
}

fmcp_status sha256(void*, fmcp_bytes in, std::uint8_t out[32]) noexcept {
   const auto text = view_bytes(in, anything);
   if (!text || out == nullptr) return FMCP_E_INVALID;
   try {
      std::ranges::copy(crypto::sha256(*text), out);
      return FMCP_OK;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

std::int32_t equal(void*, fmcp_bytes a, fmcp_bytes b) noexcept {
   const auto left = view_bytes(a, anything), right = view_bytes(b, anything);
   return left && right && crypto::equal_constant_time(*left, *right) ? 1 : 0;
}

} // namespace

constexpr fmcp_crypto crypto_table{sizeof(fmcp_crypto), 0, random, seal, open, sha256, equal};

} // namespace fmcp::plugins
