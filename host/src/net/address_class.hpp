#pragma once

/// What kind of address an outbound connection would go to, by the registries of special-purpose
/// addresses (RFC 6890 and what IANA added to them since).
///
/// Pure functions. Thread safety: any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace fmcp::net {

enum class address_class : std::uint8_t {
   global,        ///< anybody may have it: the only class that is public
   unspecified,   ///< 0.0.0.0/8, ::
   loopback,      ///< 127.0.0.0/8, ::1
   private_use,   ///< RFC 1918, unique local, site-local, local NAT64
   shared,        ///< 100.64.0.0/10, behind a carrier's NAT (RFC 6598)
   link_local,    ///< 169.254.0.0/16 (cloud metadata lives here), fe80::/10
   platform,      ///< 168.63.129.16: looks public, but is the cloud's own host
   multicast,     ///< 224.0.0.0/4, ff00::/8
   documentation, ///< RFC 5737, 3849, 9637
   reserved,      ///< benchmarking, protocol assignments, broadcast, never assigned
   embedding, ///< holds an IPv4 address that some gateway would go on to: mapped, 6to4, Teredo …
};

using ipv4_bytes = std::array<std::uint8_t, 4>;
using ipv6_bytes = std::array<std::uint8_t, 16>;

[[nodiscard]] address_class classify(const ipv4_bytes& address) noexcept;
/// An address of the well-known NAT64 prefix is of the class of the one that it stands for, since
/// in a network without IPv4 every public name resolves to one. Other embeddings have no such use.
[[nodiscard]] address_class classify(const ipv6_bytes& address) noexcept;
/// What is neither IPv4 nor IPv6 is `reserved`.
[[nodiscard]] address_class classify(const sockaddr& address) noexcept;
/// Of a literal without brackets or zone; nothing when it is none.
[[nodiscard]] std::optional<address_class> classify_literal(std::string_view text) noexcept;

/// For sentences: "a loopback address", "a private address".
[[nodiscard]] std::string_view describe(address_class what) noexcept;
/// `127.0.0.1`, `::1`; "?" for other families.
[[nodiscard]] std::string address_text(const sockaddr& address);

} // namespace fmcp::net
