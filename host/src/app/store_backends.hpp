#pragma once

/// `fmcp.kv/1` and `fmcp.crypto/1` over the rooms `store` and `crypto`.
///
/// Until the first operation there is no thread, no file and no key. In memory nothing outlives the
/// process, so a key that the operator did not give is made for the process too, and no file
/// either.

#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "plugins/backends.hpp"
#include "store/limits.hpp"

namespace fmcp::app {

/// Thread safety: any thread. Lifetimes: outlives the plugins that are given its backends; its
/// destructor answers what still waits.
class store_backends {
public:
   struct options {
      std::string file{}; ///< of the store, absolute; empty: in memory
      std::string home{}; ///< where a key is made when there is a file and none is given; absolute
      std::string key{};  ///< a secret; empty: one is made
      std::vector<std::string> previous_keys{}; ///< still open what they sealed
      store::limits limits{};                   ///< of one instance's space
   };

   /// Errors: invalid, limit (a key that was given can be guessed, or is too long).
   [[nodiscard]] static core::result<std::unique_ptr<store_backends>>
   open(options o, const core::clock& clock = core::clock::system());

   virtual ~store_backends() = default;
   /// Outcomes have the codes of `plugins::kv_outcome`, and invalid; what else goes wrong is io.
   [[nodiscard]] virtual plugins::kv_backend& kv() = 0;
   /// Sealed values are bytes, not text. Where no key can be had, both functions give its error.
   [[nodiscard]] virtual plugins::crypto_backend& crypto() = 0;
};

} // namespace fmcp::app
