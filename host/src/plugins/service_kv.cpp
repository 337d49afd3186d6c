/// Service `fmcp.kv/1`: small values that last. `space` of the backend is the instance's.

#include <algorithm>
#include <exception>
#include <utility>

#include "core/utf8.hpp"
#include "plugins/service_parts.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::uint64_t max_key = 256, max_value = 64u << 10; // what services.h names
constexpr std::uint64_t longest_ms = 10ull * 365 * 24 * 3600 * 1000;

/// One operation: `start(backend, key, done)` hands it to the backend.
template <class F>
fmcp_status run(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user, F&& start) noexcept {
   const auto name = view(key, max_key);
   if (ctx == nullptr || cb == nullptr || !name || name->empty() || !core::is_utf8(*name)) {
      return FMCP_E_INVALID;
   }
   instance& i = self(ctx);
   auto* backend = i.granted().with.kv;
   if (backend == nullptr) return FMCP_E_DENIED;
   fmcp_op op = 0;
   const auto status = i.pending().begin(op, [cb, user] { cb(user, FMCP_E_GONE, {}, 0); });
   if (status != FMCP_OK) return status;
   try {
      // The instance is there as long as the operation is undecided, and not longer.
      start(*backend, *name, [to = i.weak_from_this(), op, cb, user](kv_outcome o) mutable {
         const auto alive = to.lock();
         if (!alive) return;
         alive->pending().decide(op, [o = std::move(o), cb, user] {
            const bool is_good = o.status.has_value();
            cb(user, is_good ? FMCP_OK : status_of(o.status.error().code),
               is_good ? bytes_of(o.value) : fmcp_bytes{}, o.version);
         });
      });
   } catch (const std::exception&) {
      i.pending().decide(op, [cb, user] { cb(user, FMCP_E_NO_MEMORY, {}, 0); });
   }
   return FMCP_OK;
}

fmcp_status get(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user) noexcept {
   return run(ctx, key, cb, user, [&](kv_backend& to, std::string_view name, kv_done done) {
      to.get(self(ctx).space(), name, std::move(done));
   });
}

fmcp_status put(void* ctx, fmcp_str key, fmcp_bytes v, std::uint64_t ttl_ms,
                std::uint64_t if_version, fmcp_value_cb cb, void* user) noexcept {
   const auto value = view_bytes(v, max_value);
   if (!value || ttl_ms == 0) return FMCP_E_INVALID;
   return run(ctx, key, cb, user, [&](kv_backend& to, std::string_view name, kv_done done) {
      to.put(self(ctx).space(), name, *value,
             std::chrono::milliseconds(std::min(ttl_ms, longest_ms)), if_version, std::move(done));
   });
}

fmcp_status take(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user) noexcept {
   return run(ctx, key, cb, user, [&](kv_backend& to, std::string_view name, kv_done done) {
      to.take(self(ctx).space(), name, std::move(done));
   });
}

fmcp_status del(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user) noexcept {
   return run(ctx, key, cb, user, [&](kv_backend& to, std::string_view name, kv_done done) {
      to.remove(self(ctx).space(), name, std::move(done));
   });
}

} // namespace

constexpr fmcp_kvstore kv_table{sizeof(fmcp_kvstore), 0, get, put, take, del};

} // namespace fmcp::plugins
