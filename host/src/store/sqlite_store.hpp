#pragma once

/// A store in one file that outlives the process, `kill -9` and a power cut: what was acknowledged
/// is there afterwards, and a value that was taken stays taken.
///
/// The file is opened at the first operation and not before: a host whose provider stores nothing
/// has none. Several processes of one machine may use the same file.
///
/// Thread safety, errors: as `store`. A file that is damaged, foreign or of a newer version is an
/// error at every operation and is never replaced; the next operation tries again.

#include <memory>
#include <string>

#include "core/clock.hpp"
#include "store/limits.hpp"
#include "store/store.hpp"

namespace fmcp::store {

class sqlite_store final : public store {
public:
   struct options {
      std::string file; ///< absolute; made when it is not there, with the directories above it
      fmcp::store::limits limits{};
      /// How long an operation waits for another process that writes.
      std::chrono::milliseconds patience{5000};
   };

   explicit sqlite_store(options o, const core::clock& clock = core::clock::system());
   ~sqlite_store() override;

   core::result<record> get(std::string_view space, std::string_view key) override;
   core::result<std::uint64_t> put(std::string_view space, std::string_view key,
                                   std::string_view value, std::chrono::milliseconds ttl,
                                   std::uint64_t if_version) override;
   core::result<record> take(std::string_view space, std::string_view key) override;
   core::result<void> remove(std::string_view space, std::string_view key) override;
   core::result<std::size_t> purge() override;

private:
   class session;
   struct state;
   std::unique_ptr<state> state_;
};

} // namespace fmcp::store
