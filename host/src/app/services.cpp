#include "app/services.hpp"

#include <fmt/format.h>

#include "app/jwt_backend.hpp"
#include "app/store_backends.hpp"
#include "net/fetcher.hpp"

namespace fmcp::app {
namespace {

class opened final : public services {
public:
   opened(std::unique_ptr<core::http::fetcher> fetch, std::unique_ptr<store_backends> kept,
          auth::jwt_service::options tokens)
       : fetch_(std::move(fetch)), tokens_(fetch_.get(), core::clock::system(), tokens),
         jwt_(tokens_), kept_(std::move(kept)) {}

   core::http::fetcher& fetch() override { return *fetch_; }
   auth::jwt_service& tokens() override { return tokens_; }
   plugins::backends backends() override {
      return {.http = fetch_.get(), .jwt = &jwt_, .kv = &kept_->kv(), .crypto = &kept_->crypto()};
   }

private:
   const std::unique_ptr<core::http::fetcher> fetch_;
   auth::jwt_service tokens_;
   jwt_backend jwt_;
   const std::unique_ptr<store_backends> kept_;
};

store_backends::options store_options(const config::settings& s) {
   store_backends::options o{.file = s.store_file, .home = s.home, .key = s.store_key};
   if (!s.store_key_previous.empty()) o.previous_keys.push_back(s.store_key_previous);
   return o;
}

} // namespace

core::result<std::unique_ptr<services>> services::open(const config::settings& s,
                                                       std::string_view version) {
   auto fetch = net::open_fetcher({.user_agent = fmt::format("fastmcp-host/{}", version),
                                   .ca_file = s.ca_file,
                                   .https_proxy = s.https_proxy,
                                   .no_proxy = s.no_proxy});
   if (!fetch) return std::unexpected(std::move(fetch.error()));
   auto kept = store_backends::open(store_options(s));
   if (!kept) return std::unexpected(std::move(kept.error()));
   // A tenth is left for the answer's way back through the provider.
   return std::make_unique<opened>(
         std::move(*fetch), std::move(*kept),
         auth::jwt_service::options{.patience = s.verify_timeout - s.verify_timeout / 10});
}

} // namespace fmcp::app
