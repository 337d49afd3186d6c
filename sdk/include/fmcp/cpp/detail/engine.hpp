/// fmcp/cpp/detail/engine.hpp - one instance of a plugin, below the author's class.
///
/// The engine holds what the host gave (tables copied and their holes filled, see convention 4 of
/// abi.h), the list of tools, and who wants to hear of cancellations. It outlives the author's
/// object, and lives from create() to destroy().
///
/// Thread safety: all members may be called from any thread, except list() and those marked
/// [control].
#ifndef FMCP_CPP_DETAIL_ENGINE_HPP
#define FMCP_CPP_DETAIL_ENGINE_HPP

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../services.h"
#include "../result.hpp"
#include "guard.hpp"

namespace fmcp {
inline namespace v1 {
namespace detail {

/// The part of a growing struct that both sides know, the rest zero (convention 4 of abi.h).
template <class T>
T copied(const T* from) noexcept {
   T out{};
   if (from == nullptr) return out;
   const std::size_t n = from->size < sizeof(T) ? from->size : sizeof(T);
   std::memcpy(static_cast<void*>(&out), static_cast<const void*>(from), n);
   return out;
}

class engine;

/// A tool as the host lists and calls it. Immutable.
struct tool_entry {
   std::string name;
   std::string json;
   std::vector<std::string> scopes;
   uint32_t exec = FMCP_EX_MAY_BLOCK;
   uint32_t max_concurrency = 0;
   uint32_t timeout_ms = 0;
   std::function<fmcp_status(engine&, const fmcp_request&, fmcp_err*)> run;
};

/// Somebody who wants to hear that a call is cancelled.
struct cancel_listener {
   std::function<void()> heard;
   std::thread::id running_on; // guarded by engine::listeners_mutex_
   bool is_told = false;       // guarded by engine::listeners_mutex_
};

class engine {
public:
   explicit engine(const fmcp_host* host) : host_(copied(host)) {
      if (host_.service == nullptr) host_.service = no_service;
      if (host_.log == nullptr) host_.log = no_log;
      if (host_.log_enabled == nullptr) host_.log_enabled = no_log_enabled;
      if (host_.mono_ns == nullptr) host_.mono_ns = no_mono_ns;
      if (host_.unix_ms == nullptr) host_.unix_ms = no_unix_ms;
      if (host_.progress == nullptr) host_.progress = no_progress;
      if (host_.cancelled == nullptr) host_.cancelled = no_cancelled;
      if (host_.client_log == nullptr) host_.client_log = no_client_log;
      exec_ = service<fmcp_exec>("fmcp.exec/1");
      if (exec_.post == nullptr) exec_.post = no_post;
      if (exec_.after == nullptr) exec_.after = no_after;
      if (exec_.bring_forward == nullptr) exec_.bring_forward = no_bring_forward;
      notify_ = service<fmcp_notify>("fmcp.notify/1");
      if (notify_.list_changed == nullptr) notify_.list_changed = no_notify;
      if (notify_.resource_updated == nullptr) notify_.resource_updated = no_notify;
   }
   engine(const engine&) = delete;
   engine& operator=(const engine&) = delete;

   [[nodiscard]] bool can_complete() const noexcept { return host_.complete != nullptr; }
   [[nodiscard]] const fmcp_host& host() const noexcept { return host_; }
   /// Its table, the part that both sides know; all zero: there is none.
   template <class Table>
   [[nodiscard]] Table service(std::string_view id) const noexcept {
      return copied(static_cast<const Table*>(host_.service(host_.ctx, str(id))));
   }

   // ---- log ----

   void log(level l, std::string_view text, std::string_view fields_json = {}) const noexcept {
      host_.log(host_.ctx, static_cast<int32_t>(l), str(text), str(fields_json));
   }
   /// For what no call and no err can carry: tasks, cancellation callbacks, stop().
   template <class F>
   void guard_and_log(const char* where, F&& f) const noexcept {
      guard_with(std::forward<F>(f), [&](fmcp_status, std::string_view text) {
         log(level::error, where);
         log(level::error, text);
      });
   }

   // ---- the end of a call ----

   fmcp_status complete(fmcp_call call, result&& r) const {
      return r.lend(
            [&](const fmcp_result& out) noexcept { return host_.complete(host_.ctx, call, &out); });
   }
   /// The same with one sentence and without any allocation.
   fmcp_status complete_with(fmcp_call call, int32_t outcome, int32_t code, std::string_view text,
                             std::string_view data_json = {}) const noexcept {
      fmcp_result r{};
      r.size = sizeof r;
      r.outcome = outcome;
      r.rpc_code = code;
      r.message = str(text);
      r.error_data_json = {data_json.data(), data_json.size(), nullptr, nullptr};
      return host_.complete(host_.ctx, call, &r);
   }
   /// Inside a catch block: completes the call when the exception says with what, else gives the
   /// status of a call that was not completed, with `err` set.
   fmcp_status complete_from_exception(fmcp_call call, fmcp_err* err) const noexcept {
      try {
         throw;
      } catch (const tool_error& e) {
         complete_with(call, FMCP_OUT_TOOL_ERROR, 0, e.what());
      } catch (const rpc_error& e) {
         complete_with(call, FMCP_OUT_RPC_ERROR, e.code(), e.what(), e.data_json());
      } catch (const cancelled&) {
         complete_with(call, FMCP_OUT_CANCELLED, 0, {});
      } catch (...) {
         return translate([&](fmcp_status s, std::string_view text) { return say(err, s, text); });
      }
      return FMCP_OK;
   }
   /// The same where no `err` can be given: then each exception completes the call.
   void complete_from_exception(fmcp_call call) const noexcept {
      char room[1024];
      fmcp_err err{0, sizeof room, 0, 0, room};
      if (complete_from_exception(call, &err) == FMCP_OK) return;
      complete_with(call, FMCP_OUT_FAILED, 0, {room, err.len});
   }

   // ---- tools ----

   void add(tool_entry entry) {
      auto made = std::make_shared<const tool_entry>(std::move(entry));
      {
         const std::lock_guard<std::shared_mutex> lock(tools_mutex_);
         tools_.reserve(tools_.size() + 1);
         if (!by_name_.emplace(made->name, made).second) {
            throw std::invalid_argument("There is a tool " + made->name + " already.");
         }
         tools_.push_back(std::move(made));
      }
      tell_list_changed();
   }
   bool remove(const std::string& name) {
      {
         const std::lock_guard<std::shared_mutex> lock(tools_mutex_);
         if (by_name_.erase(name) == 0) return false;
         tools_.erase(std::find_if(tools_.begin(), tools_.end(),
                                   [&](const auto& t) { return t->name == name; }));
      }
      tell_list_changed();
      return true;
   }
   /// [control]
   fmcp_status list(fmcp_list* out) {
      std::vector<std::shared_ptr<const tool_entry>> listed;
      {
         const std::shared_lock<std::shared_mutex> lock(tools_mutex_);
         listed = tools_;
      }
      std::vector<fmcp_item> items;
      std::vector<std::vector<fmcp_str>> scopes;
      for (const auto& t : listed) {
         scopes.emplace_back();
         for (const auto& scope : t->scopes) scopes.back().push_back(str(scope));
         items.push_back(item_of(*t, scopes.back()));
      }
      listed_.swap(listed);
      items_.swap(items);
      scopes_.swap(scopes);
      *out = {items_.data(), static_cast<uint32_t>(items_.size()), sizeof(fmcp_item)};
      return FMCP_OK;
   }
   fmcp_status call(const fmcp_request* from, fmcp_err* err) {
      const fmcp_request rq = copied(from);
      std::shared_ptr<const tool_entry> found;
      {
         const std::shared_lock<std::shared_mutex> lock(tools_mutex_);
         const auto at = by_name_.find(view(rq.name));
         if (at != by_name_.end()) found = at->second;
      }
      if (!found) return say(err, FMCP_E_NOT_FOUND, "The plugin no longer has this tool.");
      return found->run(*this, rq, err);
   }
   void resource_updated(std::string_view uri) const noexcept {
      notify_.resource_updated(host_.ctx, str(uri));
   }

   // ---- tasks ----

   /// Runs `f` on a thread of the host. Errors: refused; then `f` has been destroyed.
   template <class F>
   void post(F f) {
      auto made = std::make_unique<task<F>>(task<F>{*this, std::move(f)});
      demand(exec_.post(host_.ctx, task<F>::run, made.get()));
      (void)made.release();
   }
   template <class F>
   fmcp_op after(uint64_t ms, F f) {
      auto made = std::make_unique<task<F>>(task<F>{*this, std::move(f)});
      fmcp_op op = 0;
      demand(exec_.after(host_.ctx, ms, task<F>::run, made.get(), &op));
      (void)made.release();
      return op;
   }
   /// Runs `f(is_early)` then, or at once when `call` is cancelled. `is_early`: the time is not over,
   /// since the call is cancelled or the plugin is being stopped.
   template <class F>
   void after_or_cancelled(fmcp_call call, uint64_t ms, F f) {
      struct timer {
         std::atomic<fmcp_op> op{0};
         std::shared_ptr<cancel_listener> listener;
      };
      auto t = std::make_shared<timer>();
      t->listener = listen(call, [this, raw = t.get()] { bring_forward(raw->op); });
      // Before the host looks at its own clock, so that no timer that is on time seems early.
      constexpr uint64_t longest = UINT64_MAX / 4'000'000;
      const uint64_t now = host_.mono_ns(host_.ctx);
      const uint64_t due = now == 0 ? 0 : now + (ms < longest ? ms : longest) * 1'000'000;
      try {
         t->op = after(ms, [this, call, t, due, f = std::move(f)]() mutable {
            forget(call, t->listener);
            f(host_.mono_ns(host_.ctx) < due);
         });
      } catch (...) {
         forget(call, t->listener);
         throw;
      }
      // Cancelled before there was anything to bring forward.
      if (host_.cancelled(host_.ctx, call) != 0) bring_forward(t->op);
   }
   void bring_forward(fmcp_op op) const noexcept { exec_.bring_forward(host_.ctx, op); }

   // ---- cancellation ----

   std::shared_ptr<cancel_listener> listen(fmcp_call call, std::function<void()> heard) {
      auto made = std::make_shared<cancel_listener>();
      made->heard = std::move(heard);
      {
         const std::lock_guard<std::mutex> lock(listeners_mutex_);
         listeners_.emplace(call, made);
      }
      // It may have happened before anybody listened.
      if (host_.cancelled(host_.ctx, call) != 0) tell(call);
      return made;
   }
   /// After this the listener does not run, and will not, unless this is called from inside it.
   void forget(fmcp_call call, const std::shared_ptr<cancel_listener>& l) noexcept {
      std::unique_lock<std::mutex> lock(listeners_mutex_);
      const auto [from, to] = listeners_.equal_range(call);
      for (auto it = from; it != to; ++it) {
         if (it->second == l) {
            listeners_.erase(it);
            break;
         }
      }
      if (l->running_on == std::this_thread::get_id()) return;
      listener_done_.wait(lock, [&] { return l->running_on == std::thread::id(); });
   }
   void tell(fmcp_call call) noexcept {
      std::unique_lock<std::mutex> lock(listeners_mutex_);
      while (auto l = next_listener(call)) {
         l->is_told = true;
         l->running_on = std::this_thread::get_id();
         lock.unlock();
         guard_and_log("A cancellation callback failed:", [&] { l->heard(); });
         lock.lock();
         l->running_on = std::thread::id();
         listener_done_.notify_all();
      }
   }

   // ---- set around the author's object, [control] ----

   void ready() noexcept { is_ready_ = true; }

private:
   template <class F>
   struct task {
      engine& of;
      F f;
      static void run(void* user) noexcept {
         const std::unique_ptr<task> me(static_cast<task*>(user));
         me->of.guard_and_log("A task of the plugin failed:", [&] { me->f(); });
      }
   };

   static void demand(fmcp_status s) {
      switch (s) {
      case FMCP_OK: return;
      case FMCP_E_BUSY:
      case FMCP_E_LIMIT: throw refused(s, "The plugin has too many tasks waiting.");
      case FMCP_E_GONE: throw refused(s, "The plugin is being stopped.");
      case FMCP_E_NOT_SUPPORTED: throw refused(s, "The host has no service fmcp.exec/1.");
      default: throw refused(s, "The host did not take the task.");
      }
   }

   static fmcp_item item_of(const tool_entry& t, const std::vector<fmcp_str>& scopes) noexcept {
      fmcp_item i{};
      i.size = sizeof i;
      i.exec = t.exec;
      i.name = str(t.name);
      i.json = str(t.json);
      i.required_scopes = {scopes.data(), static_cast<uint32_t>(scopes.size()), sizeof(fmcp_str)};
      i.max_concurrency = t.max_concurrency;
      i.timeout_ms = t.timeout_ms;
      return i;
   }
   void tell_list_changed() const noexcept {
      if (is_ready_) (void)notify_.list_changed(host_.ctx, str("fmcp.tools/1"));
   }
   std::shared_ptr<cancel_listener> next_listener(fmcp_call call) const {
      const auto [from, to] = listeners_.equal_range(call);
      for (auto it = from; it != to; ++it) {
         if (!it->second->is_told) return it->second;
      }
      return nullptr;
   }

   // What stands in for functions that the host does not have.
   static const void* no_service(void*, fmcp_str) noexcept { return nullptr; }
   static void no_log(void*, int32_t, fmcp_str, fmcp_str) noexcept {}
   static int32_t no_log_enabled(void*, int32_t) noexcept { return 0; }
   static uint64_t no_mono_ns(void*) noexcept { return 0; }
   static int64_t no_unix_ms(void*) noexcept { return 0; }
   static fmcp_status no_progress(void*, fmcp_call, double, double, fmcp_str) noexcept {
      return FMCP_E_NOT_SUPPORTED;
   }
   static int32_t no_cancelled(void*, fmcp_call) noexcept { return 0; }
   static fmcp_status no_client_log(void*, fmcp_call, int32_t, fmcp_str, fmcp_str) noexcept {
      return FMCP_E_NOT_SUPPORTED;
   }
   static fmcp_status no_post(void*, fmcp_task, void*) noexcept { return FMCP_E_NOT_SUPPORTED; }
   static fmcp_status no_after(void*, uint64_t, fmcp_task, void*, fmcp_op*) noexcept {
      return FMCP_E_NOT_SUPPORTED;
   }
   static void no_bring_forward(void*, fmcp_op) noexcept {}
   static fmcp_status no_notify(void*, fmcp_str) noexcept { return FMCP_E_NOT_SUPPORTED; }

   fmcp_host host_;
   fmcp_exec exec_{};
   fmcp_notify notify_{};
   std::atomic<bool> is_ready_{false};

   mutable std::shared_mutex tools_mutex_;
   std::vector<std::shared_ptr<const tool_entry>> tools_; // guarded by tools_mutex_
   std::map<std::string, std::shared_ptr<const tool_entry>, std::less<>> by_name_; // the same

   // What the host was given last. [control]
   std::vector<std::shared_ptr<const tool_entry>> listed_;
   std::vector<fmcp_item> items_;
   std::vector<std::vector<fmcp_str>> scopes_;

   std::mutex listeners_mutex_;
   std::condition_variable listener_done_;
   std::multimap<fmcp_call, std::shared_ptr<cancel_listener>> listeners_; // listeners_mutex_
};

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
