#include "auth/jwt_service.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "auth/checked_policy.hpp"
#include "auth/key_source.hpp"
#include "auth/worker.hpp"
#include "core/log.hpp"
#include "crypto/jws.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using core::errc;

struct policy {
   checked_policy rules;
   std::shared_ptr<key_source> remote; ///< null: the keys are in `rules`
};
using policy_ref = std::shared_ptr<const policy>;

jwt_outcome refused(auth_reason reason, std::string_view detail) {
   return {reason, {}, std::string(detail)};
}

/// For the reasons that a key source gives.
jwt_outcome without_key(auth_reason reason) {
   switch (reason) {
   case auth_reason::unknown_key:
      return refused(reason, "the token is signed with a key that the issuer does not publish");
   case auth_reason::busy: return refused(reason, "too many tokens wait for their keys");
   default:
      return refused(auth_reason::upstream_unavailable,
                     "the token's key is not known, and the issuer's keys cannot be fetched now");
   }
}

/// Which issuer or audience came, and which would have been right: a setting that is wrong by one
/// slash is found in no other way. At debug, of verified tokens only.
void log_mismatch(const json::value& payload, const claim_rules& rules, auth_reason reason) {
   namespace log = core::log;
   if (!log::enabled(log::level::debug)) return;
   const bool is_issuer = reason == auth_reason::wrong_issuer;
   if (!is_issuer && reason != auth_reason::wrong_audience) return;
   std::string got;
   if (const auto* v = payload.find(is_issuer ? "iss" : "aud")) json::append_compact(got, *v);
   std::string want;
   for (const auto& p : rules.issuers) want += is_issuer ? p.text() + " " : std::string();
   for (const auto& a : rules.audiences) want += is_issuer ? std::string() : a + " ";
   log::debug("auth", "token refused {} {} {}", log::kv("reason", name_of(reason)),
              log::kv("received", got), log::kv("expected", want));
}

/// One token against one policy.
class trial {
public:
   trial(const checked_policy& rules, std::string_view token, std::int64_t now_unix_ms)
       : rules_(rules), token_(token), now_(now_unix_ms) {}

   /// What needs no key. Nothing: go on.
   std::optional<jwt_outcome> begin() {
      auto jws = crypto::parse_compact(token_);
      if (!jws) {
         const bool is_algorithm = jws.error().code == errc::unsupported;
         return refused(is_algorithm ? auth_reason::bad_algorithm : auth_reason::malformed,
                        jws.error().message);
      }
      jws_ = std::move(*jws);
      if (!rules_.algorithms.contains(jws_.alg)) {
         return refused(auth_reason::bad_algorithm,
                        "the token is signed with an algorithm that the policy does not allow");
      }
      if (auto r = check_type(jws_.type, rules_.claims)) return refused(r.reason, r.detail);
      return std::nullopt;
   }

   template <class Key>
   jwt_outcome with_key(const Key& key) {
      if (!verify(jws_, key, rules_.algorithms)) {
         return refused(auth_reason::bad_signature, "the token's signature is not that of its key");
      }
      if (auto refusal = claims_refusal(true)) return std::move(*refusal);
      return {auth_reason::none, std::move(jws_.payload), {}};
   }

   /// Nothing: the set does not name the key.
   std::optional<jwt_outcome> with_set(const crypto::jwk_set& set) {
      if (const auto* key = set.find(jws_.key_id, jws_.alg)) return with_key(*key);
      if (!jws_.key_id || !set.knows(*jws_.key_id)) return std::nullopt;
      const bool is_usable = std::ranges::any_of(
            set.keys(), [&](const auto& key) { return key.id() == jws_.key_id; });
      if (is_usable) {
         return refused(auth_reason::bad_algorithm,
                        "the token is signed with an algorithm that its key is not for");
      }
      return refused(auth_reason::unknown_key,
                     "the issuer publishes the token's key in a form that cannot be used");
   }

   /// Nothing: the claims are those that the policy wants.
   std::optional<jwt_outcome> claims_refusal(bool is_verified) {
      json::document document;
      const auto payload = document.parse(jws_.payload, payload_limits);
      if (!payload) {
         return refused(auth_reason::malformed,
                        "the token's payload is not one JSON object of distinct members");
      }
      const auto r = check_claims(**payload, rules_.claims, now_);
      if (!r) return std::nullopt;
      if (is_verified) log_mismatch(**payload, rules_.claims, r.reason);
      return refused(r.reason, r.detail);
   }

   [[nodiscard]] const crypto::compact_jws& jws() const noexcept { return jws_; }

private:
   const checked_policy& rules_;
   std::string_view token_;
   std::int64_t now_;
   crypto::compact_jws jws_;
};

/// An outcome, or the key that it takes.
using judgement = std::variant<jwt_outcome, key_source::wanted>;

judgement judge_static(trial& t, const checked_policy& rules) {
   if (const auto* set = std::get_if<crypto::jwk_set>(&rules.keys)) {
      auto outcome = t.with_set(*set);
      return outcome ? std::move(*outcome) : without_key(auth_reason::unknown_key);
   }
   if (const auto* key = std::get_if<crypto::public_key>(&rules.keys)) return t.with_key(*key);
   return t.with_key(std::get<crypto::shared_secret>(rules.keys));
}

judgement judge(const policy& p, std::string_view token, std::int64_t now_unix_ms) {
   trial t(p.rules, token, now_unix_ms);
   if (auto refusal = t.begin()) return std::move(*refusal);
   if (!p.remote) return judge_static(t, p.rules);
   key_source::wanted key{.id = t.jws().key_id, .alg = t.jws().alg};
   if (key.id && key.id->size() > crypto::max_key_id_bytes)
      return without_key(auth_reason::unknown_key); // no set can hold it
   if (const auto keys = p.remote->keys()) {
      if (auto outcome = t.with_set(*keys)) {
         // Without an id a signature by the next key looks like a forged one.
         key.is_newer =
               !key.id && outcome->reason == auth_reason::bad_signature && p.remote->may_fetch();
         if (!key.is_newer) return std::move(*outcome);
      }
   }
   // A token that its own claims condemn is not worth a fetch. They are not believed, only held
   // against it.
   if (auto refusal = t.claims_refusal(false)) return std::move(*refusal);
   return key;
}

/// With a set that is known to be new enough.
jwt_outcome judge_finally(const policy& p, std::string_view token, const crypto::jwk_set& keys,
                          std::int64_t now_unix_ms) {
   trial t(p.rules, token, now_unix_ms);
   if (auto refusal = t.begin()) return std::move(*refusal);
   auto outcome = t.with_set(keys);
   return outcome ? std::move(*outcome) : without_key(auth_reason::unknown_key);
}

/// What an explanation of this policy goes by.
struct keys_at_hand {
   keys_at_hand(const policy& p, std::chrono::steady_clock::time_point until) {
      if (!p.remote) return;
      const auto& uri = std::get<remote_keys>(p.rules.keys).uri;
      url = uri.substr(0, uri.find('?')); // behind it there may be a secret
      last = p.remote->wait_for_first(until);
      if (!last.has_ended) last.problem = "the keys have not come yet";
   }
   [[nodiscard]] known_keys known() const { return {last.keys.get(), url, last.problem}; }

   std::string url;
   key_source::history last;
};

/// What two policies must have in common to share a source.
std::string name_of_source(const remote_keys& where) {
   std::string out = where.uri + "\n" + std::to_string(where.min_refresh.count()) + "\n" +
                     (where.reach->any_public_https ? "any\n" : "\n");
   for (const auto& o : where.reach->origins) out += o + "\n";
   out += "trusted\n";
   for (const auto& o : where.reach->trusted) out += o + "\n";
   return out;
}

} // namespace

struct jwt_service::state {
   core::http::fetcher* fetcher;
   const core::clock& clock;
   const std::chrono::milliseconds patience;
   std::mutex mutex;
   std::unordered_map<std::uint64_t, policy_ref> policies;             // guarded by mutex
   std::unordered_map<std::string, std::weak_ptr<key_source>> sources; // guarded by mutex
   std::uint64_t last_policy = 0;                                      // guarded by mutex
   std::shared_ptr<worker> thread;

   state(core::http::fetcher* f, const core::clock& c, std::chrono::milliseconds waits)
       : fetcher(f), clock(c), patience(waits) {
      thread = std::make_shared<worker>(c, [this] { return poll(); });
   }

   policy_ref find(std::uint64_t id) {
      const std::lock_guard lock(mutex);
      const auto at = policies.find(id);
      return at == policies.end() ? nullptr : at->second;
   }

   std::vector<std::shared_ptr<key_source>> living_sources() {
      const std::lock_guard lock(mutex);
      std::vector<std::shared_ptr<key_source>> out;
      std::erase_if(sources, [](const auto& entry) { return entry.second.expired(); });
      for (const auto& [name, source] : sources) {
         if (auto alive = source.lock()) out.push_back(std::move(alive));
      }
      return out;
   }

   std::uint64_t poll() {
      std::uint64_t next = UINT64_MAX;
      for (const auto& source : living_sources()) next = std::min(next, source->poll());
      return next;
   }

   /// With the mutex held.
   std::shared_ptr<key_source> source_for(const remote_keys& where) {
      auto& entry = sources[name_of_source(where)];
      auto source = entry.lock();
      if (!source) {
         source = std::make_shared<key_source>(where, *fetcher, clock, thread, patience);
         entry = source;
      }
      return source;
   }
};

jwt_service::jwt_service(core::http::fetcher* fetcher, const core::clock& clock)
    : jwt_service(fetcher, clock, options{}) {}

jwt_service::jwt_service(core::http::fetcher* fetcher, const core::clock& clock, options o)
    : state_(std::make_unique<state>(fetcher, clock, o.patience)) {
   if (o.has_thread) state_->thread->start();
}

jwt_service::~jwt_service() {
   state_->thread->stop();
   for (const auto& source : state_->living_sources()) source->stop();
}

core::result<std::uint64_t> jwt_service::add(jwt_policy p) {
   auto checked = check_policy(std::move(p));
   if (!checked) return std::unexpected(std::move(checked.error()));
   for (const auto& w : checked->warnings)
      core::log::warn("auth", "key left out {}", core::log::kv("reason", w));
   auto entry = std::make_shared<policy>(policy{std::move(*checked), nullptr});
   std::uint64_t id = 0;
   {
      const std::lock_guard lock(state_->mutex);
      if (state_->policies.size() >= max_policies) {
         return core::fail(errc::limit, "there are " + std::to_string(max_policies) +
                                              " policies already; remove those that are not used");
      }
      if (const auto* where = std::get_if<remote_keys>(&entry->rules.keys)) {
         if (state_->fetcher == nullptr)
            return core::fail(errc::unsupported, "jwks_uri cannot be fetched by this host");
         entry->remote = state_->source_for(*where);
      }
      id = ++state_->last_policy;
      state_->policies.emplace(id, entry);
   }
   if (entry->remote) entry->remote->start();
   return id;
}

void jwt_service::remove(std::uint64_t id) {
   policy_ref last; // goes after the lock
   const std::lock_guard lock(state_->mutex);
   const auto at = state_->policies.find(id);
   if (at == state_->policies.end()) return;
   last = std::move(at->second);
   state_->policies.erase(at);
}

std::optional<jwt_outcome> jwt_service::verify_now(std::uint64_t id, std::string_view token) {
   const auto p = state_->find(id);
   if (!p) return refused(auth_reason::provider_failed, "there is no such policy");
   auto judged = judge(*p, token, state_->clock.unix_ms());
   if (auto* outcome = std::get_if<jwt_outcome>(&judged)) return std::move(*outcome);
   const auto reason = p->remote->ask(std::get<key_source::wanted>(judged));
   return reason ? std::optional(without_key(*reason)) : std::nullopt;
}

void jwt_service::verify(std::uint64_t id, std::string_view token, verified done) {
   auto& s = *state_;
   const auto later = [&s](verified d, jwt_outcome outcome) {
      s.thread->post(
            [d = std::move(d), outcome = std::move(outcome)]() mutable { d(std::move(outcome)); });
   };
   const auto p = s.find(id);
   if (!p)
      return later(std::move(done),
                   refused(auth_reason::provider_failed, "there is no such policy"));
   auto judged = judge(*p, token, s.clock.unix_ms());
   if (auto* outcome = std::get_if<jwt_outcome>(&judged))
      return later(std::move(done), std::move(*outcome));
   // `done` is needed on both ways, and only one of them is taken.
   const auto shared = std::make_shared<verified>(std::move(done));
   const auto reason = p->remote->await(
         std::move(std::get<key_source::wanted>(judged)), token.size(),
         [shared, p, text = std::string(token), &clock = s.clock](const key_source::answer& a) {
            (*shared)(a.reason == auth_reason::none
                            ? judge_finally(*p, text, *a.keys, clock.unix_ms())
                            : without_key(a.reason));
         });
   if (reason) later(std::move(*shared), without_key(*reason));
}

std::vector<policy_report> jwt_service::report(std::chrono::milliseconds patience) const {
   std::vector<std::pair<std::uint64_t, policy_ref>> all;
   {
      const std::lock_guard lock(state_->mutex);
      all.assign(state_->policies.begin(), state_->policies.end());
   }
   std::ranges::sort(all, {}, &std::pair<std::uint64_t, policy_ref>::first);
   const auto until = std::chrono::steady_clock::now() + patience;
   std::vector<policy_report> out;
   for (const auto& [id, p] : all) {
      const auto keys = keys_at_hand(*p, until);
      out.push_back(report_of(p->rules, keys.known()));
      out.back().policy = id;
   }
   return out;
}

std::vector<token_step> jwt_service::explain(std::uint64_t id, std::string_view token) const {
   const auto p = state_->find(id);
   if (!p) return {};
   const auto keys = keys_at_hand(*p, {});
   return explain_token(p->rules, keys.known(), token, state_->clock.unix_ms());
}

std::uint64_t jwt_service::step() {
   return state_->thread->step();
}

} // namespace fmcp::auth
