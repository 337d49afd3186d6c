#include "app/plugin_backend.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host.hpp"

namespace fmcp::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of(fmcp_str s) {
   return s.ptr == nullptr ? std::string() : std::string(s.ptr, s.len);
}

/// Remembers the call that was started, as a plugin that has not answered yet.
class fake_host final : public plugins::host {
public:
   void load_all(std::chrono::milliseconds) override {}
   bool settled() const noexcept override { return true; }
   std::shared_ptr<const plugins::snapshot> current() const override { return nullptr; }
   void start(const plugins::tool&, const std::shared_ptr<plugins::call>& c) override { call = c; }
   void cancel(plugins::call&, std::int32_t) override {}
   std::size_t stuck_calls() const noexcept override { return 0; }
   void drain(std::chrono::milliseconds) override {}

   std::shared_ptr<plugins::call> call;
};

class deaf final : public protocol::tool_call {
public:
   void on_progress(double, double, std::string_view) noexcept override {}
   void on_log(protocol::log_level, std::string_view, std::string_view) noexcept override {}
   void on_result(const protocol::tool_result&) noexcept override {}
   void on_failure(protocol::call_failure, std::string_view) noexcept override {}
};

class PluginBackend : public testing::Test {
protected:
   PluginBackend() { backend.serve(host); }

   const fmcp_request& start(const core::principal* who) {
      const auto tool = std::make_shared<plugins::tool>();
      protocol::call_input in;
      in.principal = who;
      (void)backend.start({.handle = tool}, in, std::make_shared<deaf>());
      return host.call->request;
   }

   fake_host host;
   plugin_backend backend;
};

TEST_F(PluginBackend, NobodyIsNull) {
   EXPECT_EQ(start(nullptr).principal, nullptr);
}

TEST_F(PluginBackend, ThePrincipalReachesThePlugin) {
   const core::principal ann{.subject = "ann",
                             .client_id = "cli",
                             .issuer = "https://as.example",
                             .provider = "jwt",
                             .tenant = "t1",
                             .scopes = {"read", "write"},
                             .claims_json = R"({"sub":"ann"})",
                             .expires_unix_ms = 17};
   const auto* p = start(&ann).principal;
   ASSERT_NE(p, nullptr);
   EXPECT_EQ(p->size, sizeof(fmcp_principal));
   EXPECT_EQ(p->flags, 0u);
   EXPECT_EQ(text_of(p->subject), "ann");
   EXPECT_EQ(text_of(p->client_id), "cli");
   EXPECT_EQ(text_of(p->issuer), "https://as.example");
   EXPECT_EQ(text_of(p->provider), "jwt");
   EXPECT_EQ(text_of(p->tenant), "t1");
   EXPECT_EQ(text_of(p->claims_json), R"({"sub":"ann"})");
   EXPECT_EQ(p->expires_unix_ms, 17);
   std::vector<std::string> scopes;
   for (std::uint32_t i = 0; i < p->scopes.count; ++i) {
      const auto* at = static_cast<const char*>(p->scopes.items) + i * p->scopes.stride;
      scopes.push_back(text_of(*reinterpret_cast<const fmcp_str*>(at)));
   }
   EXPECT_THAT(scopes, ElementsAre("read", "write"));
}

TEST_F(PluginBackend, AToolsScopesAreItsEntrys) {
   const auto free = std::make_shared<plugins::tool>();
   const auto bound = std::make_shared<plugins::tool>();
   bound->required_scopes = {"read", "write"};
   const auto entries = entries_of({.generation = 1, .tools = {free, bound}, .plugins = {}});
   ASSERT_EQ(entries.size(), 2u);
   EXPECT_THAT(entries[0].required_scopes, IsEmpty());
   EXPECT_THAT(entries[1].required_scopes, ElementsAre("read", "write"));
   EXPECT_EQ(entries[1].handle, bound);
}

} // namespace
} // namespace fmcp::app
