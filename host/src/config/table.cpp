#include "config/table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/parse.hpp"

namespace fmcp::config {
namespace {

using std::string_view;

constexpr std::array transports{string_view("stdio"), string_view("http"),
                                string_view("streamable-http")};
constexpr std::array host_checks{string_view("false"), string_view("true"), string_view("auto")};
constexpr std::array scopes{string_view("private"), string_view("public")};
constexpr std::array levels{string_view("DEBUG"), string_view("INFO"), string_view("WARNING"),
                            string_view("ERROR"), string_view("CRITICAL")};

constexpr std::int64_t many = 1'000'000'000;          // fits every 32-bit counter
constexpr std::int64_t gib = 1024ll * 1024 * 1024;    // of one buffer in memory
constexpr std::int64_t month = 31ll * 24 * 3'600'000; // ms
constexpr std::int64_t year = 366ll * 24 * 3'600'000;

// clang-format off
constexpr std::array rows{
   spec{.name = "transport", .group = "Server", .kind = kind::choice, .where = &settings::transport, .variable = "FASTMCP_TRANSPORT", .flag = "--transport", .short_flag = 't', .fallback = "stdio", .help = "How clients reach the server. `streamable-http` is another name of `http`.", .choices = transports},
   spec{.name = "host", .group = "Server", .where = &settings::host, .variable = "FASTMCP_HOST", .flag = "--host", .fallback = "127.0.0.1", .help = "Address or name to listen on. Anything that other machines reach needs `auth` or `allow_unauthenticated`."},
   spec{.name = "port", .group = "Server", .kind = kind::integer, .where = &settings::port, .variable = "FASTMCP_PORT", .flag = "--port", .short_flag = 'p', .fallback = "8000", .help = "Port to listen on; 0 takes a free one and logs which.", .max = 65535},
   spec{.name = "path", .group = "Server", .kind = kind::endpoint, .where = &settings::path, .variable = "FASTMCP_STREAMABLE_HTTP_PATH", .flag = "--path", .fallback = "/mcp", .help = "Path of the MCP endpoint; with and without a slash at the end is the same."},
   spec{.name = "base_url", .group = "Server", .kind = kind::url, .where = &settings::base_url, .variable = "FASTMCP_BASE_URL", .flag = "--base-url", .help = "The URL under which clients know the server, for instance behind a reverse proxy. Its host and origin are allowed."},
   spec{.name = "name", .group = "Server", .where = &settings::name, .variable = "FASTMCP_NAME", .flag = "--name", .fallback = "fastmcp-host", .help = "Name of the server that clients are told."},
   spec{.name = "version", .group = "Server", .where = &settings::version, .variable = "FASTMCP_VERSION", .flag = "--server-version", .fallback = "<the program's>", .help = "Version of the server that clients are told."},
   spec{.name = "title", .group = "Server", .where = &settings::title, .variable = "FASTMCP_TITLE", .flag = "--title", .help = "Name for people."},
   spec{.name = "instructions", .group = "Server", .where = &settings::instructions, .variable = "FASTMCP_INSTRUCTIONS", .flag = "--instructions", .help = "What a model should know about using the server."},
   spec{.name = "icons", .group = "Server", .kind = kind::icons, .where = &settings::icons, .variable = "FASTMCP_ICONS", .flag = "--icons", .fallback = "[]", .help = "Icons of the server: a JSON array of objects with `src` (https: or data:) and optionally `mimeType`, `sizes`, `theme`."},
   spec{.name = "website_url", .group = "Server", .kind = kind::url, .where = &settings::website_url, .variable = "FASTMCP_WEBSITE_URL", .flag = "--website-url", .help = "Where people read about the server."},

   spec{.name = "plugin_dirs", .group = "Plugins", .kind = kind::paths, .where = &settings::plugin_dirs, .variable = "FASTMCP_PLUGIN_DIR", .flag = "--plugin-dir", .fallback = "<prefix>/lib/fastmcp-host/plugins", .help = "Directories whose `*.so` files are loaded, separated by colons (the flag may be repeated). `<prefix>` is where the program is installed."},
   spec{.name = "plugin_files", .group = "Plugins", .kind = kind::paths, .where = &settings::plugin_files, .flag = "[plugin.so ...]", .help = "Single plugin files, loaded before the directories."},
   spec{.name = "plugins", .group = "Plugins", .kind = kind::special, .variable = "FASTMCP_PLUGIN_<NAME>_<FIELD>", .flag = "--plugin-option", .help = "Settings of one plugin, here `--plugin-option name.field=value`; in the configuration file `{\"plugins\": {\"name\": {\"field\": value}}}`. `plugins info FILE` lists them. A secret may also be named by `..._FILE`."},
   spec{.name = "home", .group = "Plugins", .kind = kind::path, .where = &settings::home, .variable = "FASTMCP_HOME", .flag = "--home", .fallback = "<state>/fastmcp-host", .help = "Directory for what is kept; `<state>` is `$XDG_STATE_HOME`, else `~/.local/state`, else `/var/lib`."},
   spec{.name = "load_timeout", .group = "Plugins", .kind = kind::duration, .where = &settings::load_timeout, .variable = "FASTMCP_LOAD_TIMEOUT", .flag = "--load-timeout", .fallback = "10s", .help = "How long one plugin may take to start; after that it counts as failed.", .min = 1, .max = month},
   spec{.name = "call_timeout", .group = "Plugins", .kind = kind::duration, .where = &settings::call_timeout, .variable = "FASTMCP_CALL_TIMEOUT", .flag = "--call-timeout", .fallback = "60s", .help = "How long a tool may take that names no time of its own.", .min = 1, .max = month},
   spec{.name = "threads_per_plugin", .group = "Plugins", .kind = kind::integer, .where = &settings::threads_per_plugin, .variable = "FASTMCP_THREADS_PER_PLUGIN", .flag = "--threads-per-plugin", .fallback = "8", .help = "Calls of one plugin that run at the same time.", .min = 1, .max = 1024},
   spec{.name = "queue_per_plugin", .group = "Plugins", .kind = kind::integer, .where = &settings::queue_per_plugin, .variable = "FASTMCP_QUEUE_PER_PLUGIN", .flag = "--queue-per-plugin", .fallback = "256", .help = "Calls of one plugin that wait for a thread; more are refused as busy.", .max = 1'000'000},
   spec{.name = "max_calls_per_plugin", .group = "Plugins", .kind = kind::integer, .where = &settings::max_calls_per_plugin, .variable = "FASTMCP_MAX_CALLS_PER_PLUGIN", .flag = "--max-calls-per-plugin", .fallback = "4096", .help = "Calls of one plugin that run, wait or hang, together.", .min = 1, .max = 1'000'000},
   spec{.name = "max_plugin_bytes", .group = "Plugins", .kind = kind::size, .where = &settings::max_plugin_bytes, .variable = "FASTMCP_MAX_PLUGIN_BYTES", .flag = "--max-plugin-bytes", .fallback = "256MiB", .help = "Size of a plugin file.", .min = 4096, .max = 4 * gib},
   spec{.name = "max_result_bytes", .group = "Plugins", .kind = kind::size, .where = &settings::max_result_bytes, .variable = "FASTMCP_MAX_RESULT_BYTES", .flag = "--max-result-bytes", .fallback = "64MiB", .help = "Size of one tool result; a larger one becomes an error.", .min = 1024, .max = gib},
   spec{.name = "mask_error_details", .group = "Plugins", .kind = kind::boolean, .where = &settings::mask_error_details, .variable = "FASTMCP_MASK_ERROR_DETAILS", .flag = "--mask-error-details", .fallback = "false", .help = "Clients learn that a tool failed, and only the log learns why."},

   spec{.name = "auth", .group = "Authentication", .kind = kind::provider, .where = &settings::auth, .variable = "FASTMCP_SERVER_AUTH", .flag = "--auth", .help = "Who checks the callers over HTTP: a short name such as `descope`, or the class path of the Python framework. `providers list` shows what is installed; without one everybody who reaches the server may use it. In the configuration file `{\"auth\": {\"provider\": \"descope\", \"field\": value}}`."},
   spec{.name = "auth_options", .group = "Authentication", .kind = kind::special, .variable = "FASTMCP_SERVER_AUTH_<PREFIX>_<FIELD>", .flag = "--auth-option", .help = "Settings of the provider, here `--auth-option field=value`. `providers describe NAME` lists them with their variables. A secret may also be named by `..._FILE`.", .in_file = false},
   spec{.name = "auth_plugin_dirs", .group = "Authentication", .kind = kind::paths, .where = &settings::auth_plugin_dirs, .variable = "FASTMCP_AUTH_PLUGIN_DIR", .flag = "--auth-plugin-dir", .fallback = "<prefix>/lib/fastmcp-host/auth", .help = "Directories whose `*.so` files may be selected as provider."},
   spec{.name = "hide_forbidden_tools", .group = "Authentication", .kind = kind::boolean, .where = &settings::hide_forbidden_tools, .variable = "FASTMCP_HIDE_FORBIDDEN_TOOLS", .flag = "--hide-forbidden-tools", .fallback = "false", .help = "Leave tools out of a caller's list that need scopes which the caller lacks. Calls are refused either way."},
   spec{.name = "calls_per_minute", .group = "Authentication", .kind = kind::integer, .where = &settings::calls_per_minute, .variable = "FASTMCP_CALLS_PER_MINUTE", .flag = "--calls-per-minute", .fallback = "0", .help = "Calls that one caller may make; more are answered 429. 0 sets no limit.", .max = 1'000'000},
   spec{.name = "calls_burst", .group = "Authentication", .kind = kind::integer, .where = &settings::calls_burst, .variable = "FASTMCP_CALLS_BURST", .flag = "--calls-burst", .fallback = "0", .help = "How many of them may come at once; 0 is a minute's worth.", .max = 1'000'000},
   spec{.name = "token_cache_size", .group = "Authentication", .kind = kind::integer, .where = &settings::token_cache_size, .variable = "FASTMCP_TOKEN_CACHE_SIZE", .flag = "--token-cache-size", .fallback = "20000", .help = "Verified tokens that are remembered; the one unused for longest gives way.", .min = 1, .max = 10'000'000},
   spec{.name = "token_cache_ttl", .group = "Authentication", .kind = kind::duration, .where = &settings::token_cache_ttl, .variable = "FASTMCP_TOKEN_CACHE_TTL", .flag = "--token-cache-ttl", .fallback = "60m", .help = "A verified token is asked about again after this time, if it lives so long and the provider says nothing shorter; 0 remembers none.", .max = month},
   spec{.name = "verify_timeout", .group = "Authentication", .kind = kind::duration, .where = &settings::verify_timeout, .variable = "FASTMCP_VERIFY_TIMEOUT", .flag = "--verify-timeout", .fallback = "5s", .help = "How long the provider may take over one token; after that the request is answered 503.", .min = 1, .max = 600'000},

   spec{.name = "ca_file", .group = "Outbound and kept", .kind = kind::path, .where = &settings::ca_file, .variable = "FASTMCP_CA_FILE", .flag = "--ca-file", .help = "PEM file with certificate authorities that are believed beside the system's when the host fetches something (keys, metadata)."},
   spec{.name = "https_proxy", .group = "Outbound and kept", .kind = kind::proxy, .where = &settings::https_proxy, .variable = "FASTMCP_HTTPS_PROXY", .flag = "--https-proxy", .fallback = "<HTTPS_PROXY>", .help = "Proxy for such requests; `none` takes none although `HTTPS_PROXY` is set."},
   spec{.name = "no_proxy", .group = "Outbound and kept", .where = &settings::no_proxy, .variable = "FASTMCP_NO_PROXY", .flag = "--no-proxy", .fallback = "<NO_PROXY>", .help = "Hosts, domains and address ranges that are reached without it, separated by commas."},
   spec{.name = "store", .group = "Outbound and kept", .kind = kind::store, .where = &settings::store, .variable = "FASTMCP_STORE", .flag = "--store", .fallback = "sqlite", .help = "Where plugins keep what has to outlive a request. `sqlite` is the file `store.sqlite` in `home`, made when something is kept; what is in memory ends with the process."},
   spec{.name = "store_key", .group = "Outbound and kept", .kind = kind::secret, .where = &settings::store_key, .variable = "FASTMCP_STORE_KEY", .help = "Key that seals what is stored and what providers hand out; replicas share it. Without one a key is made: with a store in a file it is kept in `home` as `store.key`, else it ends with the process. At least 32 characters; also `FASTMCP_STORE_KEY_FILE`.", .min = 32},
   spec{.name = "store_key_previous", .group = "Outbound and kept", .kind = kind::secret, .where = &settings::store_key_previous, .variable = "FASTMCP_STORE_KEY_PREVIOUS", .help = "The key before, which still opens what it sealed; also `FASTMCP_STORE_KEY_PREVIOUS_FILE`.", .min = 32},

   spec{.name = "allow_unauthenticated", .group = "Access", .kind = kind::boolean, .where = &settings::allow_unauthenticated, .variable = "FASTMCP_ALLOW_UNAUTHENTICATED", .flag = "--allow-unauthenticated", .fallback = "false", .help = "Serve everybody although other machines reach the address, or although settings of a provider are there and none is selected. Without it both are refused; with a provider it changes nothing."},
   spec{.name = "http_host_origin_protection", .group = "Access", .kind = kind::choice, .where = &settings::http_host_origin_protection, .variable = "FASTMCP_HTTP_HOST_ORIGIN_PROTECTION", .flag = "--http-host-origin-protection", .fallback = "true", .help = "Refuse requests with a foreign Host (421) or Origin (403), which is how a web page attacks a local server. `auto`: on loopback or with lists of one's own.", .choices = host_checks},
   spec{.name = "http_allowed_hosts", .group = "Access", .kind = kind::list, .where = &settings::http_allowed_hosts, .variable = "FASTMCP_HTTP_ALLOWED_HOSTS", .flag = "--http-allowed-hosts", .help = "Further values of Host, `name` or `name:port`."},
   spec{.name = "http_allowed_origins", .group = "Access", .kind = kind::list, .where = &settings::http_allowed_origins, .variable = "FASTMCP_HTTP_ALLOWED_ORIGINS", .flag = "--http-allowed-origins", .help = "Further values of Origin, such as `https://app.example.com`."},
   spec{.name = "tls_cert", .group = "Access", .kind = kind::path, .where = &settings::tls_cert, .variable = "FASTMCP_TLS_CERT", .flag = "--tls-cert", .help = "PEM file with the certificate chain; with `tls_key` the server speaks HTTPS."},
   spec{.name = "tls_key", .group = "Access", .kind = kind::path, .where = &settings::tls_key, .variable = "FASTMCP_TLS_KEY", .flag = "--tls-key", .help = "PEM file with the private key."},

   spec{.name = "stateless", .group = "Sessions and streams", .kind = kind::boolean, .where = &settings::stateless, .variable = "FASTMCP_STATELESS_HTTP", .flag = "--stateless", .fallback = "false", .help = "No sessions: every request stands for itself."},
   spec{.name = "json_response", .group = "Sessions and streams", .kind = kind::boolean, .where = &settings::json_response, .variable = "FASTMCP_JSON_RESPONSE", .flag = "--json-response", .fallback = "false", .help = "Answer with one JSON document where an event stream would be possible."},
   spec{.name = "session_key", .group = "Sessions and streams", .kind = kind::secret, .where = &settings::session_key, .variable = "FASTMCP_SESSION_KEY", .help = "Key that makes session ids; replicas with the same key accept each other's. Without it one is made for the process and a restart ends all sessions. At least 32 characters; also `FASTMCP_SESSION_KEY_FILE`.", .min = 32},
   spec{.name = "session_key_previous", .group = "Sessions and streams", .kind = kind::secret, .where = &settings::session_key_previous, .variable = "FASTMCP_SESSION_KEY_PREVIOUS", .help = "The key before, still accepted while keys are changed; also `FASTMCP_SESSION_KEY_PREVIOUS_FILE`.", .min = 32},
   spec{.name = "session_ttl", .group = "Sessions and streams", .kind = kind::duration, .where = &settings::session_ttl, .variable = "FASTMCP_SESSION_TTL", .flag = "--session-ttl", .fallback = "24h", .help = "Age at which a session id is no longer accepted.", .min = 1000, .max = year},
   spec{.name = "session_idle_timeout", .group = "Sessions and streams", .kind = kind::duration, .where = &settings::session_idle_timeout, .variable = "FASTMCP_HTTP_SESSION_IDLE_TIMEOUT", .flag = "--session-idle-timeout", .fallback = "24h", .help = "After this time without a request the state of a session (log level, replay window) is forgotten.", .min = 1000, .max = year},
   spec{.name = "max_sessions", .group = "Sessions and streams", .kind = kind::integer, .where = &settings::max_sessions, .variable = "FASTMCP_MAX_SESSIONS", .flag = "--max-sessions", .fallback = "10000", .help = "Sessions whose state is kept at the same time; the one unused for longest gives way.", .min = 1, .max = many},
   spec{.name = "replay_events", .group = "Sessions and streams", .kind = kind::integer, .where = &settings::replay_events, .variable = "FASTMCP_REPLAY_EVENTS", .flag = "--replay-events", .fallback = "256", .help = "Events of a session that are kept for a client that comes back with Last-Event-ID.", .max = 1'000'000},
   spec{.name = "replay_bytes", .group = "Sessions and streams", .kind = kind::size, .where = &settings::replay_bytes, .variable = "FASTMCP_REPLAY_BYTES", .flag = "--replay-bytes", .fallback = "256KiB", .help = "Bytes of such events.", .max = gib},
   spec{.name = "sse_keepalive", .group = "Sessions and streams", .kind = kind::duration, .where = &settings::sse_keepalive, .variable = "FASTMCP_SSE_KEEPALIVE", .flag = "--sse-keepalive", .fallback = "15s", .help = "A comment is sent on an event stream that was silent for so long; 0 sends none.", .max = month},
   spec{.name = "max_stream_buffer", .group = "Sessions and streams", .kind = kind::size, .where = &settings::max_stream_buffer, .variable = "FASTMCP_MAX_STREAM_BUFFER", .flag = "--max-stream-buffer", .fallback = "1MiB", .help = "Bytes of an event stream that wait for a client that does not read; the stream is cut beyond.", .min = 4096, .max = gib},

   spec{.name = "page_size", .group = "Lists", .kind = kind::integer, .where = &settings::page_size, .variable = "FASTMCP_PAGE_SIZE", .flag = "--page-size", .fallback = "100", .help = "Entries on one page of a list; 0 puts all on one.", .max = many},
   spec{.name = "cache_ttl", .group = "Lists", .kind = kind::duration, .where = &settings::cache_ttl, .variable = "FASTMCP_CACHE_TTL", .flag = "--cache-ttl", .fallback = "0s", .help = "How long clients of the new era may keep a list (`ttlMs`).", .max = year},
   spec{.name = "cache_scope", .group = "Lists", .kind = kind::choice, .where = &settings::cache_scope, .variable = "FASTMCP_CACHE_SCOPE", .flag = "--cache-scope", .fallback = "private", .help = "Whether a cache may share lists between users (`cacheScope`).", .choices = scopes},

   spec{.name = "threads", .group = "Limits", .kind = kind::integer, .where = &settings::threads, .variable = "FASTMCP_THREADS", .flag = "--threads", .fallback = "0", .help = "Threads that serve connections; 0 is one per CPU that the process may use.", .max = 1024},
   spec{.name = "max_connections", .group = "Limits", .kind = kind::integer, .where = &settings::max_connections, .variable = "FASTMCP_MAX_CONNECTIONS", .flag = "--max-connections", .fallback = "10000", .help = "Open connections; more are answered 503 and closed.", .min = 1, .max = many},
   spec{.name = "max_header_bytes", .group = "Limits", .kind = kind::size, .where = &settings::max_header_bytes, .variable = "FASTMCP_MAX_HEADER_BYTES", .flag = "--max-header-bytes", .fallback = "32KiB", .help = "Head of a request; a larger one is answered 431.", .min = 1024, .max = 1 << 20},
   spec{.name = "max_header_fields", .group = "Limits", .kind = kind::integer, .where = &settings::max_header_fields, .variable = "FASTMCP_MAX_HEADER_FIELDS", .flag = "--max-header-fields", .fallback = "100", .help = "Header fields of a request; more are answered 431.", .min = 8, .max = 1000},
   spec{.name = "max_body_bytes", .group = "Limits", .kind = kind::size, .where = &settings::max_body_bytes, .variable = "FASTMCP_MAX_BODY_BYTES", .flag = "--max-body-bytes", .fallback = "4MiB", .help = "Body of a request, and one line on stdio; a larger one is answered 413.", .min = 1024, .max = gib},
   spec{.name = "max_pipelined_bytes", .group = "Limits", .kind = kind::size, .where = &settings::max_pipelined_bytes, .variable = "FASTMCP_MAX_PIPELINED_BYTES", .flag = "--max-pipelined-bytes", .fallback = "256KiB", .help = "Unsent answers to pipelined requests at which reading pauses.", .min = 4096, .max = gib},
   spec{.name = "header_timeout", .group = "Limits", .kind = kind::duration, .where = &settings::header_timeout, .variable = "FASTMCP_HEADER_TIMEOUT", .flag = "--header-timeout", .fallback = "10s", .help = "From the first byte of a request to the end of its head; 408 after that.", .min = 1, .max = month},
   spec{.name = "body_timeout", .group = "Limits", .kind = kind::duration, .where = &settings::body_timeout, .variable = "FASTMCP_BODY_TIMEOUT", .flag = "--body-timeout", .fallback = "30s", .help = "From there to the end of its body; 408 after that.", .min = 1, .max = month},
   spec{.name = "idle_timeout", .group = "Limits", .kind = kind::duration, .where = &settings::idle_timeout, .variable = "FASTMCP_IDLE_TIMEOUT", .flag = "--idle-timeout", .fallback = "75s", .help = "A connection without a request for so long is closed.", .min = 1, .max = month},
   spec{.name = "write_timeout", .group = "Limits", .kind = kind::duration, .where = &settings::write_timeout, .variable = "FASTMCP_WRITE_TIMEOUT", .flag = "--write-timeout", .fallback = "30s", .help = "A client that takes no byte of its answer for so long is cut off.", .min = 1, .max = month},
   spec{.name = "shutdown_grace", .group = "Limits", .kind = kind::duration, .where = &settings::shutdown_grace, .variable = "FASTMCP_SHUTDOWN_GRACE", .flag = "--shutdown-grace", .fallback = "5s", .help = "How long running calls may finish after SIGTERM.", .max = month},

   spec{.name = "log_level", .group = "Process", .kind = kind::choice, .where = &settings::log_level, .variable = "FASTMCP_LOG_LEVEL", .flag = "--log-level", .short_flag = 'l', .fallback = "INFO", .help = "What is logged, always on standard error.", .choices = levels},
   spec{.name = "config", .group = "Process", .kind = kind::path, .where = &settings::config_file, .variable = "FASTMCP_CONFIG", .flag = "--config", .short_flag = 'c', .help = "Configuration file, JSON, with the names of this table.", .in_file = false},
   spec{.name = "env_file", .group = "Process", .kind = kind::path, .where = &settings::env_file, .variable = "FASTMCP_ENV_FILE", .fallback = "<.env, if there is one>", .help = "File with variables that the environment does not have.", .in_file = false},
};
// clang-format on

std::string code(std::string_view text) {
   return text.empty() ? std::string() : fmt::format("`{}`", text);
}

/// A '|' would end the cell.
std::string cell(std::string text) {
   for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
      text.insert(at, "\\");
   return text;
}

} // namespace

std::span<const spec> table() noexcept {
   return rows;
}

const spec* find_spec(std::string_view name) noexcept {
   const auto it = std::ranges::find(rows, name, &spec::name);
   return it == rows.end() ? nullptr : &*it;
}

std::string expectation(const spec& s) {
   switch (s.kind) {
   case kind::text: return "a text";
   case kind::path: return "the path of a file or directory";
   case kind::endpoint: return "a path such as /mcp";
   case kind::url: return "an absolute URL";
   case kind::secret: return fmt::format("a secret of at least {} characters", s.min);
   case kind::choice: return alternatives(s.choices);
   case kind::list: return "words separated by commas, or a JSON array";
   case kind::paths:
      if (s.is_positional()) return "any number of files; a JSON array in the configuration file";
      return "paths separated by colons, or a JSON array";
   case kind::boolean: return "true or false";
   case kind::integer: return fmt::format("a whole number from {} to {}", s.min, s.max);
   case kind::duration:
      return fmt::format("a duration from {} to {}",
                         duration_text(std::chrono::milliseconds(s.min)),
                         duration_text(std::chrono::milliseconds(s.max)));
   case kind::size:
      return fmt::format("a size from {} to {}", size_text(static_cast<std::uint64_t>(s.min)),
                         size_text(static_cast<std::uint64_t>(s.max)));
   case kind::icons: return "a JSON array of icons";
   case kind::provider: return "the name or class path of a provider";
   case kind::proxy: return "the address of a proxy, or none";
   case kind::store: return "memory, sqlite or sqlite:PATH";
   case kind::special: return s.name == "auth_options" ? "field=value" : "name.field=value";
   }
   return {};
}

std::string markdown_table() {
   std::string out = "| Setting | Variable | Flag | Default | Value and meaning | Since "
                     "|\n|---|---|---|---|---|---|\n";
   for (const auto& s : rows) {
      std::string flag = code(s.flag);
      if (s.short_flag != 0) flag = fmt::format("`-{}`, {}", s.short_flag, flag);
      std::string meaning(s.help);
      if (s.kind != kind::text && s.kind != kind::special)
         meaning = expectation(s) + ". " + meaning;
      out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", code(s.name), code(s.variable), flag,
                         code(s.fallback), cell(std::move(meaning)), s.since);
   }
   return out;
}

} // namespace fmcp::config
