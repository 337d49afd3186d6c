#include "plugins/instance.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "plugins/grown.hpp"
#include "plugins/plugin_error.hpp"
#include "plugins/services.hpp"

// The busy half of an instance: calls, time, and what the plugin asks of the host meanwhile. No
// [control] function is here.

namespace fmcp::plugins {
namespace {

constexpr std::uint64_t retry_ns = 10'000'000;
constexpr std::uint32_t max_log_lines_per_second = 200;
constexpr fmcp_call cancelled_early = 1; // no handle: generations start above the slot's bits

} // namespace

// ---- calls ----

void instance::start(const tool& t, const std::shared_ptr<call>& c) {
   c->request.tag = t.tag;
   begin_call(c, {t.timeout, t.exec == FMCP_EX_NONBLOCKING, t.gate});
}

void instance::ask(const std::shared_ptr<call>& c, std::chrono::milliseconds patience) {
   static const std::shared_ptr<item_gate> no_gate;
   begin_call(c, {patience, (facets_.auth.flags & FMCP_AUTH_NONBLOCKING) != 0, no_gate});
}

void instance::begin_call(const std::shared_ptr<call>& c, const terms& how) {
   const auto refuse = [&](call_failure why) {
      c->on_failure(why, why == call_failure::busy
                               ? fmt::format("Plugin {} has too many calls running or waiting; try "
                                             "again later.",
                                             config_.name)
                               : fmt::format("Plugin {} is being stopped.", config_.name));
   };
   if (stage_.load(std::memory_order_relaxed) != stage::serving)
      return refuse(call_failure::stopped);
   const bool is_inline = how.is_nonblocking &&
                          (!how.gate || (how.gate->waiting.load() == 0 && how.gate->try_enter()));
   const std::uint64_t deadline =
         config_.clock->mono_ns() + static_cast<std::uint64_t>(how.timeout.count()) * 1'000'000;
   const fmcp_call handle =
         calls_.open({.target = c,
                      .deadline_ns = deadline,
                      .timeout_ms = static_cast<std::uint32_t>(how.timeout.count()),
                      .gate = is_inline ? how.gate : nullptr,
                      .is_entered = is_inline});
   if (handle == 0) {
      if (is_inline && how.gate) {
         how.gate->leave();
         workers_.gate_left();
      }
      return refuse(call_failure::busy);
   }
   c->plugin_ = this;
   fmcp_call none = 0;
   const bool is_wanted = c->handle_.compare_exchange_strong(none, handle);
   // Looked at again: retire() sets it first and then waits until no slot is taken.
   if (!is_wanted || stage_.load() != stage::serving) {
      calls_.fail(handle, is_wanted ? call_failure::stopped : call_failure::cancelled);
      return calls_.dismiss(handle);
   }
   if (is_inline) return invoke(handle, *c);
   look_at(deadline);
   if (!workers_.push({.what = pool::job::kind::call, .handle = handle, .gate = how.gate})) {
      calls_.fail(handle, call_failure::busy);
      calls_.dismiss(handle);
   }
}

void instance::cancel(call& c, std::int32_t reason) {
   fmcp_call handle = c.handle_.load();
   if (handle == 0 && c.handle_.compare_exchange_strong(handle, cancelled_early)) return;
   if (handle != cancelled_early) c.plugin_->end(handle, call_failure::cancelled, reason);
}

/// Ends a call for its caller; then the plugin, if it has it, is told on the lane.
void instance::end(fmcp_call handle, call_failure why, std::int32_t reason) noexcept {
   if (!calls_.fail(handle, why)) return;
   if (workers_.remove(handle)) return calls_.dismiss(handle);
   if (!has_cancel_) return;
   if (!lane_.push({.what = pool::job::kind::cancel, .reason = reason, .handle = handle})) {
      core::log::debug("plugins", "cancellation not passed on {}",
                       core::log::kv("plugin", config_.name));
   }
}

void instance::invoke(fmcp_call handle, call& c) noexcept {
   error_room room;
   const std::uint64_t deadline = c.request.deadline_ns;
   const fmcp_status status = c.enter(facets_, plugin_.self, &room.err);
   if (status >= FMCP_OK) {
      calls_.leave(handle, status, {});
      // While it ran inline nobody watched its deadline.
      if (status > FMCP_OK && !calls_.is_over(handle)) look_at(deadline);
      return;
   }
   try {
      auto words = room.words();
      if (words.empty()) {
         words = fmt::format("{} failed with {} and did not say why.",
                             config_.as == role::provider ? "The provider" : "The tool",
                             status_name(status));
      }
      calls_.leave(handle, status, words);
   } catch (const std::exception&) {
      calls_.leave(handle, status, {});
   }
}

void instance::run_job(pool::job& j) noexcept {
   switch (j.what) {
   case pool::job::kind::task: return j.fn(j.user);
   case pool::job::kind::cancel: return plugin_.cancel(plugin_.self, j.handle, j.reason);
   case pool::job::kind::call:
      if (auto* c = calls_.enter(j.handle, std::move(j.gate))) invoke(j.handle, *c);
      return;
   }
}

// ---- time ----

void instance::look_at(std::uint64_t ns) noexcept {
   std::uint64_t planned = next_look_.load();
   while (ns < planned && !next_look_.compare_exchange_weak(planned, ns)) {
   }
   config_.deadlines->need(ns);
}

std::uint64_t instance::tick(std::uint64_t now_ns) noexcept {
   if (next_look_.load() > now_ns) return next_look_.load();
   // Whoever opens a call from here on lowers it again; whoever did so before is found by the scan.
   next_look_.exchange(UINT64_MAX);
   const std::uint64_t found = std::min(
         calls_.scan_deadlines(now_ns,
                               [&](fmcp_call handle) {
                                  end(handle, call_failure::timed_out, FMCP_CANCEL_DEADLINE);
                               }),
         errands_.run(now_ns, now_ns + retry_ns));
   std::uint64_t planned = next_look_.load();
   while (found < planned && !next_look_.compare_exchange_weak(planned, found)) {
   }
   return next_look_.load();
}

// ---- services ----

fmcp_status instance::post(fmcp_task fn, void* user) noexcept {
   if (stage_.load() == stage::stopping) return FMCP_E_GONE;
   return workers_.push({.what = pool::job::kind::task, .fn = fn, .user = user}) ? FMCP_OK
                                                                                 : FMCP_E_BUSY;
}

fmcp_status instance::after(std::uint64_t ms, fmcp_task fn, void* user, fmcp_op* op) noexcept {
   constexpr std::uint64_t longest_ms = 10ull * 365 * 24 * 3600 * 1000;
   const std::uint64_t due = clock().mono_ns() + std::min(ms, longest_ms) * 1'000'000;
   const fmcp_status status = errands_.add_task(due, fn, user, op);
   if (status == FMCP_OK) look_at(due);
   return status;
}

void instance::bring_forward(fmcp_op op) noexcept {
   if (errands_.bring_forward(op)) look_at(clock().mono_ns());
}

std::uint64_t instance::add_policy(std::uint64_t of_backend) noexcept {
   const std::size_t at = policy_count_.fetch_add(1);
   if (at >= max_policies) return 0;
   policies_[at].store(of_backend + 1);
   return at + 1;
}

std::optional<std::uint64_t> instance::policy(std::uint64_t id) const noexcept {
   if (id == 0 || id > max_policies) return std::nullopt;
   const std::uint64_t known = policies_[id - 1].load();
   return known == 0 ? std::nullopt : std::optional(known - 1);
}

fmcp_status instance::forget(std::string_view token_sha256) noexcept {
   if (stage_.load() == stage::stopping) return FMCP_E_GONE;
   if (config_.to_host) {
      config_.to_host->tell([&](instance_host& host) { host.forget(token_sha256); });
   }
   return FMCP_OK;
}

fmcp_status instance::list_changed(std::string_view interface_id) noexcept {
   if (stage_.load() == stage::stopping) return FMCP_E_GONE;
   // Before the facets are known nothing has been listed either, and nothing is missed.
   const auto which = std::ranges::find(interfaces, interface_id);
   if (which == interfaces.end()) return FMCP_E_NOT_FOUND;
   if (step_.load() <= step::facet) return FMCP_OK;
   if ((offered_.load() >> (which - interfaces.begin()) & 1u) == 0) return FMCP_E_NOT_FOUND;
   if (interface_id == tools_interface && config_.to_host) {
      config_.to_host->tell([&](instance_host& host) { host.list_changed(*this); });
   }
   return FMCP_OK;
}

fmcp_status instance::resource_updated(std::string_view uri) noexcept {
   if (stage_.load() == stage::stopping) return FMCP_E_GONE;
   if (config_.to_host) {
      config_.to_host->tell([&](instance_host& host) { host.resource_updated(config_.name, uri); });
   }
   return FMCP_OK;
}

void instance::log(core::log::level level, std::string_view text,
                   std::string_view fields) noexcept {
   const std::int64_t second = clock().unix_ms() / 1000;
   if (log_second_.exchange(second) != second) {
      const auto before = log_lines_.exchange(0);
      if (before > max_log_lines_per_second) {
         core::log::warn("plugins", "log lines of a plugin were dropped {} count={}",
                         core::log::kv("plugin", config_.name), before - max_log_lines_per_second);
      }
   }
   if (log_lines_.fetch_add(1) >= max_log_lines_per_second) return;
   try {
      std::string line = core::log::kv("plugin", config_.name) + " " + std::string(text);
      if (!fields.empty()) line += " " + core::log::kv("fields", fields);
      core::log::write(level, "plugin", line);
   } catch (const std::exception&) {
      // A line that there is no memory for is not written.
   }
}

} // namespace fmcp::plugins
