#include "client/callback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/form.hpp"

namespace fmcp::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using kind = callback::kind;

callback read(std::string_view query, bool must_name_issuer = false) {
   return read_callback(
         query, {.state = "S+", .issuer = "https://as", .must_name_issuer = must_name_issuer});
}

TEST(Callback, GivesTheCode) {
   const auto c = read("code=a%2Fb&state=S%2B&iss=https%3A%2F%2Fas");
   EXPECT_EQ(c.what, kind::granted);
   EXPECT_EQ(c.text, "a/b");
   EXPECT_EQ(read("state=S%2b&code=x").text, "x") << "iss may be missing";
   EXPECT_EQ(read("state=S%2B&code=x&session_state=y").text, "x") << "others are ignored";
}

TEST(Callback, IsForeignWithoutTheState) {
   for (const auto* query :
        {"", "code=x", "code=x&state=", "code=x&state=S", "code=x&state=S+",
         "code=x&state=S%2B&state=S%2B", "code=x&state=S%2", "error=e&state=no"})
      EXPECT_EQ(read(query).what, kind::foreign) << query;
   EXPECT_EQ(read("state=S%2B&code=" + std::string(9000, 'x')).what, kind::foreign) << "too long";
}

TEST(Callback, IsRefusedFromAnotherIssuer) {
   EXPECT_EQ(read("code=x&state=S%2B&iss=https%3A%2F%2Fevil").what, kind::refused);
   EXPECT_EQ(read("code=x&state=S%2B&iss=https%3A%2F%2Fas%2F").what, kind::refused)
         << "to the letter";
   EXPECT_EQ(read("code=x&state=S%2B", true).what, kind::refused) << "RFC 9207 section 2.4";
   EXPECT_EQ(read("error=e&state=S%2B&iss=evil").what, kind::refused);
   EXPECT_THAT(read("error=e&state=S%2B&iss=evil").text, HasSubstr("came from \"evil\""));
   EXPECT_EQ(read("code=x&state=S%2B&iss=https%3A%2F%2Fas", true).what, kind::granted);
}

TEST(Callback, TellsARefusal) {
   const auto c = read("error=access_denied&error_description=not%20you%1b&state=S%2B");
   EXPECT_EQ(c.what, kind::refused);
   EXPECT_THAT(c.text, HasSubstr("access_denied: not you\\x1b"));
   EXPECT_EQ(read("state=S%2B").what, kind::refused);
   EXPECT_EQ(read("state=S%2B&code=").what, kind::refused);
}

TEST(Callback, IsRefusedWithSomethingTwice) {
   for (const auto* more : {"iss=https%3A%2F%2Fevil", "iss=https%3A%2F%2Fas", "code=y", "co%64e=x",
                            "error=a&error=b"}) {
      const auto query = "code=x&state=S%2B&iss=https%3A%2F%2Fas&" + std::string(more);
      const auto c = read(query);
      EXPECT_EQ(c.what, kind::refused) << query;
      EXPECT_THAT(c.text, HasSubstr("more than one")) << query;
      EXPECT_EQ(read(query, true).what, kind::refused) << query;
   }
   EXPECT_EQ(read("code=x&state=S%2B&state=other").what, kind::foreign);
   EXPECT_EQ(read("error=a&error=b&state=other").what, kind::foreign) << "any page can say that";
}

TEST(CallbackPage, EscapesWhatStrangersWrote) {
   const auto page = callback_page(read("error=%3Cscript%3E%22%26&state=S%2B"));
   EXPECT_THAT(page, HasSubstr("&lt;script&gt;&quot;&amp;"));
   EXPECT_THAT(page, Not(HasSubstr("<script")));
   EXPECT_THAT(callback_page(read("code=c0de&state=S%2B")), Not(HasSubstr("c0de")));
}

TEST(Form, GoesBothWays) {
   const fields f{{"a b", "1&2=3"}, {"ü", "~-._"}};
   EXPECT_EQ(form_encoded(f), "a%20b=1%262%3D3&%C3%BC=~-._");
   EXPECT_EQ(form_decoded(form_encoded(f)), f);
   EXPECT_THAT(*form_decoded("a+b=c&&d"), ElementsAre(Pair("a b", "c"), Pair("d", "")));
   for (const auto* bad : {"a=%", "a=%4", "%zz=1"}) EXPECT_FALSE(form_decoded(bad)) << bad;
   std::string many;
   for (int i = 0; i < 65; ++i) many += "a&";
   EXPECT_FALSE(form_decoded(many));
}

TEST(Form, AddsToAQuery) {
   EXPECT_EQ(with_query("https://as/a", {{"x", "1"}}), "https://as/a?x=1");
   EXPECT_EQ(with_query("https://as/a?t=2", {{"x", "1"}}), "https://as/a?t=2&x=1");
}

} // namespace
} // namespace fmcp::client
