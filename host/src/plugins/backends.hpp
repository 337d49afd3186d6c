#pragma once

/// What the host's services for plugins stand on. Other rooms do the work, `app` plugs them in; a
/// null backend means that the service does not exist here.
///
/// Thread safety: all members, any thread. Callbacks are called exactly once, never inside the
/// starting function, and should be quick.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/auth_reason.hpp"
#include "core/fetch.hpp"
#include "core/result.hpp"

namespace fmcp::plugins {

/// `fmcp.jwt/1`.
struct jwt_policy {
   std::string jwks_uri, jwks_json, pem; ///< exactly one of these and `shared_secret`
   std::string shared_secret;
   std::vector<std::string> issuers; ///< `*` stands for exactly one non-empty path segment
   bool any_issuer = false;          ///< said explicitly; with no issuers
   std::vector<std::string> audiences;
   bool any_audience = false;
   std::vector<std::string> algorithms;
   std::vector<std::string> types; ///< accepted `typ`, without case; empty: none, JWT, at+jwt
   std::chrono::seconds leeway{0};
   std::chrono::seconds min_refresh{0};                     ///< 0: the host's default
   std::shared_ptr<const core::http::fetch_policy> reach{}; ///< where keys may be fetched from
};
struct jwt_outcome {
   core::auth_reason reason = core::auth_reason::denied; ///< none: the token is good
   std::string claims_json{};                            ///< with `none`
   std::string detail{}; ///< one sentence, without claim values of the token
};
class jwt_backend {
public:
   virtual ~jwt_backend() = default;
   /// Errors: invalid, unsupported. The message names the member of the policy.
   virtual core::result<std::uint64_t> add(jwt_policy p) = 0;
   virtual void remove(std::uint64_t policy) = 0;
   /// Nothing: its key has to be fetched first.
   virtual std::optional<jwt_outcome> verify_now(std::uint64_t policy, std::string_view token) = 0;
   virtual void verify(std::uint64_t policy, std::string_view token,
                       std::move_only_function<void(jwt_outcome)> done) = 0;
};

/// `fmcp.kv/1`. `space` keeps instances apart.
struct kv_outcome {
   core::result<void> status{}; ///< not_found, conflict, limit, io
   std::string value{};
   std::uint64_t version = 0;
};
using kv_done = std::move_only_function<void(kv_outcome)>;
class kv_backend {
public:
   virtual ~kv_backend() = default;
   virtual void get(std::string_view space, std::string_view key, kv_done done) = 0;
   /// `if_version`: 0 in any case, UINT64_MAX only where there is no such key, else only over that
   /// version.
   virtual void put(std::string_view space, std::string_view key, std::string_view value,
                    std::chrono::milliseconds ttl, std::uint64_t if_version, kv_done done) = 0;
   virtual void take(std::string_view space, std::string_view key, kv_done done) = 0;
   virtual void remove(std::string_view space, std::string_view key, kv_done done) = 0;
};

/// `fmcp.crypto/1`. `space` keeps instances apart.
class crypto_backend {
public:
   virtual ~crypto_backend() = default;
   [[nodiscard]] virtual core::result<std::string> seal(std::string_view space,
                                                        std::string_view plain,
                                                        std::string_view aad,
                                                        std::chrono::milliseconds ttl) = 0;
   /// Errors: denied.
   [[nodiscard]] virtual core::result<std::string>
   open(std::string_view space, std::string_view sealed, std::string_view aad) = 0;
};

struct backends {
   core::http::fetcher* http = nullptr;
   jwt_backend* jwt = nullptr;
   kv_backend* kv = nullptr;
   crypto_backend* crypto = nullptr;
};

} // namespace fmcp::plugins
