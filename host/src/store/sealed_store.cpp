#include "store/sealed_store.hpp"

#include <utility>

#include "core/log.hpp"

namespace fmcp::store {
namespace {

using core::errc;
using core::fail;

constexpr std::string_view own_space;
constexpr std::string_view naming_name = "naming key";

/// Space and key with the length of the first, so that no two pairs look alike.
std::string pair_of(std::string_view space, std::string_view key) {
   std::string out;
   out.reserve(space.size() + key.size() + 4);
   for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(space.size() >> shift);
   out += space;
   out += key;
   return out;
}

} // namespace

sealed_store::sealed_store(std::unique_ptr<store> below, const crypto::key_ring& keys,
                           const limits& l, const core::clock& clock)
    : below_(std::move(below)), values_(keys.derive("store value", "")),
      naming_(keys.derive("store naming key", "")), limits_(l), clock_(clock) {}

limits sealed_store::below(const limits& l) noexcept {
   auto out = l;
   out.max_key_bytes = sizeof(crypto::digest256);
   out.max_value_bytes += crypto::sealer::overhead;
   return out;
}

core::result<void> sealed_store::keep_naming_key(std::string_view key, std::uint64_t if_version) {
   const auto expires = clock_.unix_ms() + max_ttl.count();
   auto sealed = naming_.seal(key, naming_name, expires);
   if (!sealed) return std::unexpected(std::move(sealed.error()));
   auto kept = below_->put(own_space, naming_name, *sealed, max_ttl, if_version);
   if (!kept) return std::unexpected(std::move(kept.error()));
   return {};
}

core::result<void> sealed_store::make_naming_key() {
   crypto::secret_key key;
   crypto::fill_random(key.bytes());
   auto kept = keep_naming_key(key.view(), only_if_absent);
   // Another process was first: its key is the one.
   if (!kept && kept.error().code != errc::conflict) return kept;
   return {};
}

core::result<void> sealed_store::learn_naming_key() {
   auto kept = below_->get(own_space, naming_name);
   if (!kept && kept.error().code == errc::not_found) {
      if (auto made = make_naming_key(); !made) return made;
      kept = below_->get(own_space, naming_name);
   }
   if (!kept) return std::unexpected(std::move(kept.error()));
   auto key = naming_.open(kept->value, naming_name, clock_.unix_ms());
   if (!key) {
      return fail(errc::io,
                  "The store was sealed with another key than those given, so that nothing "
                  "in it can be read; give that key as a previous one, or move the store "
                  "away to begin with an empty one: who was logged in has to log in "
                  "again.");
   }
   if (!naming_.is_current(kept->value)) {
      // A conflict: another process has done it, or a third one has the secrets the other way
      // round.
      if (auto again = keep_naming_key(*key, kept->version);
          !again && again.error().code != errc::conflict)
         return again;
      core::log::info("store", "sealed with a new key");
   }
   names_.emplace(*key);
   crypto::wipe(*key);
   return {};
}

core::result<std::string> sealed_store::name_of(std::string_view space, std::string_view key) {
   if (auto ok = check_name(limits_, space, key); !ok)
      return std::unexpected(std::move(ok.error()));
   if (space == own_space) return fail(errc::invalid, "The name of the space is empty.");
   {
      const std::lock_guard lock(mutex_);
      if (!names_) {
         if (auto learned = learn_naming_key(); !learned)
            return std::unexpected(std::move(learned.error()));
      }
   }
   const auto digest = names_->sign(pair_of(space, key));
   return std::string(digest.begin(), digest.end());
}

core::result<record> sealed_store::unseal(core::result<record> sealed, std::string_view space,
                                          std::string_view key) const {
   if (!sealed) return sealed;
   auto plain = values_.open(sealed->value, pair_of(space, key), clock_.unix_ms());
   if (plain) return record{std::move(*plain), sealed->version};
   if (plain.error().code == errc::not_found) return std::unexpected(no_such_key()); // expired
   return fail(errc::io,
               "A value in the store cannot be opened: it was changed, or sealed with a key "
               "that is not given any more.");
}

core::result<record> sealed_store::get(std::string_view space, std::string_view key) {
   const auto name = name_of(space, key);
   if (!name) return std::unexpected(name.error());
   return unseal(below_->get(space, *name), space, key);
}

core::result<std::uint64_t> sealed_store::put(std::string_view space, std::string_view key,
                                              std::string_view value, std::chrono::milliseconds ttl,
                                              std::uint64_t if_version) {
   if (auto ok = check_value(limits_, value, ttl); !ok) return std::unexpected(ok.error());
   const auto name = name_of(space, key);
   if (!name) return std::unexpected(name.error());
   const auto expires = clock_.unix_ms() + ttl.count();
   const auto sealed = values_.seal(value, pair_of(space, key), expires);
   if (!sealed) return std::unexpected(sealed.error());
   return below_->put(space, *name, *sealed, ttl, if_version);
}

core::result<record> sealed_store::take(std::string_view space, std::string_view key) {
   const auto name = name_of(space, key);
   if (!name) return std::unexpected(name.error());
   return unseal(below_->take(space, *name), space, key);
}

core::result<void> sealed_store::remove(std::string_view space, std::string_view key) {
   const auto name = name_of(space, key);
   if (!name) return std::unexpected(name.error());
   return below_->remove(space, *name);
}

core::result<std::size_t> sealed_store::purge() {
   return below_->purge();
}

} // namespace fmcp::store
