#pragma once

/// The outbound HTTP client (`core::http::fetcher`) on libcurl's multi interface.
///
/// One thread, begun by the first request; it loads libcurl, runs every transfer and calls every
/// `done`. The callers' threads only check the request and put it into the inbox:
///
///   start ─ checked ─▶ inbox ─▶ waiting ─▶ running ─▶ done
///                                  ▲          │ redirection: checked again
///                                  └──────────┘
///
/// The mutex guards the inbox alone. The rest belongs to the thread, which waits in libcurl's poll
/// (or its own, when nothing runs) and is woken by an eventfd. Connections are kept for reuse; when
/// nothing has run for `idle_timeout` all of them are closed.
///
/// What is refused and which limits there are: README.md of this folder.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "core/fetch.hpp"

namespace fmcp::net {

struct fetcher_options {
   std::string user_agent = "fastmcp-host"; ///< unless the request has its own
   std::string ca_file{};                   ///< PEM, believed beside the system's roots
   std::string
         https_proxy{}; ///< `http://user:password@host:port`; empty: none. See proxy_rules.hpp
   std::string no_proxy{};
   std::chrono::milliseconds connect_timeout{5'000}; ///< name, TCP and TLS of one hop
   std::chrono::milliseconds idle_timeout{60'000};
   std::size_t max_running = 64;
   std::size_t max_running_per_origin = 16;
   std::size_t max_waiting = 256; ///< besides those that run; more is `limit`
   /// Of these three numbers, what requests never get whose policy `leaves_room`.
   std::size_t kept_running = 16, kept_running_per_origin = 4, kept_waiting = 64;
   std::size_t max_header_bytes = 64 * 1024;
   std::size_t max_fields = 100;
};

/// Reads the CA file, if one is named, and the proxy settings; starts nothing.
///
/// Destroying it ends what runs: every `done` that is due is called with `internal`, on the
/// fetcher's thread, before the destructor returns. It waits for a `done` that is being executed,
/// but for no peer and no name server. Not to be destroyed inside a `done`.
///
/// Errors: io, invalid; the message names the file, or says that it is the proxy setting.
[[nodiscard]] core::result<std::unique_ptr<core::http::fetcher>>
open_fetcher(fetcher_options options);

} // namespace fmcp::net
