#include "crypto/seal.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "crypto/xaes.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using core::fail;

// A sealed value:
//
//    0   1  layout, this one is 1
//    1   4  key id: which secret of the ring
//    5  24  nonce
//   29   n  XAES-256-GCM of: expiry, ms since 1970, 8 bytes, big-endian; then the plain text
//       16  its tag
//
// Layout and key id are authenticated as well: they stand in front of the caller's AAD.
constexpr char layout = 1;
constexpr std::size_t at_id = 1, at_nonce = 5, at_body = 29, expiry_bytes = 8;
static_assert(sealer::overhead == at_body + expiry_bytes + xaes_tag_bytes);
static_assert(at_nonce == at_id + sizeof(key_id) && at_body == at_nonce + xaes_nonce_bytes);

constexpr std::string_view salt = "fmcp seal 1";

void append_big_endian(std::string& out, std::uint64_t n, unsigned bytes) {
   while (bytes-- > 0) out += static_cast<char>(n >> (8 * bytes) & 0xff);
}

/// Purpose and space with their lengths, so that no two pairs look alike.
std::string info_of(std::string_view purpose, std::string_view space) {
   std::string info;
   for (const auto part : {purpose, space}) {
      append_big_endian(info, part.size(), 4);
      info += part;
   }
   return info;
}

std::string authenticated(std::string_view header, std::string_view aad) {
   std::string all;
   all.reserve(header.size() + aad.size());
   all += header;
   all += aad;
   return all;
}

bool is_one_byte(std::string_view text) noexcept {
   return std::ranges::all_of(text, [&](char c) { return c == text.front(); });
}

core::result<void> check_secret(std::string_view secret, const std::string& what) {
   if (secret.size() < key_ring::min_secret_bytes) {
      return fail(errc::invalid, what + " has " + std::to_string(secret.size()) +
                                       " bytes; it must have at least 32, at random (openssl rand "
                                       "-hex 32)");
   }
   if (secret.size() > key_ring::max_secret_bytes)
      return fail(errc::limit, what + " is longer than 4096 bytes");
   if (is_one_byte(secret)) {
      return fail(errc::invalid,
                  what + " is one character over and over; make one by: openssl rand -hex 32");
   }
   return {};
}

core::error cannot_open() {
   return {errc::denied,
           "the sealed value cannot be opened: it was changed, or sealed for something "
           "else or with a key that is not given"};
}

} // namespace

core::result<std::string> sealer::seal(std::string_view plain, std::string_view aad,
                                       std::int64_t expires) const {
   if (plain.size() > max_plain_bytes || aad.size() > max_aad_bytes) {
      return fail(errc::limit, "a value of " + std::to_string(plain.size()) + " bytes with " +
                                     std::to_string(aad.size()) +
                                     " bytes beside it is too long to be sealed; at most " +
                                     std::to_string(max_plain_bytes) + " and " +
                                     std::to_string(max_aad_bytes) + " are");
   }
   const auto& k = keys_.front();
   std::string out;
   out.reserve(plain.size() + overhead);
   out += layout;
   out.append(k.id.begin(), k.id.end());
   const auto additional = authenticated(out, aad);
   std::array<std::uint8_t, xaes_nonce_bytes> nonce{};
   fill_random(nonce);
   out.append(nonce.begin(), nonce.end());
   std::string body;
   body.reserve(expiry_bytes + plain.size());
   append_big_endian(body, static_cast<std::uint64_t>(expires), expiry_bytes);
   body += plain;
   xaes_encrypt(out, k.secret, nonce, body, additional);
   wipe(body);
   return out;
}

core::result<std::string> sealer::open(std::string_view sealed, std::string_view aad,
                                       std::int64_t now) const {
   if (sealed.size() < overhead || sealed.size() > overhead + max_plain_bytes ||
       aad.size() > max_aad_bytes || sealed[0] != layout)
      return std::unexpected(cannot_open());
   const auto additional = authenticated(sealed.substr(0, at_nonce), aad);
   std::array<std::uint8_t, xaes_nonce_bytes> nonce{};
   std::copy_n(sealed.begin() + at_nonce, nonce.size(), nonce.begin());
   for (const auto& k : keys_) {
      if (!std::equal(k.id.begin(), k.id.end(), sealed.begin() + at_id,
                      [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
         continue;
      auto body = xaes_decrypt(k.secret, nonce, sealed.substr(at_body), additional);
      if (!body) continue; // ids are short: two secrets may share one
      std::uint64_t expires = 0;
      for (std::size_t i = 0; i < expiry_bytes; ++i)
         expires = expires << 8 | static_cast<unsigned char>((*body)[i]);
      if (static_cast<std::int64_t>(expires) <= now) {
         wipe(*body);
         return fail(errc::not_found, "the sealed value has expired");
      }
      body->erase(0, expiry_bytes);
      return std::move(*body);
   }
   return std::unexpected(cannot_open());
}

bool sealer::is_current(std::string_view sealed) const noexcept {
   const auto& id = keys_.front().id;
   return sealed.size() >= overhead && sealed[0] == layout &&
          std::equal(id.begin(), id.end(), sealed.begin() + at_id,
                     [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

core::result<void> key_ring::check(std::string_view current,
                                   std::span<const std::string> previous) {
   if (previous.size() > max_previous)
      return fail(errc::limit, "there are more than 8 previous keys; take the oldest away");
   if (auto ok = check_secret(current, "the current key"); !ok) return ok;
   for (std::size_t i = 0; i < previous.size(); ++i) {
      if (auto ok = check_secret(previous[i], "previous key " + std::to_string(i + 1)); !ok)
         return ok;
   }
   return {};
}

core::result<key_ring> key_ring::make(std::string_view current,
                                      std::span<const std::string> previous) {
   if (auto ok = check(current, previous); !ok) return std::unexpected(std::move(ok.error()));
   key_ring out;
   const auto add = [&out](std::string_view secret) {
      root r{{}, hkdf(salt, secret)};
      r.secret.expand("key id", r.id);
      out.roots_.push_back(std::move(r));
   };
   add(current);
   for (const auto& p : previous) add(p);
   return out;
}

sealer key_ring::derive(std::string_view purpose, std::string_view space) const {
   sealer out;
   const auto info = info_of(purpose, space);
   for (const auto& r : roots_) {
      sealer::key k{r.id, {}};
      r.secret.expand(info, k.secret.bytes());
      out.keys_.push_back(std::move(k));
   }
   return out;
}

} // namespace fmcp::crypto
