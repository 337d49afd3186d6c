#include "app/services.hpp"

#include <fmt/format.h>

#include "app/jwt_backend.hpp"
#include "net/fetcher.hpp"

namespace fmcp::app {
namespace {

class opened final : public services {
public:
   explicit opened(std::unique_ptr<core::http::fetcher> fetch)
       : fetch_(std::move(fetch)), tokens_(fetch_.get()), jwt_(tokens_) {}

   core::http::fetcher& fetch() override { return *fetch_; }
   auth::jwt_service& tokens() override { return tokens_; }
   plugins::backends backends() override { return {.http = fetch_.get(), .jwt = &jwt_}; }

private:
   const std::unique_ptr<core::http::fetcher> fetch_;
   auth::jwt_service tokens_;
   jwt_backend jwt_;
};

} // namespace

core::result<std::unique_ptr<services>> services::open(const config::settings& s,
                                                       std::string_view version) {
   auto fetch = net::open_fetcher({.user_agent = fmt::format("fastmcp-host/{}", version),
                                   .ca_file = s.ca_file,
                                   .https_proxy = s.https_proxy,
                                   .no_proxy = s.no_proxy});
   if (!fetch) return std::unexpected(std::move(fetch.error()));
   return std::make_unique<opened>(std::move(*fetch));
}

} // namespace fmcp::app
