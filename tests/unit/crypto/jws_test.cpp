#include "crypto/jws.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/signer.hpp"

namespace fmcp::crypto {
namespace {

using test::base64url;
using test::signer;
using testing::HasSubstr;
using enum algorithm;

std::string refusal(std::string_view token) {
   const auto jws = parse_compact(token);
   return jws ? "it was accepted" : jws.error().message;
}
std::string header_refusal(std::string_view header) {
   return refusal(base64url(header) + ".e30.AAAA");
}

TEST(Jws, TakesATokenApart) {
   const auto token = signer::of(key_type::p256)
                            .token(es256, R"({"alg":"ES256","kid":"k1","typ":"at+jwt"})", "{}");
   const auto jws = parse_compact(token);
   ASSERT_TRUE(jws) << jws.error().message;
   EXPECT_EQ(jws->alg, es256);
   EXPECT_EQ(jws->key_id, "k1");
   EXPECT_EQ(jws->type, "at+jwt");
   EXPECT_EQ(jws->payload, "{}");
   EXPECT_EQ(jws->signature.size(), 64u);
   EXPECT_EQ(jws->signed_bytes, token.substr(0, token.rfind('.')));
   EXPECT_TRUE(verify(*jws, signer::of(key_type::p256).public_part(), {es256}));
}

TEST(Jws, HasExactlyThreePartsOfStrictBase64Url) {
   const std::string h = base64url(R"({"alg":"RS256"})");
   EXPECT_EQ(refusal(h + ".e30.AAAA"), "it was accepted");
   EXPECT_EQ(refusal(h + "..AAAA"), "it was accepted"); // an empty payload may be signed
   for (const auto& token : {std::string(), h, h + ".e30", h + ".e30.AAAA.", h + ".e30.AAAA.AAAA",
                             h + ".e30.AAAA.AAAA.AAAA", std::string("..."), std::string(200, '.')})
      EXPECT_THAT(refusal(token), HasSubstr("three parts")) << token;
   for (const auto& token :
        {h + "=.e30.AAAA", h + ".e30=.AAAA", h + ".e30.AAAA=", h + ".e30.AA+A", h + ".e30.AA/A",
         " " + h + ".e30.AAAA", h + ".e30.AAAA\n", h + ".e3 0.AAAA", h + ".e31.AAAA", h + ".e.AAAA",
         h + ".e30.AAA\xc3\xa4"})
      EXPECT_THAT(refusal(token), HasSubstr("not base64url")) << token;
   EXPECT_THAT(refusal(".e30.AAAA"), HasSubstr("is empty"));
   EXPECT_THAT(refusal(h + ".e30."), HasSubstr("is empty"));
   EXPECT_THAT(refusal(".."), HasSubstr("is empty"));
}

TEST(Jws, HeaderIsOneSmallObjectWithoutDuplicates) {
   EXPECT_THAT(header_refusal("null"), HasSubstr("no JSON object"));
   EXPECT_THAT(header_refusal(R"(["alg","RS256"])"), HasSubstr("no JSON object"));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256"}{})"), HasSubstr("reading the token's header"));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","alg":"RS256"})"), HasSubstr("header"));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","\u0061lg":"HS256"})"), HasSubstr("header"));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","x":{"y":1,"y":2}})"), HasSubstr("header"));
   EXPECT_THAT(header_refusal(std::string("{\"alg\":\"RS256\"}\0", 16)), HasSubstr("header"));
   EXPECT_THAT(header_refusal("\xef\xbb\xbf{\"alg\":\"RS256\"}"), HasSubstr("header"));
   EXPECT_THAT(header_refusal("{\"alg\":\"RS256\",\"x\":\"\xff\"}"), HasSubstr("header"));
   // CVE-2024-38517: this number ends a process that lets RapidJSON convert it.
   EXPECT_EQ(header_refusal(R"({"alg":"RS256","x":1.)" + std::string(30, '1') + "e-2147483647}"),
             "it was accepted");
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","x":)" + std::string(5000, '[') +
                              std::string(5000, ']') + "}"),
               HasSubstr("header"));
}

TEST(Jws, ReasonsAreFitForALog) {
   const auto reason = header_refusal("{\"\\u001b[2J\":1,\"\\u001b[2J\":2}");
   EXPECT_THAT(reason, HasSubstr("two members named \"\\x1b[2J\""));
   EXPECT_EQ(reason.find('\x1b'), reason.npos);
}

TEST(Jws, SizesAreBounded) {
   const std::string h = base64url(R"({"alg":"RS256"})");
   EXPECT_THAT(refusal(h + "." + std::string(16u << 10, 'A') + ".AAAA"), HasSubstr("longer than"));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","x":")" + std::string(9000, 'a') + "\"}"),
               HasSubstr("header"));
   std::string many = R"({"alg":"RS256")";
   for (int i = 0; i < 300; ++i) many += ",\"" + std::to_string(i) + "\":0";
   EXPECT_THAT(header_refusal(many + "}"), HasSubstr("header"));
}

TEST(Jws, NoneIsRefusedInAnySpelling) {
   for (const auto* none : {"none", "None", "NONE", "nOnE"}) {
      EXPECT_THAT(header_refusal(R"({"alg":")" + std::string(none) + "\"}"),
                  HasSubstr("not signed"));
      EXPECT_FALSE(parse_compact(base64url(R"({"alg":")" + std::string(none) + "\"}") + ".e30."));
   }
   for (const auto* alg : {R"("")", R"("rs256")", R"("RS256 ")", R"("RSA-OAEP")", R"("ES256K")"})
      EXPECT_THAT(header_refusal(R"({"alg":)" + std::string(alg) + "}"),
                  HasSubstr("no signature algorithm"));
   for (const auto* alg : {"null", "true", "0", R"(["RS256"])"})
      EXPECT_THAT(header_refusal(R"({"alg":)" + std::string(alg) + "}"), HasSubstr("no string"));
   EXPECT_THAT(header_refusal("{}"), HasSubstr("\"alg\" is missing"));
}

TEST(Jws, ExtensionsAreRefused) {
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","crit":["exp"],"exp":1})"), HasSubstr("\"crit\""));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","crit":[]})"), HasSubstr("\"crit\""));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","crit":null})"), HasSubstr("\"crit\""));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","b64":false})"), HasSubstr("\"b64\""));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","b64":true})"), HasSubstr("\"b64\""));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","kid":1})"), HasSubstr("\"kid\" is no string"));
   EXPECT_THAT(header_refusal(R"({"alg":"RS256","typ":[]})"), HasSubstr("\"typ\" is no string"));
}

TEST(Jws, AKeyThatTheHeaderBringsAlongIsIgnored) {
   const auto mallory = signer::ec("P-256");
   const auto jwk = mallory.jwk(R"("kid":"k1")");
   const auto token = mallory.token(
         es256,
         R"({"alg":"ES256","kid":"k1","jku":"https://evil.example/","x5u":"https://evil.example/",)"
         R"("x5c":["AAAA"],"jwk":)" +
               jwk + "}",
         "{}");
   const auto jws = parse_compact(token);
   ASSERT_TRUE(jws) << jws.error().message;
   EXPECT_TRUE(verify(*jws, mallory.public_part(), {es256}));
   EXPECT_FALSE(verify(*jws, signer::of(key_type::p256).public_part(), {es256}));
}

TEST(Jws, PolicyAndKeyDecideTheAlgorithmAndTheHeaderDoesNot) {
   const auto& s = signer::of(key_type::rsa);
   const auto key = s.public_part();
   const auto token = s.token(rs384, R"({"alg":"RS384"})", "{}");
   EXPECT_TRUE(verify(*parse_compact(token), key, {rs256, rs384}));
   EXPECT_FALSE(verify(*parse_compact(token), key, {rs256, ps384}));
   EXPECT_FALSE(verify(*parse_compact(token), key, {}));
   // Signed with one algorithm, announced as another that is allowed.
   const auto relabelled = s.token(rs384, R"({"alg":"RS256"})", "{}");
   EXPECT_FALSE(verify(*parse_compact(relabelled), key, {rs256, rs384}));
}

TEST(Jws, APublicKeyIsNoHmacSecret) {
   // RFC 8725 section 2.1: HS256 under the public key's own text.
   const auto& s = signer::of(key_type::rsa);
   const auto pem = s.pem();
   const auto secret = shared_secret::from_bytes(pem);
   ASSERT_TRUE(secret);
   const std::string bytes = base64url(R"({"alg":"HS256"})") + ".e30";
   unsigned char code[32];
   std::size_t size = 0;
   ASSERT_NE(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, pem.data(), pem.size(),
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), code,
                       sizeof code, &size),
             nullptr);
   const std::string token =
         bytes + "." + base64url({reinterpret_cast<const char*>(code), sizeof code});
   const auto jws = parse_compact(token);
   ASSERT_TRUE(jws);
   EXPECT_TRUE(verify(*jws, *secret, {hs256})); // the forgery is a good one
   EXPECT_FALSE(verify(*jws, s.public_part(), {hs256, rs256}));
   EXPECT_FALSE(verify(*jws, *public_key::from_pem(pem), {hs256, rs256}));
}

} // namespace
} // namespace fmcp::crypto
