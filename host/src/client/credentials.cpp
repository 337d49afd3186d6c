#include "client/credentials.hpp"

#include <utility>

#include <fmt/format.h>

#include "client/challenge.hpp"

namespace fmcp::client {
namespace {

std::string reason(const challenge& c) {
   if (c.error.empty() && c.error_description.empty()) return {};
   if (c.error_description.empty()) return fmt::format(": {}", c.error);
   return fmt::format(": {}", c.error_description);
}

std::unexpected<core::error> denied(std::string message) {
   return core::fail(core::errc::denied, std::move(message));
}

class nothing final : public credentials {
public:
   core::result<std::string> authorization() override { return std::string(); }
   core::result<void> refused(const core::http::fetch_reply& by) override {
      const auto c = find_challenge(by.headers);
      if (by.status == 403) return denied(fmt::format("the server forbids it (403){}", reason(c)));
      return denied(fmt::format("the server wants to know who calls (401){}; log in with --auth "
                                "oauth, or give a token with --bearer-file FILE or --bearer -",
                                reason(c)));
   }
};

class one_token final : public credentials {
public:
   explicit one_token(std::string token) : field_("Bearer " + std::move(token)) {}

   core::result<std::string> authorization() override { return field_; }
   core::result<void> refused(const core::http::fetch_reply& by) override {
      const auto c = find_challenge(by.headers);
      if (by.status == 401)
         return denied(fmt::format("the server does not accept the token (401){}", reason(c)));
      if (c.error == "insufficient_scope" && !c.scopes.empty()) {
         return denied(
               fmt::format("the token does not suffice (403); a token with the scopes \"{}\" "
                           "is needed",
                           join_scopes(c.scopes)));
      }
      return denied(
            fmt::format("the server forbids it to the owner of this token (403){}", reason(c)));
   }

private:
   std::string field_;
};

} // namespace

std::unique_ptr<credentials> anonymous() {
   return std::make_unique<nothing>();
}

std::unique_ptr<credentials> bearer(std::string token) {
   return std::make_unique<one_token>(std::move(token));
}

} // namespace fmcp::client
