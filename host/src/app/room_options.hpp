#pragma once

/// From the settings of the process to what each room wants to know.

#include <functional>

#include "app/authentication.hpp"
#include "config/settings.hpp"
#include "net/http_server.hpp"
#include "plugins/host.hpp"
#include "protocol/http_guard.hpp"
#include "protocol/service.hpp"

namespace fmcp::app {

/// Without `on_change`. `version` is the program's.
[[nodiscard]] plugins::options plugin_options(const config::settings& s, std::string_view version);
/// `guard`: null without authentication.
[[nodiscard]] protocol::service_options service_options(const config::settings& s,
                                                        const authentication* guard);
[[nodiscard]] net::server_options server_options(const config::settings& s);
/// `port`: the one that was really bound.
[[nodiscard]] protocol::http_guard::options guard_options(const config::settings& s,
                                                          std::uint16_t port);
/// `http://127.0.0.1:8000/mcp`: where the endpoint is, for people.
[[nodiscard]] std::string endpoint_url(const config::settings& s, std::uint16_t port);

} // namespace fmcp::app
