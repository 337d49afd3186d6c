// Tokens from a file: for development, and for service accounts with keys that do not change.
//
// The file is looked at again when a second has passed since the last look and a token is to be
// verified; that request and those beside it wait for the look on a thread of the pool. A file that
// has become unusable is no reason to accept what it said before: until it is mended the answer is
// 503.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include <fmcp/cpp/auth.hpp>
#include <fmcp/cpp/crypto.hpp>

#include "token_file.hpp"
#include "token_table.hpp"

namespace {

using static_tokens::stamp;
using static_tokens::token_table;

/// That time, or the last one that the clock's type holds: as nanoseconds, one in the year 2262.
std::chrono::system_clock::time_point latest_before(std::chrono::seconds since_1970) {
   using point = std::chrono::system_clock::time_point;
   constexpr auto last =
         std::chrono::duration_cast<std::chrono::seconds>(point::max().time_since_epoch());
   return point(std::min(since_1970, last));
}

constexpr auto look_every = std::chrono::seconds(1);

struct options {
   std::string tokens_file, base_url;
   std::vector<std::string> required_scopes;

   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("tokens_file", &options::tokens_file,
                          "JSON file of tokens, readable by its owner only; may change at any time")
                  .path()
                  .required(),
            fmcp::setting("required_scopes", &options::required_scopes,
                          "What every token must grant"),
            fmcp::setting("base_url", &options::base_url,
                          "Public URL of this server, without the endpoint's path; without it no "
                          "metadata is served")
                  .url());
   }
};

class static_provider : public fmcp::auth_provider_with<options> {
public:
   static constexpr bool nonblocking = true;

   static_provider() : crypto_(*this) {
      const auto first = load();
      tokens_ = first.tokens;
      stamp_ = first.of;
      looked_at_ = monotonic_time().count();
      log(fmcp::level::info,
          std::to_string(tokens_->size()) + " tokens are in " + settings().tokens_file + ".");
   }

   fmcp::auth_info info(std::string_view) override {
      fmcp::auth_info out;
      out.required_scopes = out.scopes_supported = settings().required_scopes;
      return out;
   }

   void verify(fmcp::pending_auth& rq) {
      if (is_fresh()) return rq.answer(look_up(rq.token()));
      auto kept = std::make_shared<fmcp::pending_auth>(std::move(rq));
      post([this, kept] {
         kept->answer_with([&] {
            look_again();
            return look_up(kept->token());
         });
      });
   }

private:
   using table_ref = std::shared_ptr<const token_table>;
   struct reading {
      table_ref tokens;
      stamp of;
   };

   reading load() const {
      const auto file = static_tokens::read_token_file(settings().tokens_file);
      try {
         return {std::make_shared<const token_table>(token_table::parse(
                       file.text, [this](std::string_view t) { return crypto_.sha256(t); })),
                 file.of};
      } catch (const fmcp::json_error& e) {
         throw std::runtime_error("The token file " + settings().tokens_file + " cannot be used. " +
                                  e.what());
      }
   }

   [[nodiscard]] bool is_fresh() const {
      return monotonic_time() - std::chrono::nanoseconds(looked_at_.load()) < look_every;
   }
   void look_again() {
      const std::lock_guard<std::mutex> lock(looking_);
      if (is_fresh()) return;
      const auto now_there = static_tokens::stamp_of(settings().tokens_file);
      if (now_there != stamp_) {
         stamp_ = now_there;
         table_ref fresh;
         try {
            const auto again = load();
            fresh = again.tokens;
            stamp_ = again.of;
            log(fmcp::level::info, std::to_string(fresh->size()) + " tokens are in " +
                                         settings().tokens_file + " now.");
         } catch (const std::exception& e) {
            log(fmcp::level::error, e.what());
         }
         std::atomic_store(&tokens_, fresh);
      }
      looked_at_ = monotonic_time().count();
   }

   fmcp::auth_answer look_up(std::string_view token) const {
      const auto tokens = std::atomic_load(&tokens_);
      if (!tokens) return fmcp::unavailable{"The token file cannot be used."};
      const auto* whose =
            tokens->find(crypto_.sha256(token), [this](std::string_view a, std::string_view b) {
               return crypto_.equal(a, b);
            });
      if (whose == nullptr) {
         return fmcp::deny{fmcp::why::inactive, "The token is not in the token file."};
      }
      fmcp::allow out;
      if (whose->expires_at) {
         const auto now = wall_time().time_since_epoch();
         if (*whose->expires_at <= std::chrono::duration_cast<std::chrono::seconds>(now)) {
            return fmcp::deny{fmcp::why::expired, "The token file says that it has expired."};
         }
         out.expires = latest_before(*whose->expires_at);
      }
      out.subject = whose->subject;
      out.client_id = whose->client_id;
      out.scopes = whose->scopes;
      out.claims_json = whose->claims_json;
      out.cache_for = look_every;
      return out;
   }

   fmcp::crypto_service crypto_;
   table_ref tokens_; // swapped as a whole; null: the file is unusable
   std::mutex looking_;
   stamp stamp_;                            // guarded by looking_
   std::atomic<std::int64_t> looked_at_{0}; // nanoseconds of monotonic_time()
};

} // namespace

FMCP_PLUGIN(static_provider, fmcp::manifest("io.fastmcp-host.auth.static", "static", "1.0.0")
                                   .license("Apache-2.0")
                                   .env_prefix("STATIC")
                                   .alias("fastmcp.server.auth.providers.jwt.StaticTokenVerifier")
                                   .uses("fmcp.crypto/1"));
