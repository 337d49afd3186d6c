#include "auth/authorization.hpp"

#include <gtest/gtest.h>

#include "unit/auth/gate_fakes.hpp"

namespace {

using namespace fmcp;
using auth::find_token;
using auth::parse_authorization;
using core::auth_reason;

struct row {
   std::string value;
   auth_reason reason;
   std::string token;
   const char* why;
};

std::vector<row> rows() {
   const std::string longest(auth::max_token_bytes, 'a');
   return {
         {"Bearer abc", auth_reason::none, "abc", "the usual form"},
         {"bEARER abc", auth_reason::none, "abc", "the scheme has no case"},
         {"Bearer a.b-c_d~e+f/g9Z==", auth_reason::none, "a.b-c_d~e+f/g9Z==", "all of b64token"},
         {"Bearer " + longest, auth_reason::none, longest, "as long as it may be"},
         {"", auth_reason::no_token, "", "an empty field is as good as none"},
         {"Bearer", auth_reason::malformed, "", "no token behind the scheme"},
         {"Bearer ", auth_reason::malformed, "", "an empty token"},
         {"Bearer  abc", auth_reason::malformed, "", "exactly one blank"},
         {"Bearer abc ", auth_reason::malformed, "", "nothing behind the token"},
         {"Bearer a b", auth_reason::malformed, "", "two words"},
         {"Bearer abc, Bearer def", auth_reason::malformed, "", "a list"},
         {"Bearer =", auth_reason::malformed, "", "padding of nothing"},
         {"Bearer a=b", auth_reason::malformed, "", "padding stands at the end"},
         {"Bearer \"abc\"", auth_reason::malformed, "", "no quotes"},
         {"Bearer a\x80", auth_reason::malformed, "", "ASCII only"},
         {std::string("Bearer a\0b", 10), auth_reason::malformed, "", "NUL is a character"},
         {"Bearer " + longest + "a", auth_reason::malformed, "", "one too long"},
         {"Bearer\tabc", auth_reason::wrong_scheme, "", "a tab is no blank"},
         {"Bearerabc", auth_reason::wrong_scheme, "", "another word"},
         {"Bear abc", auth_reason::wrong_scheme, "", "another word"},
         {"Basic dXNlcjpwYXNz", auth_reason::wrong_scheme, "", "another scheme"},
         {"DPoP abc", auth_reason::wrong_scheme, "", "another scheme"},
         {"abc", auth_reason::wrong_scheme, "", "a token without scheme"},
   };
}

TEST(Authorization, ReadsOneFieldStrictly) {
   for (const auto& r : rows()) {
      const auto p = parse_authorization(r.value);
      EXPECT_EQ(core::name_of(p.reason), core::name_of(r.reason))
            << r.why << ": " << r.value.substr(0, 60);
      EXPECT_EQ(p.token, r.token) << r.why;
   }
}

TEST(Authorization, FindsTheFieldWithoutCase) {
   test::made_request rq("/mcp");
   rq.with("Accept", "*/*").with("aUTHORIZATION", "Bearer abc");
   EXPECT_EQ(find_token(rq.get()).token, "abc");
   test::made_request none("/mcp");
   EXPECT_EQ(find_token(none.get()).reason, auth_reason::no_token);
   none.with("Proxy-Authorization", "Bearer abc");
   EXPECT_EQ(find_token(none.get()).reason, auth_reason::no_token) << "meant for somebody else";
}

TEST(Authorization, RefusesTwoFieldsEvenWhenTheyAgree) {
   test::made_request rq("/mcp");
   rq.with("Authorization", "Bearer abc").with("authorization", "Bearer abc");
   EXPECT_EQ(find_token(rq.get()).reason, auth_reason::two_authorizations);
   EXPECT_EQ(find_token(rq.get()).token, "");
   test::made_request other("/mcp");
   other.with("Authorization", "Basic x").with("Authorization", "Bearer abc");
   EXPECT_EQ(find_token(other.get()).reason, auth_reason::two_authorizations);
}

TEST(Authorization, RefusesATokenInTheQuery) {
   for (const auto* query :
        {"access_token=abc", "a=b&access_token=abc", "access_token",
         "access_token=", "a;access_token=x", "access%5ftoken=abc", "%61%63%63ess_token=abc"}) {
      EXPECT_TRUE(auth::has_query_token(query)) << query;
      test::made_request rq("/mcp", query);
      rq.with("Authorization", "Bearer good");
      EXPECT_EQ(find_token(rq.get()).reason, auth_reason::token_in_query) << query;
   }
   for (const auto* query :
        {"", "a=access_token", "access_tokens=x", "xaccess_token=x", "access_toke", "access_token%",
         "access_token%2", "access_token%zz=1", "Access_Token=x"})
      EXPECT_FALSE(auth::has_query_token(query)) << query;
}

} // namespace
