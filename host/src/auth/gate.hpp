#pragma once

/// The bearer gate: who sends this request, and may he?
///
/// The life of a request here
///
///     look (head there)     token in the right place, well-formed?      no: 400, 401
///                           the one that was verified last on this connection? ── pass, lock-free
///                           in the shared table?                        ── pass or refused
///                           else `unknown`: the endpoint reads the body first
///     check (body there)    the same; else the verifier is asked. When it answers inside the call
///                           the request goes on at once; else it is held, and the answer posts it
///                           back to its connection's thread, where `again` runs
///
/// Whatever the source of a finding, every request is judged anew: expiry by the clock, the
/// server's required scopes. A verdict that allows without naming anybody is the provider's failure
/// (503).
///
/// Bounds: requests that wait, altogether, in bytes (a body belongs to somebody unknown as long as
/// its token is) and for one token; more are answered 503 at once. A peer that goes while its
/// request waits gives its place back when the verifier answers, which it does within `patience`
/// and a little.
///
/// One per process. Thread safety: all members, any thread; `look` and `check` on the connection's.
/// Lifetimes: made by `make_shared`, kept alive by what waits; `verifier` and clocks outlive it. A
/// verifier that drops a question unanswered has failed, and the requests get their 503.
/// Errors: answers, see `challenge.hpp`, and lines in the log, see `refusals.hpp`. No token is ever
/// logged, and of its claims nothing but the client's id.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authorization.hpp"
#include "auth/rate_limit.hpp"
#include "auth/refusals.hpp"
#include "auth/token_cache.hpp"
#include "auth/verifier.hpp"
#include "core/http.hpp"

namespace fmcp::auth {

struct gate_options {
   verifier* ask = nullptr;  ///< never null
   std::string resource;     ///< URL of what is protected, for the verifier
   std::string metadata_url; ///< for the challenge; empty: not published
   std::vector<std::string> required_scopes{};
   /// Asked for in a 401; empty: the required ones.
   std::vector<std::string> challenge_scopes{};
   std::chrono::milliseconds patience{5'000}; ///< for one verification
   std::chrono::seconds leeway{0};            ///< granted to a token's expiry
   std::size_t max_held = 1'024;              ///< requests that wait
   std::size_t max_held_bytes = 64u << 20;    ///< of these; one that waits alone may be larger
   token_cache::options cache{};              ///< `leeway` and `clock` are taken from here
   rate_limit::options rate{};                ///< likewise `clock`
   const core::clock* clock = &core::clock::system();
};

class gate : public std::enable_shared_from_this<gate> {
public:
   explicit gate(gate_options o);

   enum class outcome : std::uint8_t {
      pass,
      answered, ///< refused
      unknown,  ///< from `look` only: has to be asked
      waiting,  ///< from `check` only: `again` will be called, unless refused or the peer goes
   };
   struct decision {
      outcome what = outcome::answered;
      const core::caller_ref* who = nullptr; ///< with `pass`; until the handler returns
   };
   using again = std::move_only_function<void(const core::http::request&, core::http::responder&)>;
   using fields = std::span<const core::http::field>;

   [[nodiscard]] decision look(const core::http::request& rq, core::http::responder& out,
                               fields cors);
   [[nodiscard]] decision check(const core::http::request& rq, core::http::responder& out,
                                fields cors, again resume);

   /// A call needs scopes that its caller lacks: the log and the count.
   void note_scopes(const core::principal& who, std::span<const std::string> needed,
                    const core::call_site& at);
   /// The answer: 403 with all scopes that a new token needs: the server's, `needed`, and those of
   /// the present token that anything here asks for, since some clients ask for nothing but the
   /// challenge's and would lose them.
   void refuse_scopes(const core::principal& who, std::span<const std::string> needed,
                      core::http::responder& out, fields cors);
   /// Scopes that some tool asks for; replaces the ones before.
   void set_known_scopes(std::vector<std::string> scopes);

   /// Counts a call. 0: go on; else seconds, the log has been told, and the answer is 429.
   [[nodiscard]] unsigned seconds_to_wait(const core::principal& who, const core::call_site& at);

   /// SHA-256 of a token, raw; empty: all.
   void forget(std::string_view token_sha256) { cache_.forget(token_sha256); }

   // For the metrics, which are to show them; until then tests read them.

   struct numbers {
      std::uint64_t asked = 0; ///< verifications that were begun
      std::size_t held = 0;    ///< requests that wait now
      std::size_t held_bytes = 0;
      token_cache::sizes cache{};
   };
   [[nodiscard]] numbers count() const;
   [[nodiscard]] const refusals& refused() const noexcept { return refusals_; }

private:
   struct room;
   class place;
   struct suspended;

   [[nodiscard]] decision find_known(std::string_view token, const core::http::request& rq,
                                     core::http::responder& out, fields cors);
   [[nodiscard]] decision judge(const finding& f, std::string_view peer, core::http::responder& out,
                                fields cors);
   [[nodiscard]] decision use(const finding_ref& f, std::string_view peer,
                              core::http::responder& out, fields cors);
   [[nodiscard]] decision refuse(core::auth_reason why, std::string_view peer,
                                 core::http::responder& out, fields cors,
                                 const finding* about = nullptr);
   [[nodiscard]] decision hold(const token_cache::flight_ref& f, const core::http::request& rq,
                               core::http::responder& out, fields cors, again resume);
   [[nodiscard]] decision refuse_busy(std::string why, std::string_view peer,
                                      core::http::responder& out, fields cors);
   [[nodiscard]] std::vector<std::string> missing(const core::principal& who,
                                                  std::span<const std::string> needed) const;
   void verify(const token_cache::flight_ref& f, std::string_view token,
               const core::http::request& rq);
   void resume(suspended& s, const finding_ref& f);

   const gate_options options_;
   const std::string scope_; ///< asked for in a 401
   token_cache cache_;
   rate_limit rate_;
   refusals refusals_;
   std::atomic<std::uint64_t> asked_{0};
   const std::shared_ptr<room> room_;
   mutable std::mutex mutex_;
   std::vector<std::string> known_scopes_; // guarded by mutex_
};

} // namespace fmcp::auth
