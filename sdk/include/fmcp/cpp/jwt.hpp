/// fmcp/cpp/jwt.hpp - JSON Web Tokens, verified by the host: service fmcp.jwt/1.
///
///    class my_provider : public fmcp::auth_provider_with<options> {
///    public:
///       static constexpr bool nonblocking = true;
///       my_provider() : tokens_(*this, policy()) {}
///       void verify(fmcp::pending_auth& rq) { tokens_.answer(rq); }
///
///    private:
///       fmcp::jwt_policy policy() const { … }
///       fmcp::jwt_verifier tokens_;
///    };
///
/// The manifest says .uses("fmcp.jwt/1"). Key sets are fetched, kept and refreshed by the host.
#ifndef FMCP_CPP_JWT_HPP
#define FMCP_CPP_JWT_HPP

#include "auth.hpp"

namespace fmcp {
inline namespace v1 {

/// What a token must satisfy; see fmcp_jwt_policy. Exactly one of the first four.
struct jwt_policy {
   std::string jwks_uri = {};
   std::string jwks_json = {};
   std::string_view pem = {};
   std::string_view shared_secret = {};   ///< for HS* only
   std::vector<std::string> issuers = {}; ///< '*' stands for one path segment
   bool any_issuer = false;               ///< said on purpose, with no issuers
   std::vector<std::string> audiences = {};
   bool any_audience = false;
   std::vector<std::string> algorithms = {"RS256"};
   std::vector<std::string> types = {}; ///< accepted `typ`; empty: none, JWT, at+jwt
   std::chrono::seconds leeway{0};
   std::chrono::seconds min_refresh{0}; ///< 0: the host's default
};

/// How a verification ended.
struct jwt_result {
   fmcp_status status = FMCP_E_FAIL; ///< FMCP_OK: good; FMCP_E_DENIED: not; else: cannot tell
   why reason = why::denied;
   std::string claims_json = {}; ///< one JSON object
   std::string detail = {};      ///< a sentence for the log

   /// The principal is made of the claims.
   [[nodiscard]] auth_answer answer(std::chrono::seconds cache_for) && {
      if (status == FMCP_OK) {
         allow good;
         good.claims_json = std::move(claims_json);
         good.cache_for = cache_for;
         return good;
      }
      if (status == FMCP_E_DENIED) return deny{reason, std::move(detail)};
      return unavailable{std::move(detail), reason == why::busy ? why::busy : why::upstream};
   }
};

/// One policy. Thread safety: any thread once it is constructed. Lives no longer than the plugin.
class jwt_verifier {
public:
   /// In the constructor of the plugin's class only. Errors: setting_error, the policy is refused;
   /// refused, the host has no such service.
   jwt_verifier(const plugin& of, const jwt_policy& p) : host_(of, "fmcp.jwt/1") {
      const auto& t = host_.table();
      if (t.policy == nullptr || t.verify_now == nullptr || t.verify == nullptr) {
         throw refused(FMCP_E_NOT_SUPPORTED, "The host's fmcp.jwt/1 lacks a function.");
      }
      const detail::str_list issuers(p.issuers), audiences(p.audiences), algorithms(p.algorithms),
            types(p.types);
      fmcp_jwt_policy c{};
      c.size = sizeof c;
      c.flags = (p.any_issuer ? uint32_t{FMCP_JWT_ANY_ISSUER} : 0u) |
                (p.any_audience ? uint32_t{FMCP_JWT_ANY_AUDIENCE} : 0u);
      c.jwks_uri = detail::str(p.jwks_uri);
      c.jwks_json = detail::str(p.jwks_json);
      c.pem = detail::str(p.pem);
      c.shared_secret = detail::bytes(p.shared_secret);
      c.issuers = issuers.get();
      c.audiences = audiences.get();
      c.algorithms = algorithms.get();
      c.types = types.get();
      c.leeway_s = static_cast<uint32_t>(p.leeway.count());
      c.min_refresh_s = static_cast<uint32_t>(p.min_refresh.count());
      char room[512];
      fmcp_err err{0, sizeof room, 0, 0, room};
      const fmcp_status s = t.policy(host_.context(), &c, &id_, &err);
      if (s != FMCP_OK) {
         throw setting_error(err.len == 0 ? "The host refuses the policy for tokens."
                                          : std::string(room, err.len));
      }
   }

   /// Verifies with the keys at hand, within some ten microseconds. Nothing: the token's key is not
   /// among them, use verify().
   [[nodiscard]] std::optional<jwt_result> verify_now(std::string_view token) const {
      char room[512];
      fmcp_err err{0, sizeof room, 0, 0, room};
      detail::received claims;
      auto reason = static_cast<int32_t>(why::denied);
      jwt_result out;
      out.status = host_.table().verify_now(host_.context(), id_, detail::str(token), &claims.buf,
                                            &reason, &err);
      if (out.status > FMCP_OK) return std::nullopt;
      out.reason = static_cast<why>(reason);
      out.claims_json = claims.str();
      out.detail.assign(room, err.len);
      return out;
   }

   /// Calls `f(jwt_result)` on a thread of the host, after fetching keys where needed. Errors:
   /// refused, and `f` is gone.
   template <class F>
   void verify(std::string_view token, F f) const {
      host_.start("take the token", std::move(f), [&](void* user) noexcept {
         return host_.table().verify(host_.context(), id_, detail::str(token), done<F>, user);
      });
   }

   /// All of a provider's verify(): answers now where that is possible, else when the key is there.
   void answer(pending_auth& rq, std::chrono::seconds cache_for = std::chrono::minutes(5)) const {
      if (auto now = verify_now(rq.token())) {
         rq.answer(std::move(*now).answer(cache_for));
         return;
      }
      const auto kept = std::make_shared<pending_auth>(std::move(rq));
      try {
         verify(kept->token(),
                [kept, cache_for](jwt_result r) { kept->answer(std::move(r).answer(cache_for)); });
      } catch (const refused& e) {
         kept->answer(unavailable{e.what(), why::busy});
      }
   }

private:
   template <class F>
   static void done(void* user, fmcp_status st, int32_t reason, fmcp_str claims,
                    fmcp_str text) noexcept {
      detail::waiting<F>::finish(user, "A callback for a token failed:", [&] {
         return jwt_result{st > FMCP_OK ? fmcp_status{FMCP_E_FAIL} : st, static_cast<why>(reason),
                           std::string(detail::view(claims)), std::string(detail::view(text))};
      });
   }

   detail::service<fmcp_jwt> host_;
   uint64_t id_ = 0;
};

} // namespace v1
} // namespace fmcp
#endif
