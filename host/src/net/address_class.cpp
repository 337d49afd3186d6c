#include "net/address_class.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace fmcp::net {
namespace {

template <std::size_t N>
struct range {
   std::array<std::uint8_t, N> prefix;
   unsigned bits;
   address_class what;
};

template <std::size_t N>
bool is_in(const std::array<std::uint8_t, N>& address, const range<N>& r) noexcept {
   for (unsigned bit = 0; bit < r.bits; bit += 8) {
      const unsigned left = r.bits - bit;
      const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xff : 0xff << (8 - left));
      if (((address[bit / 8] ^ r.prefix[bit / 8]) & mask) != 0) return false;
   }
   return true;
}

using enum address_class;

constexpr range<4> ipv4_ranges[] = {
      {{0, 0, 0, 0}, 8, unspecified},         // "this network", RFC 791
      {{10, 0, 0, 0}, 8, private_use},        // RFC 1918
      {{100, 64, 0, 0}, 10, shared},          // RFC 6598
      {{127, 0, 0, 0}, 8, loopback},          // RFC 1122
      {{168, 63, 129, 16}, 32, platform},     // a cloud's agent and metadata, in no registry
      {{169, 254, 0, 0}, 16, link_local},     // RFC 3927
      {{172, 16, 0, 0}, 12, private_use},     // RFC 1918
      {{192, 0, 0, 0}, 24, reserved},         // protocol assignments, RFC 6890
      {{192, 0, 2, 0}, 24, documentation},    // RFC 5737
      {{192, 88, 99, 0}, 24, embedding},      // the anycast gateway of 6to4, RFC 7526
      {{192, 168, 0, 0}, 16, private_use},    // RFC 1918
      {{198, 18, 0, 0}, 15, reserved},        // benchmarking, RFC 2544
      {{198, 51, 100, 0}, 24, documentation}, // RFC 5737
      {{203, 0, 113, 0}, 24, documentation},  // RFC 5737
      {{224, 0, 0, 0}, 4, multicast},         // RFC 5771
      {{240, 0, 0, 0}, 4, reserved},          // RFC 1112; the last is the broadcast
};

// The first that fits counts.
constexpr range<16> ipv6_ranges[] = {
      {{}, 128, unspecified},
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, loopback},
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, embedding}, // mapped, RFC 4291 2.5.5.2
      {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, embedding},       // translated, RFC 2765
      {{}, 96, embedding},                                         // compatible, RFC 4291 2.5.5.1
      {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, private_use},     // local NAT64, RFC 8215
      {{0x20, 0x01, 0x00, 0x00}, 32, embedding},                   // Teredo, RFC 4380
      {{0x20, 0x01, 0x00}, 23, reserved},                          // protocol assignments, RFC 2928
      {{0x20, 0x01, 0x0d, 0xb8}, 32, documentation},               // RFC 3849
      {{0x20, 0x02}, 16, embedding},                               // 6to4, RFC 3056
      {{0x3f, 0xff, 0x00}, 20, documentation},                     // RFC 9637
      {{0xfc}, 7, private_use},                                    // unique local, RFC 4193
      {{0xfe, 0x80}, 10, link_local},                              // RFC 4291
      {{0xfe, 0xc0}, 10, private_use},                             // site-local, RFC 3879
      {{0xff}, 8, multicast},                                      // RFC 4291
};
constexpr range<16> nat64{{0x00, 0x64, 0xff, 0x9b}, 96, global}; // RFC 6052
constexpr range<16> unicast{{0x20}, 3, global};                  // what is assigned at all

/// The interface identifier of ISATAP ends in an IPv4 address, behind any prefix (RFC 5214 6.1).
bool is_isatap(const ipv6_bytes& a) noexcept {
   return (a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe;
}

} // namespace

address_class classify(const ipv4_bytes& address) noexcept {
   for (const auto& r : ipv4_ranges) {
      if (is_in(address, r)) return r.what;
   }
   return global;
}

address_class classify(const ipv6_bytes& address) noexcept {
   if (is_in(address, nat64)) {
      return classify(ipv4_bytes{address[12], address[13], address[14], address[15]});
   }
   for (const auto& r : ipv6_ranges) {
      if (is_in(address, r)) return r.what;
   }
   if (!is_in(address, unicast)) return reserved;
   return is_isatap(address) ? embedding : global;
}

address_class classify(const sockaddr& address) noexcept {
   // By copies: the caller's storage may be aligned for nothing larger than a sockaddr.
   if (address.sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, &address, sizeof in);
      ipv4_bytes bytes;
      std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
      return classify(bytes);
   }
   if (address.sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, &address, sizeof in);
      ipv6_bytes bytes;
      std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
      return classify(bytes);
   }
   return reserved;
}

std::optional<address_class> classify_literal(std::string_view text) noexcept {
   char z[INET6_ADDRSTRLEN + 1] = {};
   if (text.size() >= sizeof z) return std::nullopt;
   std::ranges::copy(text, z);
   ipv4_bytes four;
   if (::inet_pton(AF_INET, z, four.data()) == 1) return classify(four);
   ipv6_bytes six;
   if (::inet_pton(AF_INET6, z, six.data()) == 1) return classify(six);
   return std::nullopt;
}

std::string_view describe(address_class what) noexcept {
   switch (what) {
   case global: return "a public address";
   case unspecified: return "an unspecified address";
   case loopback: return "a loopback address";
   case private_use: return "a private address";
   case shared: return "an address behind a carrier's NAT";
   case link_local: return "a link-local address";
   case platform: return "an address of the cloud's own host";
   case multicast: return "a multicast address";
   case documentation: return "an address of documentation";
   case reserved: return "a reserved address";
   case embedding: return "an IPv4 address inside an IPv6 one";
   }
   return "an address of unknown kind";
}

std::string address_text(const sockaddr& address) {
   char text[INET6_ADDRSTRLEN] = "?";
   if (address.sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, &address, sizeof in);
      ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
   } else if (address.sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, &address, sizeof in);
      ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
   }
   return text;
}

} // namespace fmcp::net
