#include "crypto/kdf.hpp"

#include <algorithm>
#include <cassert>
#include <string>

#include "crypto/secret_key.hpp"

namespace fmcp::crypto {
namespace {

std::string_view view(const digest256& d) noexcept {
   return {reinterpret_cast<const char*>(d.data()), d.size()};
}

hmac_key extract(std::string_view salt, std::string_view secret) {
   auto extracted = hmac_key(salt).sign(secret);
   hmac_key out(view(extracted));
   wipe(extracted);
   return out;
}

} // namespace

hkdf::hkdf(std::string_view salt, std::string_view secret) : extracted_(extract(salt, secret)) {}

void hkdf::expand(std::string_view info, std::span<std::uint8_t> out) const {
   assert(out.size() <= max_output_bytes);
   digest256 block{};
   std::string message; // T(n-1) | info | n
   message.reserve(block.size() + info.size() + 1);
   for (unsigned char counter = 1; !out.empty(); ++counter) {
      if (counter > 1) message.assign(view(block));
      message += info;
      message += static_cast<char>(counter);
      block = extracted_.sign(message);
      const auto taken = std::min(out.size(), block.size());
      std::copy_n(block.begin(), taken, out.begin());
      out = out.subspan(taken);
   }
   wipe(block);
   wipe(message);
}

} // namespace fmcp::crypto
