#pragma once

/// One call into a plugin, seen from the host's side.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <fmcp/auth.h>
#include <fmcp/call.h>

namespace fmcp::plugins {

class instance;

/// The functions of a plugin that calls enter: our copies of its tables.
struct facets {
   fmcp_tools tools{};
   fmcp_auth auth{};
};

/// Why a call ended without a result of the plugin's.
enum class call_failure : std::uint8_t {
   failed,     ///< invoke returned an error; the message is the plugin's
   timed_out,  ///< the deadline passed; the plugin was told to cancel
   cancelled,  ///< `host::cancel` was called
   busy,       ///< the plugin's queue or the item's concurrency limit is full
   stopped,    ///< the plugin is being unloaded or the process ends
   misbehaved, ///< it broke the ABI's rules (threw, returned nonsense); the log has the details
};

/// The caller's half of a call. The caller derives from it, fills `request` and starts it.
///
/// Lifetimes: the plugin room holds a reference until the plugin is really done with the request,
/// which may be long after the outcome (a blocking tool that runs on behind its deadline). So
/// everything that `request` points to must be owned by this object. It is started once.
/// Thread safety: `on_result` or `on_failure` is called exactly once, whatever the plugin does;
/// possibly inside `host::start`, possibly on any thread. `on_progress` and `on_log` may come from
/// any thread, never after the outcome, and never concurrently with each other or with it for one
/// call.
class call {
public:
   virtual ~call() = default;

   /// Filled by the caller, except `size`, `call`, `deadline_ns` and `tag`, which `start` sets.
   fmcp_request request{};

   virtual void on_progress(double done, double total, std::string_view message) noexcept = 0;
   /// `level` is one of FMCP_LOG_*, already checked; `data_json` is valid JSON, `logger` is UTF-8.
   virtual void on_log(std::int32_t level, std::string_view logger,
                       std::string_view data_json) noexcept = 0;
   /// `r` is a full-size copy of the plugin's struct; what it points to is borrowed for this call
   /// only. Step `r.content` with `contents()`. Nothing in it has been checked beyond memory
   /// safety.
   virtual void on_result(const fmcp_result& r) noexcept = 0;
   /// `message` is one sentence for the log and, unless details are masked, for the client.
   virtual void on_failure(call_failure why, std::string_view message) noexcept = 0;

   /// Enters the plugin; every call but a question of authentication is one of a tool.
   virtual fmcp_status enter(const facets& to, void* self, fmcp_err* err) noexcept {
      return to.tools.call(self, &request, err);
   }
   /// The plugin answered through `fmcp.auth-host/1`. `r` as for `on_result`. Null: the answer is
   /// one; else what is wrong with it, as the end of "… completed with", and the outcome is
   /// `on_failure(misbehaved)`.
   virtual const char* on_verified(const fmcp_auth_result&) noexcept {
      return "an answer to a question that was not asked";
   }

private:
   friend class instance;
   // 0 = not started, 1 = cancelled before it was started. Whoever reads another value may read
   // `plugin_`, which never changes after that.
   std::atomic<fmcp_call> handle_{0};
   instance* plugin_ = nullptr;
};

} // namespace fmcp::plugins
