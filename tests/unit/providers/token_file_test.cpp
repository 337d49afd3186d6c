// The file of the static provider: what it may say, and who may read it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fmcp/cpp/json.hpp>

#include "static/src/token_file.hpp"
#include "static/src/token_table.hpp"
#include "support/temp_dir.hpp"

namespace {

using fmcp::test::temp_dir;
using static_tokens::token_table;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Not SHA-256, but 32 bytes that depend on the text.
std::string digest(std::string_view text) {
   std::string out(text);
   out.resize(32, '#');
   return out;
}
bool equal(std::string_view a, std::string_view b) {
   return a == b;
}
std::string problem_of(std::string_view json) {
   try {
      (void)token_table::parse(json, digest);
   } catch (const fmcp::json_error& e) {
      return e.what();
   }
   return "none";
}
std::string problem_of_file(const std::string& path) {
   try {
      (void)static_tokens::read_token_file(path);
   } catch (const std::runtime_error& e) {
      return e.what();
   }
   return "none";
}

TEST(TokenTable, FindsWhoATokenBelongsTo) {
   const auto t = token_table::parse(R"({
      "dev": {"client_id":"me","scopes":["a","b"],"expires_at":1767225600,"subject":"s",
              "claims":{"x":[1]}},
      "ops": {"client_id":"you","scopes":"read  write"}})",
                                     digest);
   EXPECT_EQ(t.size(), 2u);
   const auto* dev = t.find(digest("dev"), equal);
   ASSERT_NE(dev, nullptr);
   EXPECT_EQ(dev->client_id, "me");
   EXPECT_EQ(dev->subject, "s");
   EXPECT_THAT(dev->scopes, ElementsAre("a", "b"));
   EXPECT_EQ(dev->expires_at, std::chrono::seconds(1767225600));
   EXPECT_EQ(dev->claims_json, R"({"x":[1]})");
   const auto* ops = t.find(digest("ops"), equal);
   ASSERT_NE(ops, nullptr);
   EXPECT_THAT(ops->scopes, ElementsAre("read", "write"));
   EXPECT_FALSE(ops->expires_at);
   EXPECT_EQ(t.find(digest("oops"), equal), nullptr);
   EXPECT_EQ(t.find("", equal), nullptr);
}

TEST(TokenTable, TakesDigestsInsteadOfTokens) {
   const std::string hex(64, 'A');
   const auto t = token_table::parse(R"({"sha256:)" + hex + R"(":{"client_id":"ci"}})", digest);
   EXPECT_NE(t.find(std::string(32, '\xAA'), equal), nullptr);
   EXPECT_EQ(t.find(digest("sha256:" + hex), equal), nullptr);
}

TEST(TokenTable, SaysWhichEntryIsWrongAndNeverTheToken) {
   const struct {
      const char *json, *says;
   } rows[] = {
         {R"([])", "not a JSON object"},
         {R"({"hush":{}})", "Entry 1 cannot be used: neither client_id nor subject"},
         {R"({"a":{"client_id":"x"},"hush":{"client_id":7}})", "Entry 2 cannot be used: must be a"},
         {R"({"hush":{"client_id":"x","scope":"a"}})", "a member other than"},
         {R"({"hush":{"client_id":"x","expires_at":"never"}})", "must be an integer"},
         {R"({"hush":{"client_id":"x","claims":[]}})", "claims must be an object"},
         {R"({"hush hush":{"client_id":"x"}})", "no bearer token has"},
         {R"({"":{"client_id":"x"}})", "the token is empty"},
         {R"({"sha256:12":{"client_id":"x"}})", "64 hexadecimal digits"},
         {R"({"hush":{"client_id":"x"},"hush":{"client_id":"y"}})", "there twice"},
         {R"({"hush":{"client_id":"x"})", "lacks"},
   };
   for (const auto& row : rows) {
      EXPECT_THAT(problem_of(row.json), HasSubstr(row.says)) << row.json;
      EXPECT_THAT(problem_of(row.json), Not(HasSubstr("hush"))) << row.json;
   }
}

TEST(TokenTable, TakesAnExpiryOfTheCalendarOnly) {
   const auto with = [](const char* when) {
      return std::string(R"({"hush":{"client_id":"x","expires_at":)") + when + "}}";
   };
   for (const auto* good : {"0", "9223372036", "9223372037", "253402300799"}) {
      const auto t = token_table::parse(with(good), digest);
      EXPECT_EQ(t.find(digest("hush"), equal)->expires_at->count(), std::stoll(good));
   }
   for (const auto* bad : {"-1", "-10000000000", "-9223372036854775808", "253402300800",
                           "1767225600000", "9223372036854775807"}) {
      EXPECT_THAT(problem_of(with(bad)),
                  HasSubstr("Entry 1 cannot be used: expires_at is not between 1970 and the year "
                            "9999; it counts seconds, not milliseconds."))
            << bad;
   }
}

TEST(TokenTable, IsBounded) {
   std::string json = "{";
   for (std::size_t i = 0; i <= static_tokens::max_tokens; ++i) {
      json += (i == 0 ? "\"t" : ",\"t") + std::to_string(i) + "\":{\"client_id\":\"x\"}";
   }
   EXPECT_THAT(problem_of(json + "}"), HasSubstr("more than 10,000"));
   EXPECT_THAT(problem_of(std::string(100'000, '[')), HasSubstr("nested too deeply"));
}

TEST(TokenFile, IsReadWithItsStamp) {
   const temp_dir dir;
   const auto path = dir.put("t.json", "{}", 0600);
   const auto got = static_tokens::read_token_file(path);
   EXPECT_EQ(got.text, "{}");
   EXPECT_EQ(got.of, static_tokens::stamp_of(path));
   dir.put("t.json", "{ }", 0600);
   EXPECT_NE(got.of, static_tokens::stamp_of(path));
   EXPECT_EQ(static_tokens::stamp_of(dir.at("none")), static_tokens::stamp{});
}

TEST(TokenFile, MustBeItsOwnersAlone) {
   const temp_dir dir;
   for (const mode_t mode : {0640u, 0604u, 0660u, 0622u, 0611u}) {
      EXPECT_THAT(problem_of_file(dir.put("t.json", "{}", mode)), HasSubstr("chmod 600")) << mode;
   }
   EXPECT_EQ(problem_of_file(dir.put("t.json", "{}", 0400)), "none");
   EXPECT_EQ(problem_of_file(dir.put("t.json", "{}", 0600)), "none");
}

TEST(TokenFile, MustBeAFileOfBearableSize) {
   const temp_dir dir;
   EXPECT_THAT(problem_of_file(dir.at("none")), HasSubstr("cannot be opened"));
   EXPECT_THAT(problem_of_file(dir.path()), HasSubstr("no regular file"));
   ASSERT_EQ(::mkfifo(dir.at("pipe").c_str(), 0600), 0);
   EXPECT_THAT(problem_of_file(dir.at("pipe")), HasSubstr("no regular file"));
   const auto large = dir.put("large", std::string(static_tokens::max_file + 1, ' '), 0600);
   EXPECT_THAT(problem_of_file(large), HasSubstr("larger than 1 MiB"));
}

} // namespace
