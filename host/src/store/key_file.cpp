#include "store/key_file.hpp"

#include <utility>
#include <vector>

#include "core/text.hpp"
#include "crypto/digest.hpp"
#include "crypto/secret_key.hpp"

namespace fmcp::store {
namespace {

using core::errc;

constexpr std::size_t max_file_bytes = 64 * 1024;

std::string new_content() {
   crypto::secret_key key;
   crypto::fill_random(key.bytes());
   return crypto::to_hex(key.bytes()) + "\n";
}

std::vector<std::string> secrets_of(std::string_view text) {
   std::vector<std::string> out;
   while (!text.empty()) {
      const auto end = text.find('\n');
      auto line = core::trim(text.substr(0, end));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty() && !line.starts_with('#')) out.emplace_back(line);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
   }
   return out;
}

core::result<crypto::key_ring> ring_of(std::string_view text) {
   auto secrets = secrets_of(text);
   if (secrets.empty()) {
      return core::fail(errc::invalid,
                        "it holds no key; restore it from a copy, or delete it together "
                        "with the store, which nobody can read any more");
   }
   auto ring = crypto::key_ring::make(secrets.front(), std::span(secrets).subspan(1));
   for (auto& s : secrets) crypto::wipe(s);
   return ring;
}

} // namespace

core::result<crypto::key_ring> ring_of_key_file(const state_directory& where) {
   auto text = where.read_file(key_file_name, max_file_bytes);
   if (!text && text.error().code == errc::not_found) {
      auto content = new_content();
      const auto made = where.create_file(key_file_name, content);
      crypto::wipe(content);
      if (!made && made.error().code != errc::conflict)
         return std::unexpected(std::move(made.error()));
      text = where.read_file(key_file_name, max_file_bytes);
   }
   if (!text) return std::unexpected(std::move(text.error()));
   auto ring = ring_of(*text);
   crypto::wipe(*text);
   if (!ring) return core::wrap(where.path_of(key_file_name), std::move(ring.error()));
   return ring;
}

} // namespace fmcp::store
