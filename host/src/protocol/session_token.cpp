#include "protocol/session_token.hpp"

#include <cstring>
#include <mutex>
#include <optional>

#include "core/base64.hpp"
#include "crypto/digest.hpp"

namespace fmcp::protocol {
namespace {

// The token before base64url; numbers are big-endian.
//
//    0  1  layout, this one is 1
//    1  1  key id: finds the key at once; no secret
//    2  1  revision
//    3  1  capabilities, one bit each
//    4  8  expiry, seconds since 1970
//   12  8  principal
//   20 16  nonce
//   36 16  HMAC-SHA-256 over everything before it, cut to 128 bits (RFC 2104, section 5)
constexpr std::uint8_t layout = 1;
constexpr std::size_t at_expiry = 4, at_principal = 12, at_nonce = 20, at_tag = 36, size = 52;
constexpr std::size_t text_size = (size * 4 + 2) / 3; // base64 without padding

using block = std::array<std::uint8_t, size>;

std::string_view view(const std::uint8_t* bytes, std::size_t n) noexcept {
   return {reinterpret_cast<const char*>(bytes), n};
}
std::string_view view(const crypto::digest256& d) noexcept {
   return view(d.data(), d.size());
}

/// A key for one purpose. HMAC is a pseudo-random function, so keys of different purposes or
/// domains say nothing about each other (the extract and expand steps of RFC 5869 in one).
crypto::digest256 derive(std::string_view secret, std::string_view purpose,
                         std::string_view domain) {
   std::string label("fmcp session token 1 ");
   label += purpose;
   label += '\0'; // no purpose contains it, so that label and domain cannot run into each other
   label += domain;
   return crypto::hmac_key(secret).sign(label);
}

std::uint8_t pack(client_capabilities can) noexcept {
   return static_cast<std::uint8_t>((can.roots ? 1 : 0) | (can.sampling ? 2 : 0) |
                                    (can.elicitation_form ? 4 : 0) | (can.elicitation_url ? 8 : 0));
}

/// Bits that a later version may add are capabilities that this one cannot use.
client_capabilities unpack(std::uint8_t bits) noexcept {
   return {.roots = (bits & 1) != 0,
           .sampling = (bits & 2) != 0,
           .elicitation_form = (bits & 4) != 0,
           .elicitation_url = (bits & 8) != 0};
}

/// Everything of one configured key.
struct key_set {
   std::uint8_t id;
   crypto::hmac_key tag, plugin;

   key_set(std::string_view secret, std::string_view domain)
       : id(derive(secret, "key id", domain)[0]), tag(view(derive(secret, "tag", domain))),
         plugin(view(derive(secret, "plugin digest", domain))) {}

   bool has_signed(std::string_view token) const {
      const auto expected = tag.sign(token.substr(0, at_tag));
      return crypto::equal_constant_time(token.substr(at_tag),
                                         view(expected.data(), size - at_tag));
   }
};

std::string random_secret() {
   std::array<std::uint8_t, 32> bytes{};
   crypto::fill_random(bytes);
   return std::string(view(bytes.data(), bytes.size()));
}

} // namespace

std::array<std::uint8_t, 8> principal_digest(const core::principal* who) {
   std::array<std::uint8_t, 8> out{};
   if (who == nullptr) return out;
   // With their lengths, so that no two triples make the same text.
   std::string text("fmcp principal 1");
   for (const auto* part : {&who->issuer, &who->subject, &who->client_id}) {
      text += ' ';
      text += std::to_string(part->size());
      text += ':';
      text += *part;
   }
   const auto d = crypto::sha256(text);
   std::memcpy(out.data(), d.data(), out.size());
   if (out == std::array<std::uint8_t, 8>{}) out.back() = 1;
   return out;
}

/// Derived when the first session is opened or shown: a process that only speaks the modern era
/// never touches OpenSSL for this, which would cost it two megabytes.
struct session_keys::impl {
   struct derived {
      key_set current;
      std::optional<key_set> previous;
   };
   std::string current, previous, domain;
   std::once_flag once{};
   std::optional<derived> made{};

   const derived& keys() {
      std::call_once(once, [this] {
         made.emplace(derived{.current = key_set(current, domain), .previous = {}});
         if (!previous.empty()) made->previous.emplace(previous, domain);
      });
      return *made;
   }
};

session_keys::session_keys(std::string_view current, std::string_view previous,
                           std::string_view domain)
    : impl_(new impl{.current = current.empty() ? random_secret() : std::string(current),
                     .previous = std::string(previous),
                     .domain = std::string(domain)}) {}

session_keys::~session_keys() = default;

std::string session_keys::mint(session_claims& claims) const {
   const auto& mine = impl_->keys().current;
   crypto::fill_random(claims.nonce);
   claims.key = 0;
   block b{};
   b[0] = layout;
   b[1] = mine.id;
   b[2] = static_cast<std::uint8_t>(claims.spoken);
   b[3] = pack(claims.can);
   for (std::size_t i = 0; i < 8; ++i) {
      const auto bits = static_cast<std::uint64_t>(claims.expires_unix_s);
      b[at_expiry + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
   }
   std::memcpy(&b[at_principal], claims.principal.data(), claims.principal.size());
   std::memcpy(&b[at_nonce], claims.nonce.data(), claims.nonce.size());
   const auto tag = mine.tag.sign(view(b.data(), at_tag));
   std::memcpy(&b[at_tag], tag.data(), size - at_tag);
   std::string out;
   core::append_base64url(out, view(b.data(), b.size()));
   return out;
}

std::optional<session_claims> session_keys::verify(std::string_view token,
                                                   std::int64_t now_unix_s) const {
   if (token.size() != text_size) return std::nullopt;
   const auto bytes = core::decode_base64url(token); // strict: one text per token
   if (!bytes) return std::nullopt;
   const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>((*bytes)[i]); };
   if (at(0) != layout) return std::nullopt;

   const auto& keys = impl_->keys();
   session_claims out;
   // Two keys have the same id once in 256 pairs; then both are tried.
   if (at(1) == keys.current.id && keys.current.has_signed(*bytes)) {
      out.key = 0;
   } else if (keys.previous && at(1) == keys.previous->id && keys.previous->has_signed(*bytes)) {
      out.key = 1;
   } else {
      return std::nullopt;
   }
   // Ours from here on, though perhaps from another version of this program with the same key.
   if (at(2) > static_cast<std::uint8_t>(newest_legacy)) return std::nullopt;
   out.spoken = static_cast<revision>(at(2));
   out.can = unpack(at(3));
   std::uint64_t expiry = 0;
   for (std::size_t i = 0; i < 8; ++i) expiry = expiry << 8 | at(at_expiry + i);
   out.expires_unix_s = static_cast<std::int64_t>(expiry);
   if (out.expires_unix_s <= now_unix_s) return std::nullopt;
   std::memcpy(out.principal.data(), bytes->data() + at_principal, out.principal.size());
   std::memcpy(out.nonce.data(), bytes->data() + at_nonce, out.nonce.size());
   return out;
}

std::string session_keys::digest(const session_claims& claims) const {
   const auto& all = impl_->keys();
   const auto& keys = claims.key == 1 && all.previous ? *all.previous : all.current;
   const auto d = keys.plugin.sign(view(claims.nonce.data(), claims.nonce.size()));
   return crypto::to_hex(std::span(d).first(16));
}

} // namespace fmcp::protocol
