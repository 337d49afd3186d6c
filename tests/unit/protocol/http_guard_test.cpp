#include "protocol/http_guard.hpp"

#include <array>
#include <cctype>
#include <map>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_exchange.hpp"

namespace fmcp::protocol {

void PrintTo(http_guard::verdict v, std::ostream* out) {
   constexpr std::array names{"pass", "foreign_host", "foreign_origin"};
   *out << names[static_cast<std::size_t>(v)];
}

namespace {

using core::http::field;
using core::http::request;
using verdict = http_guard::verdict;
using options = http_guard::options;

constexpr auto pass = verdict::pass;
constexpr auto bad_host = verdict::foreign_host;
constexpr auto bad_origin = verdict::foreign_origin;

options local() {
   return {.port = 8000, .bound_host = "127.0.0.1"};
}
options proxied() {
   return {.is_loopback = false,
           .port = 8000,
           .bound_host = "0.0.0.0",
           .base_url = "https://MCP.example.com/base/",
           .allowed_hosts = {"intern.example", "Other.example:9000", "2001:db8::2",
                             "[2001:db8::3]:9"},
           .allowed_origins = {"https://App.example.com", "http://dev.example:3000",
                               "vscode-webview://0a1b", "https://[2001:db8::4]"}};
}
options on_port_80() {
   return {.port = 80, .bound_host = "::1"};
}
options with_tls() {
   return {.is_loopback = false, .is_tls = true, .port = 443, .bound_host = "Mcp.Example.com"};
}
options on_address() {
   return {.is_loopback = false, .port = 8000, .bound_host = "2001:db8::1"};
}

struct row {
   options (*given)();
   std::string_view host;
   std::string_view origin; ///< empty: no such field
   verdict expected;
   std::string_view why;
};

constexpr std::string_view here = "localhost:8000";

constexpr auto rows = std::to_array<row>({
      // Host, bound to loopback
      {local, "localhost:8000", {}, pass, "the usual name"},
      {local, "LOCALHOST:8000", {}, pass, "without case"},
      {local, "127.0.0.1:8000", {}, pass, "the bound address"},
      {local, "127.8.9.255:8000", {}, pass, "any of 127/8"},
      {local, "[::1]:8000", {}, pass, "IPv6 loopback"},
      {local, "[0:0:0:0:0:0:0:1]:8000", {}, pass, "written at length"},
      {local, "localhost", {}, bad_host, "that is port 80"},
      {local, "localhost:", {}, bad_host, "an empty port is the default"},
      {local, "localhost:8001", {}, bad_host, "another port"},
      {local, "localhost:80000", {}, bad_host, "no port at all"},
      {local, "localhost:-1", {}, bad_host, "a sign"},
      {local, "localhost:+8000", {}, bad_host, "a sign"},
      {local, "localhost:8000x", {}, bad_host, "rubbish behind"},
      {local, "localhost:8000:8000", {}, bad_host, "two ports"},
      {local, "", {}, bad_host, "empty"},
      {local, ":8000", {}, bad_host, "no name"},
      {local, "evil.example:8000", {}, bad_host, "DNS rebinding"},
      {local, "evil.example", {}, bad_host, "DNS rebinding"},
      {local, "localhost.evil.example:8000", {}, bad_host, "our name as a prefix"},
      {local, "evil-localhost:8000", {}, bad_host, "our name as a suffix"},
      {local, "localhost@evil.example:8000", {}, bad_host, "userinfo"},
      {local, "evil.example@localhost:8000", {}, bad_host, "userinfo"},
      {local, "127.0.0.1.evil.example:8000", {}, bad_host, "an address as a prefix"},
      {local, "127.0.0.256:8000", {}, bad_host, "no address"},
      {local, "127.0.0:8000", {}, bad_host, "three parts"},
      {local, "127.0.0.1.:8000", {}, bad_host, "an empty fifth part"},
      {local, "127.0.0.1.1:8000", {}, bad_host, "five parts"},
      {local, "0.0.0.0:8000", {}, bad_host, "a wildcard is no name of ours"},
      {local, "128.0.0.1:8000", {}, bad_host, "not loopback"},
      {local, "[::2]:8000", {}, bad_host, "not loopback"},
      {local, "[::1:8000", {}, bad_host, "no closing bracket"},
      {local, "[::1]8000", {}, bad_host, "no colon"},
      {local, "[::1]x8000", {}, bad_host, "no colon, and a port by accident"},
      {local, "[]:8000", {}, bad_host, "nothing in the brackets"},
      {local, "::1:8000", {}, bad_host, "no brackets"},
      // Host, default port
      {on_port_80, "localhost", {}, pass, "80 may be left out"},
      {on_port_80, "localhost:80", {}, pass, "or given"},
      {on_port_80, "localhost:", {}, pass, "or be empty"},
      {on_port_80, "127.0.0.2", {}, pass, "for every loopback address"},
      {on_port_80, "[::1]", {}, pass, "and the bound one"},
      {on_port_80, "localhost:443", {}, bad_host, "the other scheme's port"},
      {with_tls, "mcp.example.com", {}, pass, "443 may be left out"},
      {with_tls, "mcp.example.com:443", {}, pass, "or given"},
      {with_tls, "mcp.example.com:80", {}, bad_host, "the other scheme's port"},
      {with_tls, "www.mcp.example.com", {}, bad_host, "a subdomain"},
      {on_address, "[2001:db8::1]:8000", {}, pass, "the bound address"},
      {on_address, "[2001:DB8:0:0::1]:8000", {}, pass, "by value"},
      {on_address, "[2001:db8::2]:8000", {}, bad_host, "a neighbour"},
      {on_address, "[2001:db8::1]", {}, bad_host, "without our port"},
      // Host, behind a proxy
      {proxied, "mcp.example.com", {}, pass, "the base URL's"},
      {proxied, "mcp.example.com:443", {}, pass, "with its default port"},
      {proxied, "mcp.example.com:", {}, pass, "with an empty port"},
      {proxied, "mcp.example.com:8000", {}, bad_host, "the base URL has no such port"},
      {proxied, "mcp.example.com:80", {}, bad_host, "nor this one"},
      {proxied, "mcp.example.com/base", {}, bad_host, "no authority"},
      {proxied, "localhost:8000", {}, pass, "the proxy's way to us"},
      {proxied, "0.0.0.0:8000", {}, bad_host, "the wildcard counts as no name"},
      {proxied, "intern.example", {}, pass, "allowed at any port"},
      {proxied, "INTERN.example:1234", {}, pass, "allowed at any port"},
      {proxied, "intern.example:12x", {}, bad_host, "that is no port"},
      {proxied, "intern.example:0", {}, bad_host, "nobody has that port"},
      {proxied, "x.intern.example", {}, bad_host, "a subdomain"},
      {proxied, "other.example:9000", {}, pass, "allowed at one port"},
      {proxied, "other.example", {}, bad_host, "not without it"},
      {proxied, "other.example:9001", {}, bad_host, "not at another"},
      {proxied, "[2001:db8::2]:77", {}, pass, "an address at any port"},
      {proxied, "[2001:db8::3]:9", {}, pass, "an address at one port"},
      {proxied, "[2001:db8::3]:10", {}, bad_host, "not at another"},
      // Origin, bound to loopback
      {local, here, "http://localhost:6274", pass, "the Inspector"},
      {local, here, "https://localhost", pass, "any loopback origin"},
      {local, here, "HTTP://LocalHost:3000", pass, "without case"},
      {local, here, "http://127.3.2.1:1", pass, "any of 127/8"},
      {local, here, "http://[::1]:5173", pass, "IPv6"},
      {local, here, "http://localhost:8000", pass, "our own"},
      {local, here, "null", bad_origin, "a sandboxed page"},
      {local, here, "NULL", bad_origin, "a sandboxed page"},
      {local, here, "https://evil.example", bad_origin, "a page from anywhere"},
      {local, here, "http://localhost.evil.example", bad_origin, "our name as a prefix"},
      {local, here, "http://evil.example#localhost", bad_origin, "no origin"},
      {local, here, "http://localhost@evil.example", bad_origin, "userinfo"},
      {local, here, "http://evil.example@localhost", bad_origin, "userinfo"},
      {local, here, "http://localhost:6274/", bad_origin, "a URL, no origin"},
      {local, here, "http://localhost:x", bad_origin, "no port"},
      {local, here, "http://localhost http://evil.example", bad_origin, "a list"},
      {local, here, "http://", bad_origin, "no host"},
      {local, here, "://localhost", bad_origin, "no scheme"},
      {local, here, "localhost", bad_origin, "no scheme"},
      {local, here, "file://", bad_origin, "no host"},
      {local, here, "chrome-extension://localhost", bad_origin, "not http"},
      // Origin, reachable from outside
      {proxied, "mcp.example.com", "https://mcp.example.com", pass, "the base URL's"},
      {proxied, "mcp.example.com", "https://mcp.example.com:443", pass, "with its default port"},
      {proxied, "mcp.example.com", "http://mcp.example.com", bad_origin, "another scheme"},
      {proxied, "mcp.example.com", "https://mcp.example.com:8443", bad_origin, "another port"},
      {proxied, "mcp.example.com", "https://app.example.com", pass, "allowed"},
      {proxied, "mcp.example.com", "HTTPS://APP.example.com:443", pass, "the same origin"},
      {proxied, "mcp.example.com", "https://app.example.com.evil.example", bad_origin, "a prefix"},
      {proxied, "mcp.example.com", "https://x.app.example.com", bad_origin, "a subdomain"},
      {proxied, "mcp.example.com", "http://dev.example:3000", pass, "allowed with a port"},
      {proxied, "mcp.example.com", "http://dev.example", bad_origin, "not without"},
      {proxied, "mcp.example.com", "vscode-webview://0a1b", pass, "a scheme without ports"},
      {proxied, "mcp.example.com", "vscode-webview://0a1c", bad_origin, "another one"},
      {proxied, "mcp.example.com", "https://[2001:DB8::0:4]", pass, "an address by value"},
      {proxied, "mcp.example.com", "http://localhost:6274", bad_origin, "loopback is foreign here"},
      {proxied, "mcp.example.com", "http://localhost:8000", pass, "but for our own port"},
      {proxied, "mcp.example.com", "https://localhost:8000", bad_origin, "which is not TLS"},
      {proxied, "mcp.example.com", "https://intern.example", bad_origin, "a host is no origin"},
      {on_address, "[2001:db8::1]:8000", "http://[2001:db8::1]:8000", pass, "our own"},
      {on_address, "[2001:db8::1]:8000", "http://[2001:db8::1]", bad_origin, "another port"},
      {with_tls, "mcp.example.com", "https://mcp.example.com", pass, "our own"},
      {with_tls, "mcp.example.com", "http://mcp.example.com", bad_origin, "another scheme"},
      // Both, independently
      {local, "evil.example", "http://localhost:8000", bad_host, "only the origin is good"},
      {local, here, "http://evil.example", bad_origin, "only the host is good"},
      {local, "evil.example", "http://evil.example", bad_host, "agreeing is not enough"},
});

void PrintTo(const row& r, std::ostream* out) {
   *out << "Host " << r.host << ", Origin " << r.origin;
}

class GuardTable : public testing::TestWithParam<row> {};

TEST_P(GuardTable, Decides) {
   const auto& r = GetParam();
   const std::array fields{field{"Accept", "*/*"}, field{"oRIGIN", r.origin}};
   request rq;
   rq.host = r.host;
   rq.fields = std::span(fields).first(r.origin.empty() ? 1 : 2);
   EXPECT_EQ(http_guard(r.given()).check(rq), r.expected)
         << r.why << ": Host " << r.host << ", Origin " << r.origin;
}

/// `Row7TheUsualName`: the row and why it is there.
std::string name_of_row(const testing::TestParamInfo<row>& info) {
   auto name = "Row" + std::to_string(info.index);
   bool is_first = true;
   for (const char c : info.param.why) {
      const bool is_letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
      if (is_letter) name += is_first ? static_cast<char>(std::toupper(c)) : c;
      is_first = !is_letter;
   }
   return name;
}
INSTANTIATE_TEST_SUITE_P(HttpGuard, GuardTable, testing::ValuesIn(rows), name_of_row);

TEST(HttpGuard, SeveralOriginsAreForeign) {
   const std::array fields{field{"Origin", "http://localhost:1"}, field{"Host", here},
                           field{"origin", "http://localhost:1"}};
   request rq;
   rq.host = here;
   rq.fields = fields;
   EXPECT_EQ(http_guard(local()).check(rq), bad_origin);
}

TEST(HttpGuard, AnEmptyOriginIsForeign) {
   const std::array fields{field{"Origin", ""}};
   request rq;
   rq.host = here;
   rq.fields = fields;
   EXPECT_EQ(http_guard(local()).check(rq), bad_origin);
}

TEST(HttpGuard, SwitchedOffItPassesEverything) {
   const std::array fields{field{"Origin", "null"}};
   request rq;
   rq.host = "evil.example";
   rq.fields = fields;
   EXPECT_EQ(http_guard({.is_on = false}).check(rq), pass);
}

TEST(HttpGuard, UnreadableConfigurationAllowsNothing) {
   const http_guard guard({.is_loopback = false,
                           .port = 8000,
                           .bound_host = "*",
                           .base_url = "no url",
                           .allowed_hosts = {"", ":", "x:99999", "[::1"},
                           .allowed_origins = {"", "null", "*", "https://"}});
   for (const std::string_view host : {"", ":", "x", "*", "*:8000", "no url"}) {
      request rq;
      rq.host = host;
      EXPECT_EQ(guard.check(rq), bad_host) << host;
   }
   for (const std::string_view origin : {"null", "*", "https://", "https://x"}) {
      const std::array fields{field{"Origin", origin}};
      request rq;
      rq.host = here;
      rq.fields = fields;
      EXPECT_EQ(guard.check(rq), bad_origin) << origin;
   }
}

TEST(HttpGuard, AnswersOfAllowedOriginsMayBeReadByTheirPages) {
   std::vector<field> fields;
   http_guard(local()).add_cors("http://localhost:6274", fields);
   std::map<std::string, std::string> got;
   for (const auto& f : fields) got.emplace(f.name, f.value);
   EXPECT_EQ(got["Access-Control-Allow-Origin"], "http://localhost:6274");
   EXPECT_EQ(got["Access-Control-Expose-Headers"],
             "Mcp-Session-Id, WWW-Authenticate, Retry-After, Mcp-Protocol-Version, Last-Event-Id");
   EXPECT_EQ(got["Vary"], "Origin");
}

TEST(HttpGuard, WithoutOriginThereIsNoCors) {
   std::vector<field> fields;
   http_guard(local()).add_cors({}, fields);
   EXPECT_TRUE(fields.empty());
}

std::shared_ptr<test::exchange_record> preflight(const http_guard& guard, std::string_view origin) {
   const std::array fields{field{"Access-Control-Request-Method", "POST"}, field{"Origin", origin}};
   request rq;
   rq.verb = core::http::method::options;
   rq.fields = std::span(fields).first(origin.empty() ? 1 : 2);
   test::fake_responder out;
   guard.preflight(rq, out);
   return out.record;
}

TEST(HttpGuard, AnswersAPreflight) {
   const auto got = preflight(http_guard(local()), "http://localhost:6274");
   EXPECT_EQ(got->replies, 1);
   EXPECT_EQ(got->status, 204);
   EXPECT_EQ(got->content_type, "");
   EXPECT_EQ(got->body, "");
   EXPECT_EQ(got->find("Access-Control-Allow-Origin"), "http://localhost:6274");
   EXPECT_EQ(got->find("Access-Control-Allow-Methods"), "POST, GET, DELETE, OPTIONS");
   EXPECT_EQ(got->find("Access-Control-Allow-Headers"),
             "Content-Type, Accept, Authorization, MCP-Protocol-Version, Mcp-Method, Mcp-Name, "
             "Mcp-Session-Id, Last-Event-ID");
   EXPECT_EQ(got->find("Access-Control-Max-Age"), "600");
   EXPECT_EQ(got->find("Vary"), "Origin");
   EXPECT_EQ(got->find("Access-Control-Allow-Credentials"), "");
}

TEST(HttpGuard, APreflightWithoutOriginTellsTheMethods) {
   const auto got = preflight(http_guard(local()), {});
   EXPECT_EQ(got->status, 204);
   EXPECT_EQ(got->find("Allow"), "POST, GET, DELETE, OPTIONS");
   EXPECT_EQ(got->find("Access-Control-Allow-Origin"), "");
}

TEST(HttpGuard, ParameterHeadersAreNamedOneByOneAndReplaced) {
   auto o = local();
   o.parameter_headers = {"Mcp-Param-Region", "mcp-param-region", "Mcp-Param-Zone"};
   const http_guard guard(o);
   const auto listed = preflight(guard, "http://localhost")->find("Access-Control-Allow-Headers");
   EXPECT_TRUE(listed.ends_with(", Last-Event-ID, Mcp-Param-Region, Mcp-Param-Zone")) << listed;

   const auto other = guard.with_parameter_headers({"Mcp-Param-Tier"});
   const auto relisted = preflight(other, "http://localhost")->find("Access-Control-Allow-Headers");
   EXPECT_TRUE(relisted.ends_with(", Last-Event-ID, Mcp-Param-Tier")) << relisted;
   request rq;
   rq.host = here;
   EXPECT_EQ(other.check(rq), pass);
}

TEST(HttpGuard, TheListOfParameterHeadersIsBounded) {
   std::vector<std::string> names;
   for (int i = 0; i < 1000; ++i) names.push_back("Mcp-Param-Number" + std::to_string(i));
   const auto guard = http_guard(local()).with_parameter_headers(names);
   const auto listed = preflight(guard, "http://localhost")->find("Access-Control-Allow-Headers");
   EXPECT_LE(listed.size(), 4096u);
   EXPECT_THAT(listed, testing::HasSubstr("Mcp-Param-Number99,"));
}

} // namespace
} // namespace fmcp::protocol
