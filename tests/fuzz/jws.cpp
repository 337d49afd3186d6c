// What is taken apart is the token again when it is put together, and nobody forges: of all inputs,
// only the published examples verify under the published keys.

#include <algorithm>
#include <string>
#include <vector>

#include "core/base64.hpp"
#include "crypto/jws.hpp"
#include "fuzz.hpp"
#include "json/document.hpp"

using namespace fmcp;

namespace {

/// Of RFC 7515, appendices A.1 to A.3, and RFC 8037, appendix A.4.
constexpr std::string_view secret_jwk =
      R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
constexpr std::string_view public_jwks[] = {
      R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"};
/// What the examples sign; the token of each is in the corpus.
constexpr std::string_view signed_headers[] = {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
                                               "eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9",
                                               "eyJhbGciOiJFZERTQSJ9"};
constexpr std::string_view signed_payloads[] = {
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ",
      "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"};

crypto::algorithm_set everything() {
   crypto::algorithm_set all;
   for (unsigned a = 0; a <= static_cast<unsigned>(crypto::algorithm::hs512); ++a)
      all.insert(static_cast<crypto::algorithm>(a));
   return all;
}

bool was_signed(std::string_view bytes) {
   return std::ranges::any_of(signed_headers, [&](auto header) {
      return std::ranges::any_of(signed_payloads, [&](auto payload) {
         return bytes == std::string(header) + "." + std::string(payload);
      });
   });
}

std::vector<crypto::public_key> public_keys() {
   std::vector<crypto::public_key> out;
   for (const auto jwk : public_jwks) out.push_back(crypto::public_key::from_jwk(jwk).value());
   return out;
}

crypto::shared_secret the_secret() {
   json::document d;
   return crypto::shared_secret::from_jwk(**d.parse_copy(secret_jwk)).value();
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   static const auto keys = public_keys();
   static const auto secret = the_secret();
   static const auto all = everything();
   const auto token = fuzz::text_of(data, size);
   const auto jws = crypto::parse_compact(token);
   if (!jws) {
      fuzz::must(!jws.error().message.empty(), "a refusal has a reason");
      return 0;
   }
   fuzz::must(token.size() <= crypto::jws_limits{}.max_bytes, "the size keeps its limit");
   fuzz::must(std::ranges::count(token, '.') == 2, "there are three parts");
   std::string again(jws->signed_bytes);
   again += '.';
   core::append_base64url(again, jws->signature);
   fuzz::must(again == token, "a token has one spelling");
   std::string payload;
   core::append_base64url(payload, jws->payload);
   fuzz::must(jws->signed_bytes.ends_with("." + payload), "the payload is what is signed");
   bool verified = verify(*jws, secret, all);
   for (const auto& key : keys) {
      const bool good = verify(*jws, key, all);
      fuzz::must(!good || key.fits(jws->alg), "the algorithm fits the key");
      verified = verified || good;
   }
   fuzz::must(!verified || was_signed(jws->signed_bytes), "nobody forges");
   fuzz::must(!verify(*jws, secret, {}), "what no policy allows does not verify");
   return 0;
}
