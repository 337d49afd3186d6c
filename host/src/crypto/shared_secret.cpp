#include "crypto/shared_secret.hpp"

#include <utility>

#include <openssl/crypto.h>

#include "core/base64.hpp"
#include "crypto/jwk_members.hpp"

namespace fmcp::crypto {

using core::errc;
using core::fail;

struct shared_secret::state {
   std::string bytes;
   std::optional<std::string> id;
   std::optional<algorithm> bound;

   state() = default;
   state(const state&) = delete;
   state& operator=(const state&) = delete;
   ~state() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

core::result<shared_secret> shared_secret::make(std::string&& bytes, std::optional<std::string> id,
                                                std::optional<algorithm> bound) {
   const auto s = std::make_shared<state>();
   s->bytes.swap(bytes);
   s->id = std::move(id);
   s->bound = bound;
   if (bound && !is_symmetric(*bound)) {
      return fail(errc::invalid,
                  "its \"alg\" " + std::string(name_of(*bound)) + " does not fit a shared secret");
   }
   const std::size_t least = bound ? hash_size(*bound) : min_secret_bytes;
   if (s->bytes.size() < least) {
      return fail(errc::invalid, "the shared secret has " + std::to_string(s->bytes.size()) +
                                       " bytes; it must have at least " + std::to_string(least) +
                                       " (RFC 7518 section 3.2)");
   }
   if (s->bytes.size() > max_secret_bytes) {
      return fail(errc::limit, "the shared secret is longer than " +
                                     std::to_string(max_secret_bytes) + " bytes");
   }
   return shared_secret(s);
}

core::result<shared_secret> shared_secret::from_bytes(std::string_view bytes) {
   return make(std::string(bytes), std::nullopt, std::nullopt);
}

core::result<shared_secret> shared_secret::from_jwk(const json::value& jwk) {
   auto members = common_members(jwk);
   if (!members) return std::unexpected(std::move(members.error()));
   if (jwk.find_string("kty") != "oct")
      return fail(errc::unsupported, "its \"kty\" is not \"oct\", so that it is no shared secret");
   const auto k = jwk.find_string("k");
   auto bytes = k ? core::decode_base64url(*k) : std::nullopt;
   if (!bytes) return fail(errc::invalid, "\"k\" is missing or not base64url without padding");
   return make(std::move(*bytes), std::move(members->id), members->bound);
}

const std::optional<std::string>& shared_secret::id() const noexcept {
   return state_->id;
}

bool shared_secret::fits(algorithm a) const noexcept {
   return is_symmetric(a) && state_->bytes.size() >= hash_size(a) &&
          (!state_->bound || *state_->bound == a);
}

std::string_view shared_secret::bytes() const noexcept {
   return state_->bytes;
}

} // namespace fmcp::crypto
