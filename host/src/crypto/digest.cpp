#include "crypto/digest.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/log.hpp"

namespace fmcp::crypto {
namespace {

const unsigned char* octets(std::string_view bytes) noexcept {
   return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// OpenSSL's algorithms fail for lack of memory or for a broken installation, never for the input.
[[noreturn]] void give_up(const char* what) {
   core::log::write(core::log::level::critical, "crypto",
                    std::string(what) +
                          " failed; the installation of OpenSSL or the kernel is broken");
   std::abort();
}

const EVP_MD* sha256_algorithm() {
   static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
   if (md == nullptr) give_up("fetching SHA-256");
   return md;
}

} // namespace

digest256 sha256(std::string_view bytes) {
   digest256 out{};
   unsigned size = 0;
   if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, sha256_algorithm(), nullptr) != 1)
      give_up("SHA-256");
   return out;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
   constexpr char digits[] = "0123456789abcdef";
   std::string out;
   out.reserve(bytes.size() * 2);
   for (const auto b : bytes) {
      out += digits[b >> 4];
      out += digits[b & 15];
   }
   return out;
}

std::string sha256_hex(std::string_view bytes) {
   return to_hex(sha256(bytes));
}

void fill_random(std::span<std::uint8_t> out) {
   while (!out.empty()) {
      const auto n = ::getrandom(out.data(), out.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) give_up("the kernel's random generator");
      out = out.subspan(static_cast<std::size_t>(n));
   }
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
   if (a.size() != b.size()) return false;
   // Many bytes at a time: OpenSSL's own goes byte by byte, which for a bearer token of 900 bytes
   // is a tenth of a request. After each block the difference so far goes where the compiler cannot
   // follow it, so that all its bits have to be there and nothing is skipped once one is set.
   using lanes [[gnu::vector_size(16)]] = std::uint64_t;
   constexpr std::size_t block = 2 * sizeof(lanes);
   lanes difference{};
   const auto differ = [&](std::size_t at) {
      lanes x, y;
      std::memcpy(&x, a.data() + at, sizeof x);
      std::memcpy(&y, b.data() + at, sizeof y);
      return x ^ y;
   };
   const auto add = [&](std::size_t at) {
      difference |= differ(at) | differ(at + sizeof(lanes));
      asm volatile("" : : "m"(difference));
   };
   if (a.size() >= block) {
      for (std::size_t i = 0; i + block < a.size(); i += block) add(i);
      add(a.size() - block); // some bytes twice
   } else {
      for (std::size_t i = 0; i < a.size(); ++i) {
         difference[0] |= static_cast<std::uint8_t>(a[i] ^ b[i]);
         asm volatile("" : : "m"(difference));
      }
   }
   return (difference[0] | difference[1]) == 0;
}

struct hmac_key::state {
   EVP_MD_CTX* inner = EVP_MD_CTX_new();
   EVP_MD_CTX* outer = EVP_MD_CTX_new();
   ~state() {
      EVP_MD_CTX_free(inner);
      EVP_MD_CTX_free(outer);
   }
};

hmac_key::hmac_key(std::string_view key) : state_(new state) {
   constexpr std::size_t block = 64;
   std::array<unsigned char, block> pad{};
   if (key.size() > block) {
      auto shortened = sha256(key);
      std::memcpy(pad.data(), shortened.data(), shortened.size());
      OPENSSL_cleanse(shortened.data(), shortened.size());
   } else if (!key.empty()) {
      std::memcpy(pad.data(), octets(key), key.size());
   }
   const auto begin = [&](EVP_MD_CTX* context, unsigned char mask) {
      auto masked = pad;
      for (auto& b : masked) b ^= mask;
      if (context == nullptr || EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) != 1 ||
          EVP_DigestUpdate(context, masked.data(), masked.size()) != 1)
         give_up("HMAC-SHA-256");
      OPENSSL_cleanse(masked.data(), masked.size());
   };
   begin(state_->inner, 0x36);
   begin(state_->outer, 0x5c);
   OPENSSL_cleanse(pad.data(), pad.size());
}

hmac_key::~hmac_key() {
   delete state_;
}

hmac_key::hmac_key(hmac_key&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

hmac_key& hmac_key::operator=(hmac_key&& other) noexcept {
   std::swap(state_, other.state_);
   return *this;
}

digest256 hmac_key::sign(std::string_view message) const {
   // One working context per thread: making one would cost more than the digest.
   struct context {
      EVP_MD_CTX* c = EVP_MD_CTX_new();
      ~context() { EVP_MD_CTX_free(c); }
   };
   thread_local const context work;
   digest256 out{};
   unsigned size = 0;
   if (work.c == nullptr || EVP_MD_CTX_copy_ex(work.c, state_->inner) != 1 ||
       EVP_DigestUpdate(work.c, message.data(), message.size()) != 1 ||
       EVP_DigestFinal_ex(work.c, out.data(), &size) != 1 ||
       EVP_MD_CTX_copy_ex(work.c, state_->outer) != 1 ||
       EVP_DigestUpdate(work.c, out.data(), out.size()) != 1 ||
       EVP_DigestFinal_ex(work.c, out.data(), &size) != 1)
      give_up("HMAC-SHA-256");
   return out;
}

} // namespace fmcp::crypto
