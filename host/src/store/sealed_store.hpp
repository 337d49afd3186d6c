#pragma once

/// Seals what another store keeps: whoever reads its file sees neither values nor the names of
/// keys, and whoever writes to it can neither change a value, nor put it under another key or into
/// another space, nor let it live longer. (An old state of the whole file cannot be told from a new
/// one.)
///
/// Names are HMACs under a naming key, which the store itself keeps, sealed, in the space "" that
/// is not open to others. So names stay when the secret is rotated: the naming key is sealed anew,
/// and values are, one by one, when they are written. A secret that does not open the naming key is
/// not the secret of this store; every operation says so, instead of finding nothing.
///
/// Thread safety, errors: as `store`. Values are at most `max_value_bytes`, whatever the store
/// below takes; its own limits see sealed values, which are `crypto::sealer::overhead` longer, and
/// names of 32 bytes.

#include <memory>
#include <mutex>
#include <optional>

#include "core/clock.hpp"
#include "crypto/digest.hpp"
#include "crypto/seal.hpp"
#include "store/limits.hpp"
#include "store/store.hpp"

namespace fmcp::store {

class sealed_store final : public store {
public:
   sealed_store(std::unique_ptr<store> below, const crypto::key_ring& keys, const limits& l = {},
                const core::clock& clock = core::clock::system());

   core::result<record> get(std::string_view space, std::string_view key) override;
   core::result<std::uint64_t> put(std::string_view space, std::string_view key,
                                   std::string_view value, std::chrono::milliseconds ttl,
                                   std::uint64_t if_version) override;
   core::result<record> take(std::string_view space, std::string_view key) override;
   core::result<void> remove(std::string_view space, std::string_view key) override;
   core::result<std::size_t> purge() override;

   /// The limits of the store below, so that it takes what this one takes.
   [[nodiscard]] static limits below(const limits& l) noexcept;

private:
   /// The key's name in the store below.
   core::result<std::string> name_of(std::string_view space, std::string_view key);
   core::result<record> unseal(core::result<record> sealed, std::string_view space,
                               std::string_view key) const;
   core::result<void> learn_naming_key(); // with the lock held
   core::result<void> make_naming_key();  // with the lock held
   core::result<void> keep_naming_key(std::string_view key, std::uint64_t if_version);

   std::unique_ptr<store> below_;
   const crypto::sealer values_, naming_;
   const limits limits_;
   const core::clock& clock_;
   std::mutex mutex_; // of `names_`, until it is there
   std::optional<crypto::hmac_key> names_;
};

} // namespace fmcp::store
