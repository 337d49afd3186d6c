#pragma once

/// The host's settings after everything about them has been decided.
///
/// A plain struct with the unit in each type. Names, variables, flags, defaults and the sentence
/// that explains each field stand once, in `table.cpp`; a value-initialised `settings` has none of
/// the defaults, `load` gives one that has.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/auth_candidate.hpp"
#include "config/layers.hpp"
#include "core/log.hpp"

namespace fmcp::config {

enum class transport : std::uint8_t { stdio, http };
enum class cache_scope : std::uint8_t { private_to_caller, shared };
/// `automatic` checks when the server is bound to loopback or has lists of its own.
enum class host_check : std::uint8_t { off, on, automatic };

struct settings {
   // Server
   config::transport transport{};
   std::string host; ///< an address without brackets, or a name
   std::uint16_t port = 0;
   std::string path;     ///< begins with '/', no slash at the end
   std::string base_url; ///< the host's or the provider's, without a slash at the end
   std::string name;
   std::string version;
   std::string title;
   std::string instructions;
   std::string icons; ///< a JSON array of icon objects, on one line
   std::string website_url;

   // Plugins
   std::vector<std::string> plugin_dirs;  ///< absolute
   std::vector<std::string> plugin_files; ///< absolute
   std::string home;                      ///< state directory; absolute, may not exist yet
   std::chrono::milliseconds load_timeout{};
   std::chrono::milliseconds call_timeout{};
   std::uint32_t threads_per_plugin = 0;
   std::uint32_t queue_per_plugin = 0;
   std::uint32_t max_calls_per_plugin = 0;
   std::uint64_t max_plugin_bytes = 0;
   std::uint64_t max_result_bytes = 0;
   bool mask_error_details = false;

   // Authentication
   std::string auth; ///< the provider as it was given; empty: none
   /// The provider itself with its settings, over http; none: everybody may use the tools.
   std::optional<auth_selection> selected_auth;
   std::vector<std::string> auth_plugin_dirs; ///< absolute
   bool hide_forbidden_tools = false;
   std::uint32_t calls_per_minute = 0; ///< of one caller; 0: no limit
   std::uint32_t calls_burst = 0;      ///< 0: a minute's worth
   std::uint32_t token_cache_size = 0; ///< tokens
   std::chrono::milliseconds token_cache_ttl{};
   std::chrono::milliseconds verify_timeout{};

   // Outbound requests and what is kept
   std::string ca_file;     ///< empty: only the system's
   std::string https_proxy; ///< may hold a password; empty: none
   std::string no_proxy;
   std::string store;      ///< `memory`, `sqlite` or `sqlite:PATH`
   std::string store_file; ///< absolute; empty: in memory
   std::string store_key;  ///< secret; empty: one is made, and kept in `home` if the store is a file
   std::string store_key_previous;

   // Access
   bool allow_unauthenticated = false;
   host_check http_host_origin_protection{};
   std::vector<std::string> http_allowed_hosts;
   std::vector<std::string> http_allowed_origins;
   std::string tls_cert;
   std::string tls_key;

   // Sessions and streams
   bool stateless = false;
   bool json_response = false;
   std::string session_key; ///< secret; empty: one is made for the process
   std::string session_key_previous;
   std::chrono::milliseconds session_ttl{};
   std::chrono::milliseconds session_idle_timeout{};
   std::uint32_t max_sessions = 0;
   std::uint32_t replay_events = 0;
   std::uint64_t replay_bytes = 0;
   std::chrono::milliseconds sse_keepalive{}; ///< 0: none
   std::uint64_t max_stream_buffer = 0;

   // Lists
   std::uint32_t page_size = 0; ///< 0: everything on one page
   std::chrono::milliseconds cache_ttl{};
   config::cache_scope cache_scope{};

   // Limits
   std::uint32_t threads = 0; ///< 0: one per CPU of the affinity mask
   std::uint32_t max_connections = 0;
   std::uint64_t max_header_bytes = 0;
   std::uint32_t max_header_fields = 0;
   std::uint64_t max_body_bytes = 0;
   std::uint64_t max_pipelined_bytes = 0;
   std::chrono::milliseconds header_timeout{};
   std::chrono::milliseconds body_timeout{};
   std::chrono::milliseconds idle_timeout{};
   std::chrono::milliseconds write_timeout{};
   std::chrono::milliseconds shutdown_grace{};

   // Process
   core::log::level log_level{};
   std::string config_file; ///< the one that was read; empty: none
   std::string env_file;    ///< the one that was read; empty: none

   /// What was given for plugins; `resolve_plugin` checks it against a manifest.
   layers given;
   /// `secret_variables` of the host and of the selected provider.
   std::vector<std::string> secret_variables;
};

/// `localhost`, 127.0.0.0/8 and ::1 (in brackets or not): what only this machine reaches. Other
/// spellings and names count as reachable, since they may lead anywhere.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

} // namespace fmcp::config
