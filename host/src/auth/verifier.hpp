#pragma once

/// Who can say whether a token is good. `app` makes one of a provider plugin.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/auth_reason.hpp"
#include "core/principal.hpp"

namespace fmcp::auth {

/// What is asked. The strings are the asker's, and the verifier copies what it keeps.
struct question {
   std::string_view token; ///< checked: charset and length
   std::string_view method;
   /// `url` and `resource`: of what is asked for and of the protected resource, as clients know
   /// them; or empty. From the settings: `Host` is the sender's word.
   std::string_view url, peer_address, resource;
   std::chrono::steady_clock::time_point deadline{};
};

/// What comes back. A default one denies.
struct verdict {
   core::auth_reason reason = core::auth_reason::denied; ///< none: the token is good
   core::caller_ref who{};                               ///< with `none`, never null
   std::chrono::seconds cache_for{0}; ///< 0: not to be remembered; `who`'s expiry caps it
   std::string detail{};              ///< one sentence for log and doctor; no claim, no token
   std::string challenge_scope{};     ///< for WWW-Authenticate, or empty
   bool is_forbidden = false;         ///< refused with 403 and not 401
};

using verdict_done = std::move_only_function<void(verdict)>;

/// Thread safety: any thread.
class verifier {
public:
   virtual ~verifier() = default;
   /// `done` is called exactly once, possibly inside this call, possibly on any thread, at latest a
   /// little behind the deadline.
   virtual void verify(const question& q, verdict_done done) = 0;
};

} // namespace fmcp::auth
