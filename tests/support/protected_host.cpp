#include "support/protected_host.hpp"

#include <chrono>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string error_of(int status) {
   switch (status) {
   case 400: return "invalid_request";
   case 401: return "invalid_token";
   case 403: return "insufficient_scope";
   case 429: return "rate_limited";
   default: return "temporarily_unavailable";
   }
}

void expect_challenge(const http_answer& answer, std::string_view reason) {
   const auto challenge = answer.header("WWW-Authenticate");
   if (reason == "no_token") {
      EXPECT_THAT(challenge, Not(HasSubstr("error"))); // RFC 6750 section 3.1
      EXPECT_THAT(challenge, StartsWith("Bearer "));
   } else {
      EXPECT_THAT(challenge, StartsWith("Bearer error=\"" + error_of(answer.status) +
                                        "\", error_description=\"" + std::string(reason) + ": "));
   }
   EXPECT_THAT(challenge, EndsWith("resource_metadata=\"" + std::string(metadata_url) + "\""));
}

} // namespace

std::int64_t unix_now() {
   const auto since = std::chrono::system_clock::now().time_since_epoch();
   return std::chrono::floor<std::chrono::seconds>(since).count();
}

std::string shipped_providers() {
   return FMCP_TEST_BINARY_DIR "/lib/fastmcp-host/auth";
}

variables full_names(const variables& named) {
   variables out;
   for (const auto& [name, value] : named) {
      out.emplace_back(name.starts_with("FASTMCP_") ? name : "FASTMCP_SERVER_AUTH_" + name, value);
   }
   return out;
}

host_setup protected_by(std::string provider, const variables& named,
                        std::vector<std::string> plugins) {
   auto out = protected_by_file(std::move(provider), shipped_providers(), named);
   out.plugins = std::move(plugins);
   return out;
}

host_setup protected_by_file(std::string provider, const std::string& directory,
                             const variables& named) {
   host_setup out{.plugins = {"guarded"},
                  .options = {"--auth-plugin-dir", directory},
                  .environment = full_names(named)};
   out.environment.emplace_back("FASTMCP_SERVER_AUTH", std::move(provider));
   return out;
}

variables usual_jwt() {
   return {{"JWT_ISSUER", "https://issuer.example"},
           {"JWT_AUDIENCE", "api"},
           {"JWT_BASE_URL", std::string(public_url)}};
}

headers bearer(std::string_view token) {
   if (token.empty()) return {};
   return {{"Authorization", "Bearer " + std::string(token)}};
}

http_request call_as(std::string_view token, std::string_view tool, std::string_view arguments) {
   auto out = modern_call("/mcp", tool, arguments);
   for (auto& field : bearer(token)) out.fields.push_back(std::move(field));
   return out;
}

http_answer ask_as(const http_host& host, std::string_view token, std::string_view tool,
                   std::string_view arguments) {
   return ask(host.port(), call_as(token, tool, arguments));
}

json_text caller_of(const http_answer& answer) {
   return json_text(response_of(answer).at("/result/content/0/text"));
}

std::string parameter_of(std::string_view challenge, std::string_view name) {
   const auto mark = std::string(name) + "=\"";
   const auto at = challenge.find(mark);
   if (at == std::string_view::npos) return {};
   const auto begin = at + mark.size();
   return std::string(challenge.substr(begin, challenge.find('"', begin) - begin));
}

void expect_refusal(const http_answer& answer, int status, std::string_view reason) {
   ASSERT_EQ(answer.status, status) << answer.body;
   EXPECT_EQ(answer.header("Content-Type"), "application/json");
   EXPECT_EQ(answer.header("Cache-Control"), "no-store");
   const json_text body(answer.body);
   EXPECT_EQ(body.at("/error"), error_of(status));
   const auto description = body.at("/error_description");
   EXPECT_THAT(description, StartsWith(std::string(reason) + ": "));
   EXPECT_EQ(body.size(""), 2u) << answer.body;
   if (status == 503 || status == 429) {
      EXPECT_GT(std::atoi(answer.header("Retry-After").c_str()), 0);
      EXPECT_FALSE(answer.has("WWW-Authenticate")) << "the token may be good";
      return;
   }
   expect_challenge(answer, reason);
   if (reason != "no_token") {
      EXPECT_EQ(parameter_of(answer.header("WWW-Authenticate"), "error_description"), description);
   }
}

void expect_let_in(const http_host& host, std::string_view token, std::string_view subject,
                   std::string_view what) {
   const ::testing::ScopedTrace trace(__FILE__, __LINE__, std::string(what));
   const auto answer = ask_as(host, token);
   ASSERT_EQ(answer.status, 200) << answer.body;
   EXPECT_EQ(caller_of(answer).at("/subject"), subject);
}

void expect_refused(const http_host& host, std::string_view token, int status,
                    std::string_view reason, std::string_view what) {
   const ::testing::ScopedTrace trace(__FILE__, __LINE__, std::string(what));
   expect_refusal(ask_as(host, token), status, reason);
}

} // namespace fmcp::test
