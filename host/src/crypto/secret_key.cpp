#include "crypto/secret_key.hpp"

#include <openssl/crypto.h>

namespace fmcp::crypto {

secret_key::secret_key(secret_key&& other) noexcept : bytes_(other.bytes_) {
   wipe(other.bytes_);
}

secret_key& secret_key::operator=(secret_key&& other) noexcept {
   if (this == &other) return *this;
   bytes_ = other.bytes_;
   wipe(other.bytes_);
   return *this;
}

secret_key::~secret_key() {
   wipe(bytes_);
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
   OPENSSL_cleanse(bytes.data(), bytes.size());
}

void wipe(std::string& text) noexcept {
   text.resize(text.capacity()); // no reallocation: the tail may hold what was longer once
   OPENSSL_cleanse(text.data(), text.size());
   text.clear();
}

} // namespace fmcp::crypto
