#pragma once

/// A host that a provider protects, and requests with tokens.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/host_process.hpp"
#include "support/mcp_client.hpp"
#include "support/scripted_issuer.hpp"
#include "support/token_maker.hpp"

namespace fmcp::test {

using variables = std::vector<std::pair<std::string, std::string>>;

/// The base URL that these hosts are told: nobody listens there, and nobody has to.
inline constexpr std::string_view base_url = "https://srv.example";

[[nodiscard]] inline std::int64_t now_s() {
   return std::chrono::duration_cast<std::chrono::seconds>(
                std::chrono::system_clock::now().time_since_epoch())
         .count();
}

/// `FASTMCP_SERVER_AUTH=<name>` and its fields, each with the prefix in front.
[[nodiscard]] inline variables provider(std::string_view name, std::string_view prefix,
                                        const variables& fields) {
   variables out{{"FASTMCP_SERVER_AUTH", std::string(name)}};
   for (const auto& [field, value] : fields) {
      out.emplace_back("FASTMCP_SERVER_AUTH_" + std::string(prefix) + "_" + field, value);
   }
   return out;
}

/// The provider `jwt` with the keys of an issuer; audience and issuer are those of `claims()`.
[[nodiscard]] inline variables jwt_provider(const scripted_issuer& issuer,
                                            const variables& more = {}) {
   variables fields{{"JWKS_URI", issuer.url() + "/jwks"},
                    {"ISSUER", "https://issuer.example"},
                    {"AUDIENCE", "api"},
                    {"BASE_URL", std::string(base_url)}};
   fields.insert(fields.end(), more.begin(), more.end());
   return provider("jwt", "JWT", fields);
}

[[nodiscard]] inline host_setup protected_by(variables environment,
                                             std::vector<std::string> options = {}) {
   return {.plugins = {"guarded"},
           .options = std::move(options),
           .environment = std::move(environment)};
}

/// A call of `whoami` with these values of `Authorization`, usually one.
[[nodiscard]] inline http_answer whoami(const http_host& host,
                                        const std::vector<std::string>& authorizations) {
   auto rq = modern_call(host.path(), "whoami");
   for (const auto& a : authorizations) rq.fields.emplace_back("Authorization", a);
   return ask(host.port(), rq);
}
[[nodiscard]] inline http_answer whoami_as(const http_host& host, const std::string& token) {
   return whoami(host, {"Bearer " + token});
}

/// Asks with the token until the status is another one than `while_it_is`, and gives it.
[[nodiscard]] inline http_answer whoami_until(const http_host& host, const std::string& token,
                                              int while_it_is) {
   const auto until = std::chrono::steady_clock::now() + patience;
   for (;;) {
      auto answer = whoami_as(host, token);
      if (answer.status != while_it_is || std::chrono::steady_clock::now() > until) return answer;
      std::this_thread::sleep_for(milliseconds(50));
   }
}

} // namespace fmcp::test
