#pragma once

/// SipHash-2-4 (Aumasson and Bernstein, 2012): the hash of a table whose keys strangers choose.
///
/// Whoever does not know the key can neither aim many entries at one place nor tell from the
/// outside what a hash is. It is no digest: two processes never share its values.
///
/// Thread safety: immutable; any thread. Errors: none. Does not touch OpenSSL, allocates nothing.

#include <cstdint>
#include <string_view>

namespace fmcp::crypto {

class sip_key {
public:
   /// A key of the kernel's.
   sip_key();
   constexpr sip_key(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}

   [[nodiscard]] std::uint64_t hash(std::string_view bytes) const noexcept;

private:
   std::uint64_t k0_ = 0, k1_ = 0;
};

} // namespace fmcp::crypto
