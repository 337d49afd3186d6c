/// Service `fmcp.jwt/1`: JSON Web Tokens, verified by the host's backend.

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "plugins/auth_answer.hpp"
#include "plugins/lists.hpp"
#include "plugins/origins.hpp"
#include "plugins/plugin_error.hpp"
#include "plugins/service_parts.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::uint64_t max_token = 64u << 10; // what a request's header may hold, and more
constexpr std::uint64_t max_url = 2048, max_keys = 64u << 10, max_secret = 4096;
constexpr std::uint32_t max_entries = 64, longest_leeway_s = 300, longest_refresh_s = 24 * 3600;
constexpr std::size_t max_entry = 1024;

core::result<jwt_policy> read_policy(const fmcp_jwt_policy& p, const grants& of) {
   const auto wrong = [](std::string_view what) {
      return core::fail(core::errc::invalid, fmt::format("The token policy is refused: {}.", what));
   };
   // A bit that is not known here may be one that demands more.
   if ((p.flags & ~std::uint32_t{FMCP_JWT_ANY_ISSUER | FMCP_JWT_ANY_AUDIENCE}) != 0) {
      return wrong("flags has a bit that this host does not know");
   }
   const auto uri = view(p.jwks_uri, max_url), keys = view(p.jwks_json, max_keys),
              pem = view(p.pem, max_keys);
   const auto secret = view_bytes(p.shared_secret, max_secret);
   if (!uri || !keys || !pem || !secret) return wrong("a source of keys is too long to be one");
   const std::string_view sources[] = {*uri, *keys, *pem, *secret};
   if (std::ranges::count_if(sources, [](auto s) { return !s.empty(); }) != 1) {
      return wrong("exactly one of jwks_uri, jwks_json, pem and shared_secret is to be given");
   }
   auto issuers = copy_strings(p.issuers, max_entries, max_entry),
        audiences = copy_strings(p.audiences, max_entries, max_entry),
        algorithms = copy_strings(p.algorithms, max_entries, max_entry),
        types = copy_strings(p.types, max_entries, max_entry);
   if (!issuers || !audiences || !algorithms || !types) {
      return wrong("issuers, audiences, algorithms or types is no list of at most 64 texts");
   }
   const bool any_issuer = (p.flags & FMCP_JWT_ANY_ISSUER) != 0,
              any_audience = (p.flags & FMCP_JWT_ANY_AUDIENCE) != 0;
   if (issuers->empty() != any_issuer) {
      return wrong("issuers is empty without FMCP_JWT_ANY_ISSUER, or not empty with it");
   }
   if (audiences->empty() != any_audience) {
      return wrong("audiences is empty without FMCP_JWT_ANY_AUDIENCE, or not empty with it");
   }
   if (algorithms->empty()) return wrong("algorithms is empty");
   if (p.leeway_s > longest_leeway_s) return wrong("leeway_s is more than 300");
   if (!uri->empty()) {
      const auto origin = origin_of(*uri);
      if (!origin) return wrong("jwks_uri is no absolute http or https URL");
      if (std::ranges::find(of.reach->origins, *origin) == of.reach->origins.end()) {
         return core::fail(core::errc::denied,
                           fmt::format("The token policy is refused: jwks_uri is at {}, which "
                                       "neither the manifest's \"net\" nor a url setting names.",
                                       *origin));
      }
   }
   return jwt_policy{.jwks_uri = std::string(*uri),
                     .jwks_json = std::string(*keys),
                     .pem = std::string(*pem),
                     .shared_secret = std::string(*secret),
                     .issuers = std::move(*issuers),
                     .any_issuer = any_issuer,
                     .audiences = std::move(*audiences),
                     .any_audience = any_audience,
                     .algorithms = std::move(*algorithms),
                     .types = std::move(*types),
                     .leeway = std::chrono::seconds(p.leeway_s),
                     .min_refresh =
                           std::chrono::seconds(std::min(p.min_refresh_s, longest_refresh_s)),
                     .reach = of.reach};
}

fmcp_status policy(void* ctx, const fmcp_jwt_policy* p, std::uint64_t* id, fmcp_err* err) noexcept {
   const auto given = copy_grown<fmcp_jwt_policy>(p, FMCP_LEAST(fmcp_jwt_policy, algorithms));
   if (ctx == nullptr || id == nullptr || !given) {
      return say(err, FMCP_E_INVALID, "policy() was called without a policy that can be read.");
   }
   *id = 0;
   instance& i = self(ctx);
   auto* backend = i.granted().with.jwt;
   if (backend == nullptr) return FMCP_E_DENIED;
   try {
      auto wanted = read_policy(*given, i.granted());
      if (!wanted) {
         return say(err, status_of(wanted.error().code), wanted.error().message);
      }
      const auto made = backend->add(std::move(*wanted));
      if (!made) return say(err, status_of(made.error().code), made.error().message);
      *id = i.add_policy(*made);
      if (*id != 0) return FMCP_OK;
      backend->remove(*made);
      return say(err, FMCP_E_LIMIT, "The instance has too many token policies.");
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

/// A key that cannot be had is no verdict on the token.
fmcp_status status_of(const jwt_outcome& o) noexcept {
   if (o.reason == core::auth_reason::none) return FMCP_OK;
   return core::is_unavailable(o.reason) ? FMCP_E_IO : FMCP_E_DENIED;
}

fmcp_status verify_now(void* ctx, std::uint64_t id, fmcp_str token, fmcp_buf* claims_json,
                       std::int32_t* reason, fmcp_err* err) noexcept {
   if (claims_json != nullptr) *claims_json = {};
   if (reason != nullptr) *reason = FMCP_AUTH_WHY_DENIED;
   const auto text = view(token, max_token);
   if (ctx == nullptr || claims_json == nullptr || reason == nullptr || !text) {
      return FMCP_E_INVALID;
   }
   auto* backend = self(ctx).granted().with.jwt;
   const auto known = self(ctx).policy(id);
   if (backend == nullptr || !known) {
      return say(err, FMCP_E_INVALID, "There is no such token policy.");
   }
   try {
      auto o = backend->verify_now(*known, *text);
      if (!o) return FMCP_PENDING;
      *reason = why_of(o->reason);
      const auto status = status_of(*o);
      if (status != FMCP_OK) return say(err, status, o->detail);
      *claims_json = give(std::move(o->claims_json));
      return FMCP_OK;
   } catch (const std::exception&) {
      *reason = FMCP_AUTH_WHY_DENIED;
      return FMCP_E_NO_MEMORY;
   }
}

fmcp_status verify(void* ctx, std::uint64_t id, fmcp_str token, fmcp_jwt_cb cb,
                   void* user) noexcept {
   const auto text = view(token, max_token);
   if (ctx == nullptr || cb == nullptr || !text) return FMCP_E_INVALID;
   instance& i = self(ctx);
   auto* backend = i.granted().with.jwt;
   const auto known = i.policy(id);
   if (backend == nullptr || !known) return FMCP_E_INVALID;
   fmcp_op op = 0;
   const auto status = i.pending().begin(op, [cb, user] {
      cb(user, FMCP_E_GONE, FMCP_AUTH_WHY_DENIED, {}, str("The verification was ended early."));
   });
   if (status != FMCP_OK) return status;
   try {
      backend->verify(*known, *text,
                      [to = i.weak_from_this(), op, cb, user](jwt_outcome o) mutable {
                         const auto alive = to.lock();
                         if (!alive) return;
                         alive->pending().decide(op, [o = std::move(o), cb, user] {
                            const auto st = status_of(o);
                            cb(user, st, why_of(o.reason),
                               st == FMCP_OK ? str(o.claims_json) : fmcp_str{}, str(o.detail));
                         });
                      });
   } catch (const std::exception&) {
      i.pending().decide(op, [cb, user] {
         cb(user, FMCP_E_NO_MEMORY, FMCP_AUTH_WHY_DENIED, {},
            str("There is no memory for the verification."));
      });
   }
   return FMCP_OK;
}

} // namespace

constexpr fmcp_jwt jwt_table{sizeof(fmcp_jwt), 0, policy, verify_now, verify};

} // namespace fmcp::plugins
