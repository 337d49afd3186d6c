#include "json/format.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fmcp::json;

struct format_case {
   const char* format;
   std::string text;
   bool holds;
};

class Format : public testing::TestWithParam<format_case> {};

TEST_P(Format, HoldsOrNot) {
   const auto& c = GetParam();
   const auto* rule = find_format(c.format);
   ASSERT_NE(rule, nullptr);
   EXPECT_EQ(rule->holds(c.text), c.holds) << c.format << ": " << c.text;
}

INSTANTIATE_TEST_SUITE_P(
      Table, Format,
      testing::Values(
            format_case{"date-time", "2026-08-01T12:00:00.5+02:00", true},
            format_case{"date-time", "2026-08-01 12:00:00Z", false},
            format_case{"date-time", "2016-12-31T23:59:60Z", true},
            format_case{"date-time", "2016-12-31T23:58:60Z", false},
            format_case{"date", "2024-02-29", true}, format_case{"date", "2023-02-29", false},
            format_case{"date", "2023-2-9", false}, format_case{"time", "23:59:59Z", true},
            format_case{"time", "23:59:59", false}, format_case{"time", "23:59:59.Z", false},
            format_case{"duration", "P1Y2M3DT4H5M6S", true}, format_case{"duration", "P", false},
            format_case{"duration", "P1W", true}, format_case{"duration", "P1YT", false},
            format_case{"email", "a.b@example.com", true}, format_case{"email", "a@b@c", false},
            format_case{"email", std::string(65, 'a') + "@example.com", false},
            format_case{"email", "\"a b\"@example.com", true},
            format_case{"email", "\"a\\\"@example.com", false},
            format_case{"idn-email", "δοκιμή@παράδειγμα.gr", true},
            format_case{"hostname", "a-b.example", true},
            format_case{"hostname", "-a.example", false},
            format_case{"hostname", std::string(64, 'a'), false},
            format_case{"hostname", "xn--bcher-kva.example", true},
            format_case{"hostname", "xn--99999999999.example", false},
            format_case{"idn-hostname", "bücher.example", true},
            format_case{"idn-hostname", "BÜCHER.example", false},
            format_case{"idn-hostname", "a\u200db", false}, format_case{"ipv4", "192.0.2.1", true},
            format_case{"ipv4", "192.0.2.01", false}, format_case{"ipv4", "192.0.2", false},
            format_case{"ipv6", "2001:db8::1", true}, format_case{"ipv6", "::", true},
            format_case{"ipv6", "1:2:3:4:5:6:7::", true},
            format_case{"ipv6", "1:2:3:4:5:6:7:8::", false}, format_case{"ipv6", "1::2::3", false},
            format_case{"ipv6", ":1::2", false}, format_case{"ipv6", "fe80::1%eth0", false},
            format_case{"uri", "urn:a:b", true}, format_case{"uri", "/relative", false},
            format_case{"uri", "http://[::1]:80/", true}, format_case{"uri", "http://a b/", false},
            format_case{"uri", "http://a/%4", false},
            format_case{"uri-reference", "../a?b#c", true},
            format_case{"uri-reference", "a\\b", false},
            format_case{"iri", "http://bücher.example/ä", true},
            format_case{"iri-reference", "ä", true},
            format_case{"uri-template", "/a{/b}{?c,d*}", true},
            format_case{"uri-template", "/a{b", false},
            format_case{"uuid", "123e4567-e89b-12d3-a456-426614174000", true},
            format_case{"uuid", "123e4567e89b12d3a456426614174000", false},
            format_case{"json-pointer", "/a~1b/0", true}, format_case{"json-pointer", "a", false},
            format_case{"json-pointer", "/~2", false},
            format_case{"relative-json-pointer", "1/a", true},
            format_case{"relative-json-pointer", "01/a", false},
            format_case{"regex", "^[a-z]+$", true}, format_case{"regex", "(a", false}));

TEST(Formats, AreOfManyNamesButNotOfAny) {
   EXPECT_EQ(find_format("no-such-format"), nullptr);
   EXPECT_EQ(find_format(""), nullptr);
}

// Every rule with every prefix of a text that it accepts, and the text with a byte put in.
TEST(Formats, SurviveDamagedTexts) {
   const std::pair<const char*, std::string> good[] = {
         {"date-time", "2016-12-31T23:59:60.123+00:00"},
         {"duration", "P1Y2M3DT4H5M6S"},
         {"email", "\"a b\"@[IPv6:2001:db8::1]"},
         {"idn-email", "δοκιμή@παράδειγμα.gr"},
         {"idn-hostname", "xn--bcher-kva.bücher。א׳ב"},
         {"hostname", "xn--bcher-kva.example"},
         {"ipv6", "1:2:3:4:5:6:192.0.2.1"},
         {"iri", "http://u:p@[v1.a:b]:80/ä%20?ö#ü"},
         {"uri-template", "/a{/b:3}{?c.d,e*}%41"}};
   for (const auto& [name, text] : good) {
      const auto* rule = find_format(name);
      for (std::size_t i = 0; i < text.size(); ++i) {
         if ((static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80u) continue;
         static_cast<void>(rule->holds(std::string_view(text).substr(0, i)));
         EXPECT_FALSE(rule->holds(text.substr(0, i) + "\x01" + text.substr(i))) << name << i;
      }
   }
}

} // namespace
