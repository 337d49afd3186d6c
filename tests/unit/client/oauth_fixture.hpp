#pragma once

/// A login against an authorization server that is written down, with a user who is quick.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "client/form.hpp"
#include "client/oauth.hpp"
#include "support/temp_dir.hpp"
#include "unit/client/scripted_exchange.hpp"

namespace fmcp::client {

using test::scripted_exchange;

inline constexpr const char* server = "https://srv/mcp";
inline constexpr const char* resource_place =
      "GET https://srv/.well-known/oauth-protected-resource/mcp";
inline constexpr const char* issuer_place =
      "GET https://as/.well-known/oauth-authorization-server/t";
inline constexpr const char* register_place = "POST https://as/register";
inline constexpr const char* login_page = "GET https://as/authorize";
inline constexpr const char* token_place = "POST https://as/token";

inline constexpr const char* resource_text =
      R"({"resource":"https://srv/mcp","authorization_servers":["https://as/t"],"scopes_supported":["read"]})";
inline constexpr const char* issuer_text =
      R"({"issuer":"https://as/t","authorization_endpoint":"https://as/authorize",)"
      R"("token_endpoint":"https://as/token","registration_endpoint":"https://as/register",)"
      R"("code_challenge_methods_supported":["S256"],"scopes_supported":["read","offline_access"],)"
      R"("client_id_metadata_document_supported":true})";

inline std::string tokens(std::string_view access, std::string_view refresh, int life = 3600,
                          std::string_view scope = "") {
   std::string out = R"({"token_type":"Bearer","access_token":")" + std::string(access) +
                     R"(","expires_in":)" + std::to_string(life);
   if (!refresh.empty()) out += R"(,"refresh_token":")" + std::string(refresh) + "\"";
   if (!scope.empty()) out += R"(,"scope":")" + std::string(scope) + "\"";
   return out + "}";
}

/// Logs in at once, and remembers where it was sent.
class quick_user final : public user_agent {
public:
   core::result<std::uint16_t> listen(std::uint16_t preferred) override {
      wanted.push_back(preferred);
      return is_taken || preferred == 0 ? next_port++ : preferred;
   }
   void show(const std::string& url) override { shown.push_back(url); }
   core::result<std::string> wait(std::function<callback(std::string_view query)> judge) override {
      if (is_away) return core::fail(core::errc::timeout, "nobody logged in");
      const auto query = parameters();
      EXPECT_EQ(judge("code=stolen&state=guessed").what, callback::kind::foreign);
      auto c = judge(
            form_encoded({{"code", "c0de"}, {"state", *single(query, "state")}, {"iss", issuer}}));
      if (c.what != callback::kind::granted) return core::fail(core::errc::denied, c.text);
      return c.text;
   }
   fields parameters() const {
      return form_decoded(shown.back().substr(shown.back().find('?') + 1)).value();
   }
   std::string asked(std::string_view name) const {
      return single(parameters(), name).value_or("(not there)");
   }

   std::vector<std::string> shown;
   std::vector<std::uint16_t> wanted;
   std::uint16_t next_port = 4000;
   bool is_taken = false, is_away = false;
   std::string issuer = "https://as/t";
};

inline core::http::fetch_reply refusal(int status, std::string challenge) {
   return {.status = status,
           .headers = {{"www-authenticate", std::move(challenge)}},
           .body = {},
           .final_url = {}};
}
inline const auto no_token = refusal(401, "Bearer");
inline const auto bad_token =
      refusal(401, "Bearer error=invalid_token, error_description=\"Not you.\"");

class oauth_fixture : public ::testing::Test {
protected:
   oauth_fixture() { start_over(); }
   /// With an issuer that has no client, and gives out these ids one after the other.
   void start_over(const std::vector<std::string>& ids = {"me"}) {
      net_ = scripted_exchange();
      net_.on(resource_place, 200, resource_text).on(issuer_place, 200, issuer_text);
      for (const auto& id : ids) net_.on(register_place, 201, R"({"client_id":")" + id + "\"}");
      user_.shown.clear();
      EXPECT_TRUE(file().forget(server).has_value());
   }
   token_file file() const { return token_file::open(dir_.at("client")).value(); }
   /// As another command would.
   std::unique_ptr<credentials> start() {
      return oauth({.with = net_.get(),
                    .allowed = reach::of_server(server).value(),
                    .file = file(),
                    .agent = user_,
                    .options = options_,
                    .time = time_});
   }
   /// Whatever the query was.
   std::size_t asked_for(std::string_view place) const {
      const auto all = net_.places();
      return static_cast<std::size_t>(std::ranges::count_if(
            all, [&](const auto& p) { return p.substr(0, p.find('?')) == place; }));
   }
   /// A login, after which the server does not take the token that it led to.
   std::unique_ptr<credentials> log_in_before() {
      net_.on(token_place, 200, tokens("a1", "")).on(token_place, 200, tokens("a2", ""));
      EXPECT_TRUE(start()->refused(no_token).has_value());
      auto c = start();
      EXPECT_EQ(c->authorization(), "Bearer a1");
      return c;
   }
   fields last_grant() const { return form_decoded(net_.last(token_place).body).value(); }
   std::string granted(std::string_view name) const {
      return single(last_grant(), name).value_or("(not there)");
   }

   test::temp_dir dir_;
   scripted_exchange net_;
   quick_user user_;
   login_options options_;
   core::manual_clock time_;
};

} // namespace fmcp::client
