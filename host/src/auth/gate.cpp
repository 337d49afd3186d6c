#include "auth/gate.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "auth/challenge.hpp"
#include "core/result.hpp"

namespace fmcp::auth {

using core::auth_reason;
using core::http::field;
using core::http::request;
using core::http::responder;

namespace {

token_cache::options for_cache(const gate_options& o) {
   auto out = o.cache;
   out.leeway = o.leeway;
   out.clock = o.clock;
   return out;
}

rate_limit::options for_rate(const gate_options& o) {
   auto out = o.rate;
   out.clock = o.clock;
   return out;
}

/// What it takes to put a request aside, roughly, and rather more than less.
std::size_t size_of(const request& rq) noexcept {
   std::size_t n = 1'024 + rq.path.size() + rq.query.size() + rq.host.size() + rq.body.size();
   for (const auto& f : rq.fields) n += sizeof f + f.name.size() + f.value.size();
   return n;
}

/// What the log may call somebody. A client's id is a program's name, unless it was taken from the
/// subject, for want of one.
std::string_view client_of(const core::principal& who) noexcept {
   return who.client_id == who.subject ? std::string_view() : who.client_id;
}

std::string joined(std::span<const std::string> scopes) {
   const std::array lists{scopes};
   return join_scopes(lists);
}

/// What a verifier says, with its promises checked.
verdict checked(verdict v) {
   if (v.reason != auth_reason::none) {
      v.who.reset();
   } else if (!v.who || (v.who->subject.empty() && v.who->client_id.empty())) {
      v = {.reason = auth_reason::provider_failed,
           .detail = "the provider has allowed a token without naming anybody"};
   }
   return v;
}

/// The verifier's way to answer, which answers by itself when it is dropped.
class ticket {
public:
   ticket(std::shared_ptr<gate> keep, token_cache& cache, token_cache::flight_ref f)
       : keep_(std::move(keep)), cache_(&cache), flight_(std::move(f)) {}
   ticket(ticket&& other) noexcept = default;
   ticket& operator=(ticket&&) = delete;
   ~ticket() {
      if (!flight_) return;
      settle({.reason = auth_reason::provider_failed,
              .detail = "the verifier has dropped a question unanswered"});
   }
   void settle(verdict v) {
      if (const auto f = std::exchange(flight_, nullptr)) cache_->settle(f, checked(std::move(v)));
   }

private:
   std::shared_ptr<gate> keep_; // the cache is its
   token_cache* cache_;
   token_cache::flight_ref flight_;
};

} // namespace

/// Where requests wait.
struct gate::room {
   std::atomic<std::size_t> requests{0}, bytes{0};
};

/// A place in it, given back at the end.
class gate::place {
public:
   /// Errors: limit; the message is a sentence for the log.
   static core::result<std::unique_ptr<place>> take(const std::shared_ptr<room>& in,
                                                    std::size_t bytes, const gate_options& o) {
      std::unique_ptr<place> mine(new place(in, bytes));
      const auto others = in->requests.fetch_add(1), theirs = in->bytes.fetch_add(bytes);
      if (others >= o.max_held) {
         return core::fail(core::errc::limit,
                           fmt::format("{} requests wait for the verification of their tokens, as "
                                       "many as may: look whether the provider answers",
                                       o.max_held));
      }
      if (others != 0 && theirs + bytes > o.max_held_bytes) {
         return core::fail(core::errc::limit,
                           fmt::format("requests of {} bytes wait for the verification of their "
                                       "tokens, and {} may: look whether the provider answers",
                                       theirs, o.max_held_bytes));
      }
      return mine;
   }
   place(const place&) = delete;
   place& operator=(const place&) = delete;
   ~place() {
      --in_->requests;
      in_->bytes -= bytes_;
   }

private:
   place(std::shared_ptr<room> in, std::size_t bytes) : in_(std::move(in)), bytes_(bytes) {}
   const std::shared_ptr<room> in_;
   const std::size_t bytes_;
};

/// A request that waits for its verdict.
struct gate::suspended {
   std::shared_ptr<gate> owner;
   std::unique_ptr<place> seat;
   std::shared_ptr<core::http::held_request> held;
   std::vector<std::pair<std::string, std::string>> cors;
   again resume;
};

gate::gate(gate_options o)
    : options_(std::move(o)),
      scope_(joined(options_.challenge_scopes.empty() ? options_.required_scopes
                                                      : options_.challenge_scopes)),
      cache_(for_cache(options_)), rate_(for_rate(options_)), refusals_(*options_.clock),
      room_(std::make_shared<room>()) {}

// ------------------------------------------------------------------------------------ the hot path

/// The slot of a connection holds the finding that was used last on it. `token`: as it was sent;
/// one that has been found before needs no look at its characters.
gate::decision gate::find_known(std::string_view token, const request& rq, responder& out,
                                fields cors) {
   const auto* own = static_cast<const finding*>(out.identity().get());
   if (own != nullptr && crypto::equal_constant_time(own->token.view(), token) &&
       cache_.is_current(*own, options_.clock->mono_ns()))
      return judge(*own, rq.peer_address, out, cors);
   if (!is_token(token)) return refuse(auth_reason::malformed, rq.peer_address, out, cors);
   const auto found = cache_.find(token);
   return found ? use(found, rq.peer_address, out, cors) : decision{.what = outcome::unknown};
}

gate::decision gate::use(const finding_ref& f, std::string_view peer, responder& out, fields cors) {
   out.identity() =
         f; // also what is good once: the principal has to live until the handler returns
   return judge(*f, peer, out, cors);
}

/// Expiry and the server's scopes, of every request.
gate::decision gate::judge(const finding& f, std::string_view peer, responder& out, fields cors) {
   if (f.what.reason != auth_reason::none) return refuse(f.what.reason, peer, out, cors, &f);
   const auto& who = *f.what.who;
   const auto grace_ms = std::chrono::milliseconds(options_.leeway).count();
   if (who.is_expired(options_.clock->unix_ms() - grace_ms))
      return refuse(auth_reason::expired, peer, out, cors, &f);
   for (const auto& scope : options_.required_scopes) {
      if (who.has_scope(scope)) continue;
      note_scopes(who, {}, {.peer_address = peer});
      refuse_scopes(who, {}, out, cors);
      return {};
   }
   return {.what = outcome::pass, .who = &f.what.who};
}

gate::decision gate::look(const request& rq, responder& out, fields cors) {
   const auto p = find_bearer(rq);
   if (p.reason != auth_reason::none) return refuse(p.reason, rq.peer_address, out, cors);
   return find_known(p.token, rq, out, cors);
}

// ------------------------------------------------------------------------------------- the long
// way

gate::decision gate::check(const request& rq, responder& out, fields cors, again resume) {
   const auto p = find_bearer(rq);
   if (p.reason != auth_reason::none) return refuse(p.reason, rq.peer_address, out, cors);
   if (const auto d = find_known(p.token, rq, out, cors); d.what != outcome::unknown) return d;
   auto asked = cache_.ask(p.token);
   if (asked.is_leader) verify(asked.pending, p.token, rq);
   if (!asked.known) asked.known = asked.pending->result();
   if (asked.known) return use(asked.known, rq.peer_address, out, cors);
   return hold(asked.pending, rq, out, cors, std::move(resume));
}

void gate::verify(const token_cache::flight_ref& f, std::string_view token, const request& rq) {
   asked_.fetch_add(1, std::memory_order_relaxed);
   options_.ask->verify({.token = token,
                         .method = rq.verb_text,
                         .url = options_.resource,
                         .peer_address = rq.peer_address,
                         .resource = options_.resource,
                         .deadline = std::chrono::steady_clock::now() + options_.patience},
                        [t = ticket(shared_from_this(), cache_, f)](verdict v) mutable {
                           t.settle(std::move(v));
                        });
}

gate::decision gate::hold(const token_cache::flight_ref& f, const request& rq, responder& out,
                          fields cors, again work) {
   auto seat = place::take(room_, size_of(rq), options_);
   if (!seat) return refuse_busy(std::move(seat.error().message), rq.peer_address, out, cors);
   auto held = out.hold();
   if (!held) {
      return refuse_busy("the connection cannot put a request aside", rq.peer_address, out, cors);
   }
   auto s = std::make_shared<suspended>(shared_from_this(), std::move(*seat), std::move(held));
   for (const auto& c : cors) s->cors.emplace_back(c.name, c.value);
   s->resume = std::move(work);
   const auto go_on = [s](const finding_ref& found) {
      s->held->home().post([s, found] { s->owner->resume(*s, found); });
   };
   token_cache::waiter w = go_on;
   switch (f->wait(w)) {
   case token_cache::flight::joined::waiting: break;
   case token_cache::flight::joined::landed: go_on(f->result()); break;
   case token_cache::flight::joined::full: {
      // Put aside already, so it can only be refused the long way.
      const auto busy = std::make_shared<finding>();
      busy->what = {.reason = auth_reason::busy,
                    .detail = fmt::format("{} requests wait for the verification of this token, as "
                                          "many as may",
                                          options_.cache.max_waiters)};
      go_on(busy);
   }
   }
   return {.what = outcome::waiting};
}

/// [the connection's thread]
void gate::resume(suspended& s, const finding_ref& f) {
   s.seat.reset();
   const auto held = std::exchange(s.held, nullptr);
   held->resume([&](const request& rq, responder& out) {
      std::vector<field> cors;
      for (const auto& [name, value] : s.cors) cors.push_back({name, value});
      const auto d = use(f, rq.peer_address, out, cors);
      if (d.what != outcome::pass) return;
      request known = rq;
      known.caller = d.who;
      s.resume(known, out);
   });
}

// ---------------------------------------------------------------------------------------- refusing

gate::decision gate::refuse(auth_reason why, std::string_view peer, responder& out, fields cors,
                            const finding* about) {
   std::string asked_for;
   if (about != nullptr) {
      // A provider's words go into a header: only what is a scope does.
      std::vector<std::string> scopes;
      std::string_view rest = about->what.challenge_scope;
      while (!rest.empty()) {
         const auto end = rest.find(' ');
         scopes.emplace_back(rest.substr(0, end));
         rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      }
      asked_for = joined(scopes);
   }
   const auto r = make_refusal(why, {.scope = asked_for.empty() ? scope_ : asked_for,
                                     .resource_metadata = options_.metadata_url,
                                     .is_forbidden = about != nullptr && about->what.is_forbidden});
   refusals::about whom{.peer = peer};
   if (about != nullptr) {
      whom.detail = about->what.detail;
      if (about->what.who) whom.client = client_of(*about->what.who);
   }
   refusals_.note(why, r.status, whom);
   send(r, out, cors);
   return {};
}

gate::decision gate::refuse_busy(std::string why, std::string_view peer, responder& out,
                                 fields cors) {
   finding busy;
   busy.what = {.reason = auth_reason::busy, .detail = std::move(why)};
   return refuse(auth_reason::busy, peer, out, cors, &busy);
}

/// Each once.
std::vector<std::string> gate::missing(const core::principal& who,
                                       std::span<const std::string> needed) const {
   std::vector<std::string> out;
   const std::array<std::span<const std::string>, 2> wanted{options_.required_scopes, needed};
   for (const auto list : wanted) {
      for (const auto& scope : list) {
         if (is_scope_token(scope) && !who.has_scope(scope) &&
             std::ranges::find(out, scope) == out.end())
            out.push_back(scope);
      }
   }
   return out;
}

void gate::note_scopes(const core::principal& who, std::span<const std::string> needed,
                       const core::call_site& at) {
   refusals_.note(auth_reason::missing_scope, 403,
                  {.peer = at.peer_address,
                   .client = client_of(who),
                   .tool = at.tool,
                   .detail = describe_missing(missing(who, needed))});
}

void gate::refuse_scopes(const core::principal& who, std::span<const std::string> needed,
                         responder& out, fields cors) {
   std::vector<std::string> kept;
   {
      const std::lock_guard lock(mutex_);
      std::ranges::copy_if(known_scopes_, std::back_inserter(kept),
                           [&](const auto& scope) { return who.has_scope(scope); });
   }
   const std::array<std::span<const std::string>, 3> all{options_.required_scopes, needed, kept};
   const auto scope = join_scopes(all);
   send(make_refusal(auth_reason::missing_scope, {.scope = scope,
                                                  .resource_metadata = options_.metadata_url,
                                                  .missing = missing(who, needed)}),
        out, cors);
}

void gate::set_known_scopes(std::vector<std::string> scopes) {
   const std::lock_guard lock(mutex_);
   known_scopes_ = std::move(scopes);
}

unsigned gate::seconds_to_wait(const core::principal& who, const core::call_site& at) {
   const auto seconds = rate_.take(who);
   if (seconds == 0) return 0;
   refusals_.note(auth_reason::rate_limited, 429,
                  {.peer = at.peer_address,
                   .client = client_of(who),
                   .tool = at.tool,
                   .detail = fmt::format("calls_per_minute is {}; the next call may come in {} s",
                                         options_.rate.calls_per_minute, seconds)});
   return seconds;
}

gate::numbers gate::count() const {
   return {.asked = asked_.load(std::memory_order_relaxed),
           .held = room_->requests.load(),
           .held_bytes = room_->bytes.load(),
           .cache = cache_.count()};
}

} // namespace fmcp::auth
