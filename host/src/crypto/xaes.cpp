#include "crypto/xaes.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/log.hpp"
#include "crypto/openssl.hpp"

namespace fmcp::crypto {
namespace {

using block = std::array<std::uint8_t, 16>;
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>>;

/// As in digest.cpp: nothing that is given to these functions can make them fail.
void must(bool ok) {
   if (ok) return;
   core::log::write(core::log::level::critical, "crypto",
                    "AES-256 failed; the installation of OpenSSL is broken");
   std::abort();
}

const EVP_CIPHER* fetched(const char* name) {
   const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
   must(cipher != nullptr);
   return cipher;
}
const EVP_CIPHER* aes_block() {
   static const EVP_CIPHER* const cipher = fetched("AES-256-ECB");
   return cipher;
}
const EVP_CIPHER* aes_gcm() {
   static const EVP_CIPHER* const cipher = fetched("AES-256-GCM");
   return cipher;
}

/// "Detailed key derivation algorithm", steps 1 to 5.
secret_key derive(const secret_key& key, xaes_nonce nonce) {
   const cipher_context c(EVP_CIPHER_CTX_new());
   must(c && EVP_EncryptInit_ex2(c.get(), aes_block(), key.bytes().data(), nullptr, nullptr) == 1 &&
        EVP_CIPHER_CTX_set_padding(c.get(), 0) == 1);
   const auto encrypt = [&](std::span<std::uint8_t> out, const block& in) {
      int n = 0;
      must(EVP_EncryptUpdate(c.get(), out.data(), &n, in.data(), static_cast<int>(in.size())) == 1);
   };
   block mask{};
   encrypt(mask, block{});
   const bool carry = (mask[0] & 0x80) != 0;
   for (std::size_t i = 0; i < mask.size(); ++i) {
      const unsigned next = i + 1 < mask.size() ? mask[i + 1] : 0u;
      mask[i] = static_cast<std::uint8_t>(mask[i] << 1 | next >> 7);
   }
   if (carry) mask.back() ^= 0x87;

   secret_key out;
   for (std::uint8_t counter = 1; counter <= 2; ++counter) {
      block message{0, counter, 'X', 0};
      std::copy_n(nonce.begin(), 12, message.begin() + 4);
      for (std::size_t i = 0; i < message.size(); ++i) message[i] ^= mask[i];
      encrypt(out.bytes().subspan((counter - 1u) * mask.size(), mask.size()), message);
   }
   wipe(mask);
   return out;
}

} // namespace

void xaes_encrypt(std::string& out, const secret_key& key, xaes_nonce nonce, std::string_view plain,
                  std::string_view aad) {
   const auto derived = derive(key, nonce);
   const cipher_context c(EVP_CIPHER_CTX_new());
   const auto start = out.size();
   out.resize(start + plain.size() + xaes_tag_bytes);
   auto* at = reinterpret_cast<unsigned char*>(out.data()) + start;
   int n = 0;
   must(c &&
        EVP_EncryptInit_ex2(c.get(), aes_gcm(), derived.bytes().data(), nonce.subspan<12>().data(),
                            nullptr) == 1 &&
        EVP_EncryptUpdate(c.get(), nullptr, &n, octets(aad), static_cast<int>(aad.size())) == 1 &&
        EVP_EncryptUpdate(c.get(), at, &n, octets(plain), static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(c.get(), at + plain.size(), &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_GET_TAG, xaes_tag_bytes, at + plain.size()) ==
              1);
}

std::optional<std::string> xaes_decrypt(const secret_key& key, xaes_nonce nonce,
                                        std::string_view sealed, std::string_view aad) {
   if (sealed.size() < xaes_tag_bytes) return std::nullopt;
   const tidy_error_queue tidy;
   const auto derived = derive(key, nonce);
   const cipher_context c(EVP_CIPHER_CTX_new());
   const auto body = sealed.substr(0, sealed.size() - xaes_tag_bytes);
   std::array<unsigned char, xaes_tag_bytes> tag{};
   std::copy_n(sealed.end() - xaes_tag_bytes, xaes_tag_bytes, tag.begin());
   std::string out(body.size(), '\0');
   auto* at = reinterpret_cast<unsigned char*>(out.data());
   int n = 0;
   must(c &&
        EVP_DecryptInit_ex2(c.get(), aes_gcm(), derived.bytes().data(), nonce.subspan<12>().data(),
                            nullptr) == 1 &&
        EVP_DecryptUpdate(c.get(), nullptr, &n, octets(aad), static_cast<int>(aad.size())) == 1 &&
        EVP_DecryptUpdate(c.get(), at, &n, octets(body), static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_SET_TAG, xaes_tag_bytes, tag.data()) == 1);
   // Only now it is known whether the text may be used.
   if (EVP_DecryptFinal_ex(c.get(), at + body.size(), &n) != 1) {
      wipe(out);
      return std::nullopt;
   }
   return out;
}

} // namespace fmcp::crypto
