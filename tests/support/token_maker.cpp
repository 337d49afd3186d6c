#include "support/token_maker.hpp"

#include <memory>
#include <mutex>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace fmcp::test {
namespace {

using crypto::algorithm;

signer new_key(algorithm a) {
   switch (a) {
   case algorithm::es256: return signer::ec("P-256");
   case algorithm::es384: return signer::ec("P-384");
   case algorithm::es512: return signer::ec("P-521");
   case algorithm::eddsa:
   case algorithm::ed25519: return signer::edwards("ED25519");
   case algorithm::ed448: return signer::edwards("ED448");
   default: return signer::rsa(2048);
   }
}

std::string hmac(algorithm a, const std::string& secret, const std::string& bytes) {
   const EVP_MD* hash = a == algorithm::hs256   ? EVP_sha256()
                        : a == algorithm::hs384 ? EVP_sha384()
                                                : EVP_sha512();
   unsigned char out[EVP_MAX_MD_SIZE];
   unsigned size = 0;
   HMAC(hash, secret.data(), static_cast<int>(secret.size()),
        reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out, &size);
   return {reinterpret_cast<const char*>(out), size};
}

std::string quoted(std::string_view text) {
   return "\"" + std::string(text) + "\"";
}

} // namespace

json_members& json_members::set(std::string name, std::string json) {
   members_.insert_or_assign(std::move(name), std::move(json));
   return *this;
}

json_members& json_members::drop(const std::string& name) {
   members_.erase(name);
   return *this;
}

std::string json_members::text() const {
   std::string out = "{";
   for (const auto& [name, json] : members_)
      out += (out.size() > 1 ? "," : "") + quoted(name) + ":" + json;
   return out + "}";
}

json_members claims(std::int64_t now) {
   json_members m;
   m.set("iss", R"("https://issuer.example")").set("aud", R"("api")");
   m.set("sub", R"("user-1")").set("client_id", R"("client-1")").set("scope", R"("read write")");
   m.set("iat", std::to_string(now)).set("exp", std::to_string(now + 300));
   return m;
}

const token_maker& token_maker::of(algorithm alg, std::string_view kid) {
   static std::mutex mutex;
   static std::map<std::pair<algorithm, std::string>, std::unique_ptr<token_maker>> made;
   const std::lock_guard lock(mutex);
   auto& one = made[{alg, std::string(kid)}];
   if (one == nullptr && crypto::is_symmetric(alg)) {
      std::string secret = "a secret of sixty-four bytes that only tests know, and everybody ";
      one = std::make_unique<token_maker>(alg, secret + std::string(kid), std::string(kid));
   } else if (one == nullptr) {
      one = std::make_unique<token_maker>(alg, new_key(alg), std::string(kid));
   }
   return *one;
}

token_maker::token_maker(algorithm alg, signer key, std::optional<std::string> kid)
    : alg_(alg), key_(std::move(key)), kid_(std::move(kid)) {}

token_maker::token_maker(algorithm alg, std::string secret, std::optional<std::string> kid)
    : alg_(alg), secret_(std::move(secret)), kid_(std::move(kid)) {}

json_members token_maker::header() const {
   json_members m;
   m.set("alg", quoted(crypto::name_of(alg_))).set("typ", R"("at+jwt")");
   if (kid_) m.set("kid", quoted(*kid_));
   return m;
}

std::string token_maker::token(const json_members& payload) const {
   return token(header(), payload);
}

std::string token_maker::token(const json_members& head, const json_members& payload) const {
   return sign(head.text(), payload.text());
}

std::string token_maker::sign(std::string_view head, std::string_view payload) const {
   if (key_) return key_->token(alg_, head, payload);
   const std::string bytes = base64url(head) + "." + base64url(payload);
   return bytes + "." + base64url(hmac(alg_, secret_, bytes));
}

std::string token_maker::jwk(std::string_view more) const {
   std::string members = R"("use":"sig","alg":)" + quoted(crypto::name_of(alg_));
   if (kid_) members += R"(,"kid":)" + quoted(*kid_);
   if (!more.empty()) members += "," + std::string(more);
   return key_.value().jwk(members);
}

std::string token_maker::pem() const {
   return key_.value().pem();
}

std::string jwks(const std::vector<std::string>& keys) {
   std::string out = R"({"keys":[)";
   for (const auto& key : keys) out += (out.ends_with('[') ? "" : ",") + key;
   return out + "]}";
}

} // namespace fmcp::test
