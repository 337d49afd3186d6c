#pragma once

/// One loaded plugin: its code, its tables, its running calls and its threads.
///
/// Life: bring_up() → list() or info() → calls … → refuse_calls() → retire() → unload(). bring_up,
/// list, info, retire and unload are [control]: one thread at a time, which may stay inside the
/// plugin for ever, so the host runs each on a thread that it can do without.
///
/// Lifetimes: the plugin holds a pointer to this object (`fmcp_host.ctx`) until its destroy()
/// returned. An instance that could not be retired is therefore kept for the life of the process;
/// see keep_for_ever().

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include <fmcp/services.h>

#include "core/clock.hpp"
#include "core/executor.hpp"
#include "core/log.hpp"
#include "core/result.hpp"
#include "plugins/auth_provider.hpp"
#include "plugins/call_table.hpp"
#include "plugins/catalogue.hpp"
#include "plugins/errands.hpp"
#include "plugins/grants.hpp"
#include "plugins/host.hpp"
#include "plugins/module.hpp"
#include "plugins/pool.hpp"
#include "plugins/quota.hpp"
#include "plugins/timer.hpp"

namespace fmcp::plugins {

/// What instances and their control threads need of the host. [any thread], through a `host_line`.
class instance_host {
public:
   virtual ~instance_host() = default;
   virtual void list_changed(instance& from) = 0;
   virtual void resource_updated(std::string_view plugin, std::string_view uri) = 0;
   virtual void forget(std::string_view token_sha256) = 0;
   virtual core::result<std::shared_ptr<const void>> prepare(std::string_view tool,
                                                             const json::value& definition) = 0;
   /// Runs `work` on the host's control thread.
   virtual void post(core::task work) = 0;
};

/// The way to the host for those that may outlive it: threads inside a plugin cannot be ended.
class host_line {
public:
   explicit host_line(instance_host& to) : to_(&to) {}
   /// Waits for those that are speaking; after that nobody reaches the host.
   void cut() {
      const std::lock_guard lock(mutex_);
      to_ = nullptr;
   }
   /// Calls `f(host)`; false when the host is gone.
   template <class F>
   bool tell(F&& f) {
      const std::shared_lock lock(mutex_);
      if (to_ != nullptr) f(*to_);
      return to_ != nullptr;
   }

private:
   std::shared_mutex mutex_;
   instance_host* to_;
};

inline constexpr std::string_view tools_interface = "fmcp.tools/1", auth_interface = "fmcp.auth/1";
/// What a plugin may offer. A tool plugin is asked for its tools, a provider for its verification.
inline constexpr std::array<std::string_view, 5> interfaces{
      tools_interface, "fmcp.prompts/1", "fmcp.resources/1", "fmcp.completion/1", auth_interface};

class instance final : public std::enable_shared_from_this<instance>, public timer::watched {
public:
   struct config {
      std::string file;
      std::string name;
      std::string data_dir; ///< exists, or empty
      std::string base_url;
      std::string mcp_path;
      std::string host_version;
      role as = role::tools;
      /// Of a provider: one of these has to be among a token's audiences; empty: not looked at.
      std::vector<std::string> audiences{};
      grants services{};
      bool never_unload = false;
      std::chrono::milliseconds call_timeout{60'000};
      std::uint32_t max_tools = 1024;
      std::uint32_t max_threads = 8;
      std::uint32_t max_queue = 256;
      std::uint32_t max_calls = 4096;
      std::size_t max_result_bytes = 64u << 20;
      const core::clock* clock = &core::clock::system();
      std::shared_ptr<timer> deadlines;
      std::shared_ptr<host_line> to_host; ///< may be null
   };
   static std::shared_ptr<instance> make(config c);
   ~instance() override;

   [[nodiscard]] const std::string& file() const noexcept { return config_.file; }
   [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
   /// What its values and seals are told apart by: `provider:descope`. A tool plugin and a provider
   /// that have the same name share nothing.
   [[nodiscard]] std::string space() const {
      return (config_.as == role::provider ? "provider:" : "tools:") + config_.name;
   }
   [[nodiscard]] const core::clock& clock() const noexcept { return *config_.clock; }
   [[nodiscard]] call_table& calls() noexcept { return calls_; }
   [[nodiscard]] const call_table& calls() const noexcept { return calls_; }

   [[nodiscard]] const std::vector<std::string>& audiences() const noexcept {
      return config_.audiences;
   }

   // ---- life ----

   /// Where bring_up() is, so that somebody else can say where it hangs.
   enum class step : std::uint8_t { constructors, entry, create, init, facet, list, info, done };
   [[nodiscard]] step at() const noexcept { return step_.load(); }
   /// `init()`: what a sentence calls it.
   [[nodiscard]] static std::string_view name_of(step s) noexcept;

   /// Loads the code, then create, init, facet. `mapped` is called once the code is mapped and its
   /// constructors ran. On failure the plugin has been destroyed, unless a task that it posted does
   /// not come back: then retire() may try again. The message is a predicate of the file, as
   /// everywhere in this class. [control]
   core::result<void> bring_up(sealed_copy code, plugin_settings settings,
                               const std::function<void()>& mapped);
   /// The same for code that is in the process already. The strings of `settings.secrets` are
   /// wiped. [control]
   core::result<void> attach(const fmcp_entry* entry, plugin_settings settings);
   /// Lists the tools and has the host prepare each. [control]
   core::result<std::vector<std::shared_ptr<const tool>>> list();
   /// What a provider says of itself. [control]
   core::result<auth_info> info(std::string_view resource_url);

   /// New calls are refused from here on. Those that run go on, and may post tasks.
   void refuse_calls() noexcept;
   /// The first step of retire(): tasks are refused as well, and waiting ones run early.
   void begin_stop() noexcept;
   /// Ends every open call for its caller and tells the plugin.
   void cancel_all(call_failure why, std::int32_t reason) noexcept;
   /// Refuses calls and tasks, has waiting tasks run early, cancel_all, quiesce, waits for
   /// everything to come back, destroy. False when the plugin keeps something; then nothing was
   /// freed, and it may be tried again. [control]
   [[nodiscard]] bool retire(std::chrono::milliseconds patience);
   /// After retire() said true: unloads the code; whether it is really gone. [control]
   [[nodiscard]] bool unload();
   /// For those that could not be retired: the plugin may come back any time.
   static void keep_for_ever(std::shared_ptr<instance> i);

   // ---- calls (instance_calls.cpp) ----

   void start(const tool& t, const std::shared_ptr<call>& c);
   /// A question to a provider: inline when it says that it does not block.
   void ask(const std::shared_ptr<call>& c, std::chrono::milliseconds patience);
   static void cancel(call& c, std::int32_t reason);
   [[nodiscard]] bool is_busy() const;

   // ---- services (services.cpp, service_*.cpp) ----

   [[nodiscard]] const grants& granted() const noexcept { return config_.services; }
   fmcp_status post(fmcp_task fn, void* user) noexcept;
   fmcp_status after(std::uint64_t ms, fmcp_task fn, void* user, fmcp_op* op) noexcept;
   void bring_forward(fmcp_op op) noexcept;
   fmcp_status list_changed(std::string_view interface_id) noexcept;
   fmcp_status resource_updated(std::string_view uri) noexcept;
   void log(core::log::level level, std::string_view text, std::string_view fields) noexcept;
   fmcp_status forget(std::string_view token_sha256) noexcept;

   /// Operations of services; they end with FMCP_E_GONE when the instance stops.
   [[nodiscard]] errands& pending() noexcept { return errands_; }
   /// Exchanges of `fmcp.http/1` that are under way. A provider has more: each may be somebody's
   /// login.
   [[nodiscard]] quota& exchanges() noexcept { return exchanges_; }
   /// The policies of `fmcp.jwt/1` that it made; 0 when there are too many.
   [[nodiscard]] std::uint64_t add_policy(std::uint64_t of_backend) noexcept;
   /// The backend's name for one, or nothing when it is not this instance's.
   [[nodiscard]] std::optional<std::uint64_t> policy(std::uint64_t id) const noexcept;

   std::uint64_t tick(std::uint64_t now_ns) noexcept override;

private:
   explicit instance(config c);
   core::result<void> create(const fmcp_entry* data);
   [[nodiscard]] bool finish(std::chrono::steady_clock::time_point until);
   core::result<void> init(const plugin_settings& settings);
   core::result<void> take_tools(const void* facet);
   core::result<void> take_auth(const void* facet);
   /// How one call is run.
   struct terms {
      std::chrono::milliseconds timeout;
      bool is_nonblocking;
      const std::shared_ptr<item_gate>& gate;
   };
   void begin_call(const std::shared_ptr<call>& c, const terms& how);
   void end(fmcp_call handle, call_failure why, std::int32_t reason) noexcept;
   void run_job(pool::job& j) noexcept;
   void invoke(fmcp_call handle, call& c) noexcept;
   void look_at(std::uint64_t ns) noexcept;
   [[nodiscard]] std::shared_ptr<item_gate> gate_for(const std::string& tool, std::uint32_t limit);

   const config config_;
   std::atomic<step> step_{step::constructors};
   /// Only ever rises. `draining`: no new calls; `stopping`: no new tasks either.
   enum class stage : std::uint8_t { serving, draining, stopping };
   std::atomic<stage> stage_{stage::serving};
   std::mutex control_; // one [control] function at a time
   std::optional<module> module_;
   fmcp_host host_table_;
   fmcp_plugin plugin_{}; // our copies, without holes
   facets facets_;
   std::atomic<std::uint32_t> offered_{0}; // a bit for each known interface
   bool has_cancel_ = false;
   bool is_created_ = false; // guarded by control_, as the two below
   bool is_initialised_ = false;
   bool is_quiesced_ = false;

   call_table calls_;
   std::atomic<std::uint64_t> next_look_{UINT64_MAX};
   std::map<std::string, std::shared_ptr<item_gate>> gates_; // [control]

   static constexpr std::size_t max_policies = 16;
   std::atomic<std::size_t> policy_count_{0}; // asked for
   /// The backend's name and one more, or 0.
   std::array<std::atomic<std::uint64_t>, max_policies> policies_{};

   std::atomic<std::int64_t> log_second_{0};
   std::atomic<std::uint32_t> log_lines_{0};

   static constexpr std::size_t max_exchanges = 64, max_exchanges_of_provider = 256;
   quota exchanges_{config_.services.is_provider ? max_exchanges_of_provider : max_exchanges};

   pool workers_; // calls and tasks
   pool lane_;    // tells the plugin of cancellations, which may block it
   errands errands_;
};

} // namespace fmcp::plugins
