#include "app/room_options.hpp"

#include <fmt/format.h>

#include "app/plugin_backend.hpp"
#include "config/plugin_settings.hpp"
#include "core/log.hpp"

namespace fmcp::app {
namespace {

core::result<plugins::plugin_settings> resolve(const config::layers& given, std::string_view name,
                                               const json::value& manifest,
                                               std::span<const std::string> others) {
   config::plugin_query query;
   query.name = name;
   query.prefix = config::plugin_prefix(name);
   for (const auto& other : others) query.other_prefixes.push_back(config::plugin_prefix(other));
   auto values = config::resolve_plugin(manifest, query, given);
   if (!values) return std::unexpected(std::move(values.error()));
   for (const auto& w : values->warnings)
      core::log::warn("config", "plugin setting {}", core::log::kv("reason", w));
   return plugins::plugin_settings{.config_json = std::move(values->config_json),
                                   .secrets = std::move(values->secrets),
                                   .labels = std::move(values->labels)};
}

} // namespace

plugins::options plugin_options(const config::settings& s, std::string_view version) {
   plugins::options o;
   o.directories = s.plugin_dirs;
   o.files = s.plugin_files;
   o.data_dir = s.home.empty() ? std::string() : s.home + "/plugins";
   o.base_url = s.base_url;
   o.mcp_path = s.path;
   o.host_version = version;
   o.load_timeout = s.load_timeout;
   o.call_timeout = s.call_timeout;
   o.max_file_bytes = s.max_plugin_bytes;
   o.max_threads_per_plugin = s.threads_per_plugin;
   o.max_queue_per_plugin = s.queue_per_plugin;
   o.max_calls_per_plugin = s.max_calls_per_plugin;
   o.max_result_bytes = s.max_result_bytes;
   o.settings = [given = s.given](std::string_view name, const json::value& manifest,
                                  std::span<const std::string> others) {
      return resolve(given, name, manifest, others);
   };
   o.prepare_tool = prepare_tool;
   return o;
}

protocol::service_options service_options(const config::settings& s, const authentication* guard) {
   protocol::service_options o;
   o.me = {.name = s.name,
           .version = s.version,
           .title = s.title,
           .icons_json = s.icons,
           .website_url = s.website_url,
           .instructions = s.instructions};
   o.page_size = s.page_size;
   o.cache_ttl = s.cache_ttl;
   o.lists_are_public = s.cache_scope == config::cache_scope::shared;
   o.mask_error_details = s.mask_error_details;
   o.has_sessions = !s.stateless;
   o.json_only = s.json_response;
   o.session_key = s.session_key;
   o.session_key_previous = s.session_key_previous;
   // Whoever switches authentication on, off or to another provider ends all sessions.
   o.session_domain = guard != nullptr ? guard->domain() : "open";
   o.hide_forbidden_tools = s.hide_forbidden_tools;
   o.session_ttl = std::chrono::duration_cast<std::chrono::seconds>(s.session_ttl);
   o.sessions = {.max_sessions = s.max_sessions,
                 .idle_timeout = s.session_idle_timeout,
                 .replay_events = s.replay_events,
                 .replay_bytes = s.replay_bytes};
   o.max_stream_buffer = s.max_stream_buffer;
   o.keep_alive = s.sse_keepalive;
   return o;
}

net::server_options server_options(const config::settings& s) {
   net::server_options o;
   o.address = s.host;
   o.port = s.port;
   o.threads = s.threads;
   o.bounds = {.max_header_bytes = s.max_header_bytes,
               .max_fields = s.max_header_fields,
               .max_body_bytes = s.max_body_bytes,
               .max_connections = s.max_connections,
               .max_stream_buffer = s.max_stream_buffer,
               .max_pipelined_output = s.max_pipelined_bytes,
               .header_timeout = s.header_timeout,
               .body_timeout = s.body_timeout,
               .idle_timeout = s.idle_timeout,
               .write_timeout = s.write_timeout};
   o.tls = {.certificate_chain = s.tls_cert, .private_key = s.tls_key};
   return o;
}

protocol::http_guard::options guard_options(const config::settings& s, std::uint16_t port) {
   const bool is_loopback = config::is_loopback(s.host);
   const bool has_lists = !s.http_allowed_hosts.empty() || !s.http_allowed_origins.empty();
   using config::host_check;
   return {.is_on = s.http_host_origin_protection == host_check::on ||
                    (s.http_host_origin_protection == host_check::automatic &&
                     (is_loopback || has_lists)),
           .is_loopback = is_loopback,
           .is_tls = !s.tls_cert.empty(),
           .port = port,
           .bound_host = s.host,
           .base_url = s.base_url,
           .allowed_hosts = s.http_allowed_hosts,
           .allowed_origins = s.http_allowed_origins,
           .parameter_headers = {}};
}

std::string endpoint_url(const config::settings& s, std::uint16_t port) {
   const bool is_v6 = s.host.find(':') != std::string::npos;
   return fmt::format("{}://{}{}{}:{}{}", s.tls_cert.empty() ? "http" : "https", is_v6 ? "[" : "",
                      s.host, is_v6 ? "]" : "", port, s.path);
}

} // namespace fmcp::app
