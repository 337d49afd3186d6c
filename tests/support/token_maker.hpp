#pragma once

/// The issuer's side of a bearer token, for tests: a key that signs, the documents that publish it,
/// and JSON Web Tokens as good or as bad as a test wants them.
///
///    const auto& issuer = token_maker::of(crypto::algorithm::rs256);
///    issuer.token(claims(now).set("aud", R"("other")"));
///
/// Thread safety: immutable once made. Keys are made once for each pair of algorithm and id.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/algorithm.hpp"
#include "support/signer.hpp"

namespace fmcp::test {

/// Members of a JSON object, each with the JSON text of its value.
class json_members {
public:
   json_members& set(std::string name, std::string json);
   json_members& drop(const std::string& name);
   [[nodiscard]] std::string text() const;

private:
   std::map<std::string, std::string> members_;
};

/// What a good access token says: issuer `https://issuer.example`, audience `api`, subject
/// `user-1`, client `client-1`, scope `read write`, and five minutes left.
[[nodiscard]] json_members claims(std::int64_t now_unix_seconds);

class token_maker {
public:
   /// The key of this algorithm and id, made at the first call; HS* has a secret.
   static const token_maker& of(crypto::algorithm alg, std::string_view kid = "k1");

   /// A key that exists already. Without an id neither tokens nor documents name one.
   token_maker(crypto::algorithm alg, signer key, std::optional<std::string> kid);
   token_maker(crypto::algorithm alg, std::string secret, std::optional<std::string> kid);

   /// `{"alg":…,"kid":…,"typ":"at+jwt"}`
   [[nodiscard]] json_members header() const;
   [[nodiscard]] std::string token(const json_members& payload) const;
   [[nodiscard]] std::string token(const json_members& head, const json_members& payload) const;
   /// Any texts at all, with a good signature.
   [[nodiscard]] std::string sign(std::string_view head, std::string_view payload) const;

   /// The public key, with `kid`, `use` and `alg`; `more` are further members. Not for HS*.
   [[nodiscard]] std::string jwk(std::string_view more = "") const;
   [[nodiscard]] std::string pem() const;
   [[nodiscard]] const std::string& secret() const { return secret_; }
   [[nodiscard]] const std::optional<std::string>& kid() const { return kid_; }

private:
   crypto::algorithm alg_;
   std::optional<signer> key_;
   std::string secret_;
   std::optional<std::string> kid_;
};

/// `{"keys":[…]}`
[[nodiscard]] std::string jwks(const std::vector<std::string>& keys);

} // namespace fmcp::test
