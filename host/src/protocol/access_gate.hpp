#pragma once

/// What the endpoint needs of authentication. The `auth` room implements it and `app` plugs it in;
/// without one everybody may do everything.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/http.hpp"
#include "core/principal.hpp"

namespace fmcp::protocol {

/// One per thread; all members on that thread.
class access_gate {
public:
   virtual ~access_gate() = default;

   enum class outcome : std::uint8_t {
      pass,     ///< `rq.caller` may be set to `who`
      answered, ///< refused: `out` has been used (401, 403, 429, 503 …)
      unknown,  ///< only from `look`: it cannot be said without asking the provider
      waiting,  ///< only from `check`: `out` was kept, and `again` will be called
   };
   struct decision {
      outcome what = outcome::answered;
      /// With `pass`. Valid until the handler returns; null pointer behind it is never given.
      const core::caller_ref* who = nullptr;
   };
   /// `again(rq, out)` runs on the connection's thread with the request as it was, `rq.caller` set,
   /// and a responder that works as the first one did. Not called when the request was refused or
   /// the peer has gone.
   using again = std::move_only_function<void(const core::http::request&, core::http::responder&)>;

   /// Behind Host, Origin and preflight, before the body is read. Asks nobody.
   /// `cors`: fields that every answer carries; copied, with what they point to, by whoever needs
   /// them beyond the call.
   virtual decision look(const core::http::request& rq, core::http::responder& out,
                         std::span<const core::http::field> cors) = 0;
   /// With the body there. May put the request aside while the provider is asked. Other requests
   /// that waited may be resumed inside.
   virtual decision check(const core::http::request& rq, core::http::responder& out,
                          std::span<const core::http::field> cors, again resume) = 0;

   /// The caller lacks scopes for what it calls, and is told so, by whatever answer: the log and
   /// the count. `needed`: all that the tool requires.
   virtual void note_scopes(const core::principal& who, std::span<const std::string> needed,
                            const core::call_site& at) = 0;
   /// The answer to a call of its own: 403 `insufficient_scope` with the challenge (RFC 6750
   /// section 3.1).
   virtual void refuse_scopes(const core::principal& who, std::span<const std::string> needed,
                              core::http::responder& out,
                              std::span<const core::http::field> cors) = 0;
   /// Counts one call of this caller against its rate. 0: go on; else the seconds to wait, the log
   /// has been told, and the answer is 429.
   virtual unsigned seconds_to_wait(const core::principal& who, const core::call_site& at) = 0;
};

} // namespace fmcp::protocol
