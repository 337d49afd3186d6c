/// fmcp/cpp/kv.hpp - small values that the host keeps, sealed: service fmcp.kv/1.
///
///    store_.put("state/" + id, verifier, std::chrono::minutes(10), [](const fmcp::kv_result&) {});
///    store_.take("state/" + id, [](const fmcp::kv_result& r) { if (r) use(r.value); });
///
/// The manifest says .uses("fmcp.kv/1").
#ifndef FMCP_CPP_KV_HPP
#define FMCP_CPP_KV_HPP

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "detail/service.hpp"

namespace fmcp {
inline namespace v1 {

/// How an operation ended.
struct kv_result {
   fmcp_status status = FMCP_E_FAIL; ///< FMCP_E_NOT_FOUND, FMCP_E_CONFLICT, ... see services.h
   std::string value = {};
   uint64_t version = 0;

   [[nodiscard]] explicit operator bool() const noexcept { return status == FMCP_OK; }
};

/// Each function calls `f(kv_result)` on a thread of the host, once. Errors: refused, and `f` is
/// gone. Thread safety: any thread. Lives no longer than the plugin.
class kv_store {
public:
   /// Errors: refused, the host has no such service.
   explicit kv_store(const plugin& of) : host_(of, "fmcp.kv/1") {
      const auto& t = host_.table();
      if (t.get == nullptr || t.put == nullptr || t.take == nullptr || t.del == nullptr) {
         throw refused(FMCP_E_NOT_SUPPORTED, "The host's fmcp.kv/1 lacks a function.");
      }
   }

   template <class F>
   void get(std::string_view key, F f) const {
      host_.start("read the value", std::move(f), [&](void* user) noexcept {
         return host_.table().get(host_.context(), detail::str(key), done<F>, user);
      });
   }
   /// For `put`: only where there is no such key.
   static constexpr uint64_t only_if_absent = UINT64_MAX;

   /// `if_version` 0: in any case; else only over that version.
   template <class Rep, class Period, class F>
   void put(std::string_view key, std::string_view value, std::chrono::duration<Rep, Period> ttl,
            F f, uint64_t if_version = 0) const {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(ttl).count();
      host_.start("write the value", std::move(f), [&](void* user) noexcept {
         return host_.table().put(host_.context(), detail::str(key), detail::bytes(value),
                                  ms > 0 ? static_cast<uint64_t>(ms) : 0, if_version, done<F>,
                                  user);
      });
   }
   /// Reads and deletes: of two takers one gets it.
   template <class F>
   void take(std::string_view key, F f) const {
      host_.start("take the value", std::move(f), [&](void* user) noexcept {
         return host_.table().take(host_.context(), detail::str(key), done<F>, user);
      });
   }
   template <class F>
   void remove(std::string_view key, F f) const {
      host_.start("delete the value", std::move(f), [&](void* user) noexcept {
         return host_.table().del(host_.context(), detail::str(key), done<F>, user);
      });
   }

private:
   template <class F>
   static void done(void* user, fmcp_status st, fmcp_bytes value, uint64_t version) noexcept {
      detail::waiting<F>::finish(user, "A callback for a stored value failed:", [&] {
         return kv_result{st, std::string(detail::view(value)), version};
      });
   }

   detail::service<fmcp_kvstore> host_;
};

} // namespace v1
} // namespace fmcp
#endif
