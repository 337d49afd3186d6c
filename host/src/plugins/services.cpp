#include "plugins/services.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "core/log.hpp"
#include "core/utf8.hpp"
#include "plugins/grown.hpp"
#include "plugins/instance.hpp"
#include "plugins/results.hpp"
#include "plugins/service_parts.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::size_t max_log_text = 4096;
constexpr std::size_t max_uri = 8192;

core::log::level level_of(std::int32_t level) noexcept {
   switch (level) {
   case FMCP_LOG_TRACE: return core::log::level::trace;
   case FMCP_LOG_DEBUG: return core::log::level::debug;
   case FMCP_LOG_WARN: return core::log::level::warn;
   case FMCP_LOG_ERROR: return core::log::level::error;
   case FMCP_LOG_CRITICAL: return core::log::level::critical;
   default: return core::log::level::info;
   }
}

// ---- fmcp.exec/1 ----

fmcp_status exec_post(void* ctx, fmcp_task fn, void* user) noexcept {
   return ctx == nullptr || fn == nullptr ? FMCP_E_INVALID : self(ctx).post(fn, user);
}

fmcp_status exec_after(void* ctx, std::uint64_t ms, fmcp_task fn, void* user,
                       fmcp_op* op) noexcept {
   return ctx == nullptr || fn == nullptr ? FMCP_E_INVALID : self(ctx).after(ms, fn, user, op);
}

void exec_bring_forward(void* ctx, fmcp_op op) noexcept {
   if (ctx != nullptr) self(ctx).bring_forward(op);
}

constexpr fmcp_exec exec_table{sizeof(fmcp_exec), 0, exec_post, exec_after, exec_bring_forward};

// ---- fmcp.notify/1 ----

fmcp_status notify_list_changed(void* ctx, fmcp_str interface_id) noexcept {
   const auto id = view(interface_id, 256);
   return ctx == nullptr || !id ? FMCP_E_INVALID : self(ctx).list_changed(*id);
}

fmcp_status notify_resource_updated(void* ctx, fmcp_str uri) noexcept {
   const auto text = view(uri, max_uri);
   if (ctx == nullptr || !text || text->empty() || !core::is_utf8(*text)) return FMCP_E_INVALID;
   return self(ctx).resource_updated(*text);
}

constexpr fmcp_notify notify_table{sizeof(fmcp_notify), 0, notify_list_changed,
                                   notify_resource_updated};

struct service {
   std::string_view id;
   const void* table;
   bool (*is_granted)(const grants&);
};
constexpr auto everybody = [](const grants&) { return true; };
constexpr std::array services{
      service{"fmcp.exec/1", &exec_table, everybody},
      service{"fmcp.notify/1", &notify_table, everybody},
      service{"fmcp.http/1", &http_table, [](const grants& g) { return g.with.http != nullptr; }},
      service{"fmcp.jwt/1", &jwt_table, [](const grants& g) { return g.with.jwt != nullptr; }},
      service{"fmcp.kv/1", &kv_table, [](const grants& g) { return g.with.kv != nullptr; }},
      service{"fmcp.crypto/1", &crypto_table,
              [](const grants& g) { return g.with.crypto != nullptr; }},
      service{"fmcp.auth-host/1", &auth_host_table, [](const grants& g) { return g.is_provider; }},
};

// ---- fmcp_host ----

const void* host_service(void* ctx, fmcp_str id) noexcept {
   const auto name = view(id, 256);
   if (ctx == nullptr) return nullptr;
   for (const auto& s : services) {
      if (name == s.id) return s.is_granted(self(ctx).granted()) ? s.table : nullptr;
   }
   return nullptr;
}

std::int32_t host_log_enabled(void*, std::int32_t level) noexcept {
   return core::log::enabled(level_of(level)) ? 1 : 0;
}

void host_log(void* ctx, std::int32_t level, fmcp_str msg, fmcp_str fields_json) noexcept {
   const auto text = view(msg, UINT32_MAX), fields = view(fields_json, UINT32_MAX);
   if (ctx == nullptr || !text || !fields || host_log_enabled(ctx, level) == 0) return;
   self(ctx).log(level_of(level), text->substr(0, max_log_text), fields->substr(0, max_log_text));
}

std::uint64_t host_mono_ns(void* ctx) noexcept {
   return ctx == nullptr ? 0 : self(ctx).clock().mono_ns();
}

std::int64_t host_unix_ms(void* ctx) noexcept {
   return ctx == nullptr ? 0 : self(ctx).clock().unix_ms();
}

fmcp_status host_complete(void* ctx, fmcp_call c, const fmcp_result* r) noexcept {
   if (ctx != nullptr) return self(ctx).calls().complete(c, r);
   // Nobody's call, but the buffers are ours all the same.
   if (fmcp_result copy; copy_result(r, copy)) release_buffers(copy);
   return FMCP_E_GONE;
}

fmcp_status host_progress(void* ctx, fmcp_call c, double done, double total,
                          fmcp_str message) noexcept {
   return ctx == nullptr ? FMCP_E_GONE : self(ctx).calls().progress(c, done, total, message);
}

std::int32_t host_cancelled(void* ctx, fmcp_call c) noexcept {
   return ctx == nullptr || self(ctx).calls().is_over(c) ? 1 : 0;
}

fmcp_status host_client_log(void* ctx, fmcp_call c, std::int32_t level, fmcp_str logger,
                            fmcp_str data_json) noexcept {
   return ctx == nullptr ? FMCP_E_GONE : self(ctx).calls().client_log(c, level, logger, data_json);
}

} // namespace

bool has_service(std::string_view id) noexcept {
   for (const auto& s : services) {
      if (s.id == id) return true;
   }
   return false;
}

fmcp_status status_of(core::errc code) noexcept {
   switch (code) {
   case core::errc::invalid: return FMCP_E_INVALID;
   case core::errc::not_found: return FMCP_E_NOT_FOUND;
   case core::errc::denied: return FMCP_E_DENIED;
   case core::errc::conflict: return FMCP_E_CONFLICT;
   case core::errc::limit: return FMCP_E_LIMIT;
   case core::errc::timeout: return FMCP_E_TIMEOUT;
   case core::errc::unsupported: return FMCP_E_NOT_SUPPORTED;
   case core::errc::io: return FMCP_E_IO;
   case core::errc::internal: break;
   }
   return FMCP_E_FAIL;
}

fmcp_buf give(std::string bytes, bool is_secret) {
   auto* kept = new std::string(std::move(bytes));
   using release = void (*)(void*, const void*, std::uint64_t) noexcept;
   const release plain = [](void* owner, const void*, std::uint64_t) noexcept {
      delete static_cast<std::string*>(owner);
   };
   const release wiping = [](void* owner, const void*, std::uint64_t) noexcept {
      auto* text = static_cast<std::string*>(owner);
      ::explicit_bzero(text->data(), text->size());
      delete text;
   };
   return {kept->data(), kept->size(), is_secret ? wiping : plain, kept};
}

fmcp_host make_host_table(instance& ctx, std::string_view version) noexcept {
   return {
         .size = sizeof(fmcp_host),
         .abi_minor = FMCP_ABI_MINOR,
         .ctx = &ctx,
         .host_name = str("fastmcp-host"),
         .host_version = str(version),
         .service = host_service,
         .log = host_log,
         .log_enabled = host_log_enabled,
         .mono_ns = host_mono_ns,
         .unix_ms = host_unix_ms,
         .complete = host_complete,
         .progress = host_progress,
         .cancelled = host_cancelled,
         .client_log = host_client_log,
   };
}

std::string_view status_name(fmcp_status status) noexcept {
   switch (status) {
   case FMCP_OK: return "FMCP_OK";
   case FMCP_PENDING: return "FMCP_PENDING";
   case FMCP_E_INVALID: return "FMCP_E_INVALID";
   case FMCP_E_NOT_SUPPORTED: return "FMCP_E_NOT_SUPPORTED";
   case FMCP_E_NO_MEMORY: return "FMCP_E_NO_MEMORY";
   case FMCP_E_GONE: return "FMCP_E_GONE";
   case FMCP_E_BUSY: return "FMCP_E_BUSY";
   case FMCP_E_DENIED: return "FMCP_E_DENIED";
   case FMCP_E_NOT_FOUND: return "FMCP_E_NOT_FOUND";
   case FMCP_E_TIMEOUT: return "FMCP_E_TIMEOUT";
   case FMCP_E_IO: return "FMCP_E_IO";
   case FMCP_E_CONFIG: return "FMCP_E_CONFIG";
   case FMCP_E_CONFLICT: return "FMCP_E_CONFLICT";
   case FMCP_E_LIMIT: return "FMCP_E_LIMIT";
   default: return "FMCP_E_FAIL";
   }
}

} // namespace fmcp::plugins
