/// fmcp/cpp/crypto.hpp - random numbers, sealing, digests, done by the host: service fmcp.crypto/1.
///
/// The manifest says .uses("fmcp.crypto/1").
#ifndef FMCP_CPP_CRYPTO_HPP
#define FMCP_CPP_CRYPTO_HPP

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "detail/service.hpp"

namespace fmcp {
inline namespace v1 {

/// Thread safety: any thread. Lives no longer than the plugin. Errors: refused.
class crypto_service {
public:
   /// Errors: refused, the host has no such service.
   explicit crypto_service(const plugin& of) : host_(of, "fmcp.crypto/1") {
      const auto& t = host_.table();
      if (t.random == nullptr || t.seal == nullptr || t.open == nullptr || t.sha256 == nullptr ||
          t.equal == nullptr) {
         throw refused(FMCP_E_NOT_SUPPORTED, "The host's fmcp.crypto/1 lacks a function.");
      }
   }

   /// Bytes that are fit for keys.
   [[nodiscard]] std::string random(std::size_t n) const {
      std::string out(n, '\0');
      auto* room = reinterpret_cast<uint8_t*>(out.data());
      host_.demand(host_.table().random(host_.context(), room, n), "make random bytes");
      return out;
   }
   /// 32 bytes.
   [[nodiscard]] std::string sha256(std::string_view in) const {
      std::string out(32, '\0');
      auto* room = reinterpret_cast<uint8_t*>(out.data());
      host_.demand(host_.table().sha256(host_.context(), detail::bytes(in), room), "hash");
      return out;
   }
   /// In a time that tells only the lengths.
   [[nodiscard]] bool equal(std::string_view a, std::string_view b) const noexcept {
      return host_.table().equal(host_.context(), detail::bytes(a), detail::bytes(b)) != 0;
   }
   /// What only this plugin opens again, with the same `aad`, and only for so long.
   template <class Rep, class Period>
   [[nodiscard]] std::string seal(std::string_view plain, std::string_view aad,
                                  std::chrono::duration<Rep, Period> ttl) const {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(ttl).count();
      detail::received out;
      host_.demand(host_.table().seal(host_.context(), detail::bytes(plain), detail::bytes(aad),
                                      ms > 0 ? static_cast<uint64_t>(ms) : 0, &out.buf),
                   "seal");
      return out.str();
   }
   /// Nothing: forged, foreign, with another `aad`, or expired.
   [[nodiscard]] std::optional<std::string> open(std::string_view sealed,
                                                 std::string_view aad) const {
      detail::received out;
      const fmcp_status s = host_.table().open(host_.context(), detail::bytes(sealed),
                                               detail::bytes(aad), &out.buf);
      if (s == FMCP_E_DENIED) return std::nullopt;
      host_.demand(s, "open");
      return out.str();
   }

private:
   detail::service<fmcp_crypto> host_;
};

} // namespace v1
} // namespace fmcp
#endif
