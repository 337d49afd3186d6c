#pragma once

/// Refusals, counted and told: one log line each, unless they come in floods.
///
///     info auth: request refused reason=expired status=401 peer="192.0.2.7" detail="…"
///     info auth: request refused reason=missing_scope status=403 peer="192.0.2.7" client="ci"
///                tool="deploy" detail="the token lacks the scope deploy"
///
/// A client that begins to log in is refused once without a token: that is no news (debug). What
/// could not be told is a warning. `detail` is the gate's or the verifier's, who put neither token
/// nor claims into it. Of a caller whose token is good the line names the client, which is a
/// program, and never the subject, which may be a person; of a call the tool.
///
/// `status` is what such a request is answered when it comes alone; in a batch it is the code of
/// one error among other answers.
///
/// Thread safety: all members, any thread.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "core/auth_reason.hpp"
#include "core/clock.hpp"

namespace fmcp::auth {

class refusals {
public:
   static constexpr std::size_t reason_count =
         static_cast<std::size_t>(core::auth_reason::rate_limited) + 1;

   /// At most `max_lines` in a second; the first line of a later one says how many were left out.
   explicit refusals(const core::clock& clock, unsigned max_lines = 20)
       : clock_(clock), max_lines_(max_lines) {}

   /// What may be told; left out where it is empty, but for the peer.
   struct about {
      std::string_view peer{}, client{}, tool{}, detail{};
   };
   void note(core::auth_reason why, int status, const about& whom);

   [[nodiscard]] std::uint64_t count(core::auth_reason why) const noexcept {
      return counts_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
   }

private:
   [[nodiscard]] bool may_write(std::uint64_t& left_out);

   const core::clock& clock_;
   const unsigned max_lines_;
   std::array<std::atomic<std::uint64_t>, reason_count> counts_{};
   std::mutex mutex_;
   std::uint64_t second_ = 0;   // guarded by mutex_: the one that is counted
   unsigned lines_ = 0;         // guarded by mutex_
   std::uint64_t left_out_ = 0; // guarded by mutex_
};

} // namespace fmcp::auth
