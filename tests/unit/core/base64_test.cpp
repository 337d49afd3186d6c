#include "core/base64.hpp"

#include <array>

#include <gtest/gtest.h>

namespace {

using namespace fmcp::core;

std::string standard(std::string_view bytes) {
   std::string out;
   append_base64(out, bytes);
   return out;
}
std::string url(std::string_view bytes) {
   std::string out;
   append_base64url(out, bytes);
   return out;
}

// RFC 4648, section 10
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> examples{{
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
}};

TEST(Base64, EncodesAndDecodesTheExamples) {
   for (const auto& [bytes, text] : examples) {
      EXPECT_EQ(standard(bytes), text);
      EXPECT_EQ(decode_base64(text), bytes);
   }
}

TEST(Base64, HasAUrlSafeFormWithoutPadding) {
   EXPECT_EQ(standard("\xFB\xEF\xFF"), "++//");
   EXPECT_EQ(url("\xFB\xEF\xFF"), "--__");
   EXPECT_EQ(decode_base64url("--__"), "\xFB\xEF\xFF");
   EXPECT_EQ(url("fo"), "Zm8");
   EXPECT_EQ(decode_base64url("Zm8"), "fo");
}

TEST(Base64, ReadsBackWhatItWrote) {
   std::string bytes;
   for (int i = 0; i < 300; ++i) {
      EXPECT_EQ(decode_base64(standard(bytes)), bytes);
      EXPECT_EQ(decode_base64url(url(bytes)), bytes);
      bytes.push_back(static_cast<char>(i * 7));
   }
}

TEST(Base64, AppendsBehindWhatIsThere) {
   std::string out = "x:";
   append_base64(out, "foo");
   append_base64url(out, "f");
   EXPECT_EQ(out, "x:Zm9vZg");
}

TEST(Base64, RefusesEveryOtherSpelling) {
   for (const auto* text :
        {"Zg", "Zg=", "Zg===", "Z", "Z===", "====", "=", "Zg==Zg==", "Zm9v=", "Zm9v\n", " Zm9v",
         "Zm9-", "Zm9_", "Zm=v", "Zm9v====", "Zh==", "Zm9="}) {
      EXPECT_EQ(decode_base64(text), std::nullopt) << text;
   }
   for (const auto* text : {"Zg==", "Z", "Zm9v+", "Zm/v", "Zh", "Zm9", "Zm 8", "Zm8="}) {
      EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
   }
   EXPECT_EQ(decode_base64(std::string_view("Zm9v\0", 5)), std::nullopt);
}

} // namespace
