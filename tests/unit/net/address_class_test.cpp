// Which addresses count as public, row by row of the special-purpose registries.

#include "net/address_class.hpp"

#include <ostream>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace fmcp::net {
namespace {

struct row {
   const char* text;
   address_class what;
};
void PrintTo(const row& r, std::ostream* out) {
   *out << r.text;
}

class AddressClass : public testing::TestWithParam<row> {};

TEST_P(AddressClass, IsOfTheRegistries) {
   EXPECT_EQ(classify_literal(GetParam().text), GetParam().what) << GetParam().text;
}

using enum address_class;

// The first and the last of each range, and the neighbours outside.
INSTANTIATE_TEST_SUITE_P(
      Ipv4, AddressClass,
      testing::Values(row{"0.0.0.0", unspecified}, row{"0.255.255.255", unspecified},
                      row{"1.0.0.0", global}, row{"9.255.255.255", global},
                      row{"10.0.0.0", private_use}, row{"10.255.255.255", private_use},
                      row{"11.0.0.0", global}, row{"100.63.255.255", global},
                      row{"100.64.0.0", shared}, row{"100.100.100.200", shared},
                      row{"100.127.255.255", shared}, row{"100.128.0.0", global},
                      row{"126.255.255.255", global}, row{"127.0.0.1", loopback},
                      row{"127.255.255.255", loopback}, row{"128.0.0.0", global},
                      row{"168.63.129.16", platform}, row{"168.63.129.17", global},
                      row{"169.253.255.255", global}, row{"169.254.0.0", link_local},
                      row{"169.254.169.254", link_local}, row{"169.254.170.2", link_local},
                      row{"169.255.0.0", global}, row{"172.15.255.255", global},
                      row{"172.16.0.0", private_use}, row{"172.31.255.255", private_use},
                      row{"172.32.0.0", global}, row{"192.0.0.192", reserved},
                      row{"192.0.1.0", global}, row{"192.0.2.1", documentation},
                      row{"192.88.99.1", embedding}, row{"192.167.255.255", global},
                      row{"192.168.0.0", private_use}, row{"192.168.255.255", private_use},
                      row{"192.169.0.0", global}, row{"198.17.255.255", global},
                      row{"198.18.0.0", reserved}, row{"198.19.255.255", reserved},
                      row{"198.20.0.0", global}, row{"198.51.100.7", documentation},
                      row{"203.0.113.7", documentation}, row{"223.255.255.255", global},
                      row{"224.0.0.1", multicast}, row{"239.255.255.255", multicast},
                      row{"240.0.0.0", reserved}, row{"255.255.255.255", reserved},
                      row{"8.8.8.8", global}));

INSTANTIATE_TEST_SUITE_P(
      Ipv6, AddressClass,
      testing::Values(
            row{"::", unspecified}, row{"::1", loopback}, row{"::2", embedding},
            row{"::127.0.0.1", embedding}, row{"::ffff:127.0.0.1", embedding},
            row{"::ffff:8.8.8.8", embedding}, row{"::ffff:0:10.0.0.1", embedding},
            row{"64:ff9b::8.8.8.8", global}, row{"64:ff9b::10.0.0.1", private_use},
            row{"64:ff9b::169.254.169.254", link_local}, row{"64:ff9b::127.0.0.1", loopback},
            row{"64:ff9b:1::8.8.8.8", private_use}, row{"100::1", reserved},
            row{"2001::1", embedding}, row{"2001:0:a00:1::1", embedding},
            row{"2001:2::1", reserved}, row{"2001:10::1", reserved}, row{"2001:1ff::1", reserved},
            row{"2001:200::1", global}, row{"2001:db8::1", documentation},
            row{"2001:db9::1", global}, row{"2002:7f00:1::", embedding},
            row{"2002:0808:0808::1", embedding}, row{"2003::1", global}, row{"2600::1", global},
            row{"2a00:1450::5eff:a00:1", global}, row{"2a00:1450::1:5efe:a00:1", global},
            row{"2a00:1450:1:1:0:5efe:10.0.0.1", embedding},
            row{"2a00:1450:1:1:200:5efe:10.0.0.1", embedding}, row{"3fff::1", documentation},
            row{"3fff:1000::1", global}, row{"4000::1", reserved}, row{"5f00::1", reserved},
            row{"fc00::1", private_use}, row{"fd00:ec2::254", private_use},
            row{"fe00::1", reserved}, row{"fe80::1", link_local}, row{"febf::1", link_local},
            row{"fec0::1", private_use}, row{"feff::1", private_use}, row{"ff02::1", multicast}));

TEST(AddressClassText, OtherTextIsNoAddress) {
   for (const auto* text :
        {"", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "127.0.0.1 ", "[::1]", "fe80::1%lo",
         "1.2.3.4.5", "::ffff:1.2.3.4.5.6.7.8.9.1.2.3.4.5",
         "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"}) {
      EXPECT_EQ(classify_literal(text), std::nullopt) << text;
   }
}

TEST(AddressClassText, SocketAddressesAreJudgedAlike) {
   sockaddr_in four{};
   four.sin_family = AF_INET;
   ASSERT_EQ(::inet_pton(AF_INET, "10.1.2.3", &four.sin_addr), 1);
   const auto& a = reinterpret_cast<const sockaddr&>(four);
   EXPECT_EQ(classify(a), private_use);
   EXPECT_EQ(address_text(a), "10.1.2.3");
   sockaddr_in6 six{};
   six.sin6_family = AF_INET6;
   ASSERT_EQ(::inet_pton(AF_INET6, "fe80::7", &six.sin6_addr), 1);
   const auto& b = reinterpret_cast<const sockaddr&>(six);
   EXPECT_EQ(classify(b), link_local);
   EXPECT_EQ(address_text(b), "fe80::7");
   sockaddr other{};
   other.sa_family = AF_UNIX;
   EXPECT_EQ(classify(other), reserved);
   EXPECT_EQ(address_text(other), "?");
}

} // namespace
} // namespace fmcp::net
