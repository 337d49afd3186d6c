#pragma once

/// A plugin inside the test program: its tools are lambdas, and the entry is attached without a
/// file.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmcp/services.h>

#include "plugins/grown.hpp"
#include "plugins/instance.hpp"

namespace fmcp::test {

using namespace std::chrono_literals;

inline std::string_view text_of(fmcp_str s) {
   return {s.ptr, s.len};
}

/// Waits for a condition that other threads make true.
class latch_box {
public:
   template <class F>
   void change(F&& f) {
      const std::lock_guard lock(mutex_);
      f();
      changed_.notify_all(); // with the lock: whoever is woken may destroy this
   }
   template <class P>
   [[nodiscard]] bool wait(P&& p, std::chrono::milliseconds limit = 10s) {
      std::unique_lock lock(mutex_);
      return changed_.wait_for(lock, limit, std::forward<P>(p));
   }
   template <class F>
   auto read(F&& f) {
      const std::lock_guard lock(mutex_);
      return f();
   }

private:
   std::mutex mutex_;
   std::condition_variable changed_;
};

/// Waits for what no callback tells.
template <class P>
[[nodiscard]] bool eventually(P&& p) {
   for (const auto until = std::chrono::steady_clock::now() + 10s;
        std::chrono::steady_clock::now() < until; std::this_thread::yield()) {
      if (p()) return true;
   }
   return false;
}

/// A caller that remembers what happened to its call.
class recorded_call final : public plugins::call {
public:
   explicit recorded_call(std::string name, std::string args = "{}", std::uint32_t flags = 0)
       : name_(std::move(name)), args_(std::move(args)) {
      request.flags = flags;
      request.name = {name_.data(), name_.size()};
      request.args_json = {args_.data(), args_.size()};
   }

   void on_progress(double done, double, std::string_view message) noexcept override {
      events_.change([&] {
         if (outcomes_ != 0) ++after_outcome_;
         progress_.emplace_back(done, message);
      });
      if (during_progress) during_progress();
   }
   void on_log(std::int32_t level, std::string_view, std::string_view data) noexcept override {
      events_.change([&] {
         if (outcomes_ != 0) ++after_outcome_;
         logs_.emplace_back(level, data);
      });
   }
   void on_result(const fmcp_result& r) noexcept override {
      std::string text;
      for (std::uint32_t i = 0; i < r.content.count; ++i) {
         const fmcp_content c = plugins::content_at(r, i);
         if (c.data.len != 0) text.append(static_cast<const char*>(c.data.ptr), c.data.len);
      }
      events_.change([&] {
         ++outcomes_;
         has_result_ = true;
         text_ = text;
         outcome_ = r.outcome;
      });
   }
   void on_failure(plugins::call_failure why, std::string_view message) noexcept override {
      events_.change([&] {
         ++outcomes_;
         why_ = why;
         text_ = message;
      });
   }

   [[nodiscard]] bool wait(std::chrono::milliseconds limit = 10s) {
      return events_.wait([&] { return outcomes_ != 0; }, limit);
   }
   [[nodiscard]] int outcomes() {
      return events_.read([&] { return outcomes_; });
   }
   [[nodiscard]] bool has_result() {
      return events_.read([&] { return has_result_; });
   }
   /// The result's text, or the failure's message.
   [[nodiscard]] std::string text() {
      return events_.read([&] { return text_; });
   }
   [[nodiscard]] std::int32_t outcome() {
      return events_.read([&] { return outcome_; });
   }
   [[nodiscard]] plugins::call_failure why() {
      return events_.read([&] { return why_; });
   }
   [[nodiscard]] auto progress() {
      return events_.read([&] { return progress_; });
   }
   [[nodiscard]] auto logs() {
      return events_.read([&] { return logs_; });
   }
   [[nodiscard]] int after_outcome() {
      return events_.read([&] { return after_outcome_; });
   }

   std::function<void()> during_progress;

private:
   std::string name_, args_;
   latch_box events_;
   int outcomes_ = 0;
   int after_outcome_ = 0; // reports that came too late
   bool has_result_ = false;
   std::int32_t outcome_ = -1;
   plugins::call_failure why_{};
   std::string text_;
   std::vector<std::pair<double, std::string>> progress_;
   std::vector<std::pair<std::int32_t, std::string>> logs_;
};

/// Counts how often each buffer that it gave out came back.
class buffer_ledger {
public:
   fmcp_buf lend(std::string_view text) {
      auto* entry = new loan{this, std::string(text)};
      ++lent;
      return {entry->text.data(), entry->text.size(), give_back, entry};
   }
   std::atomic<int> lent{0}, returned{0};

private:
   struct loan {
      buffer_ledger* of;
      std::string text;
   };
   static void give_back(void* owner, const void*, std::uint64_t) noexcept {
      auto* entry = static_cast<loan*>(owner);
      ++entry->of->returned;
      delete entry; // a second time is a double free, which asan reports
   }
};

struct fake_tool {
   std::string name;
   std::uint32_t exec = FMCP_EX_NONBLOCKING;
   std::function<fmcp_status(const fmcp_request&, fmcp_err*)> call;
   std::uint32_t max_concurrency = 0;
   std::uint32_t timeout_ms = 0;
   std::uint64_t tag = 0;
};

/// Declared behind what its tools use, since it stops the instance when it goes. One at a time,
/// since an entry has no context.
class fake_plugin {
public:
   fake_plugin() {
      current() = this;
      table.size = sizeof table;
      table.self = this;
      table.facet = [](void* self, fmcp_str id) noexcept -> const void* {
         return text_of(id) == "fmcp.tools/1" ? &static_cast<fake_plugin*>(self)->tools_table
                                              : nullptr;
      };
      table.cancel = [](void* self, fmcp_call c, std::int32_t reason) noexcept {
         auto& me = *static_cast<fake_plugin*>(self);
         me.told.change([&] { me.cancelled.emplace_back(c, reason); });
         if (me.on_cancel) me.on_cancel(c);
      };
      table.quiesce = [](void* self) noexcept { ++static_cast<fake_plugin*>(self)->quiesced; };
      table.destroy = [](void* self) noexcept { ++static_cast<fake_plugin*>(self)->destroyed; };
      tools_table.size = sizeof tools_table;
      tools_table.list = [](void* self, fmcp_list* out, fmcp_err*) noexcept -> fmcp_status {
         return static_cast<fake_plugin*>(self)->list(out);
      };
      tools_table.call = [](void* self, const fmcp_request* rq, fmcp_err* err) noexcept {
         return static_cast<fake_plugin*>(self)->invoke(*rq, err);
      };
      entry.create = [](const fmcp_host* given, fmcp_str, const fmcp_plugin** out,
                        fmcp_err*) noexcept -> fmcp_status {
         current()->host = given;
         *out = current()->made;
         return current()->create_status;
      };
   }

   /// Attaches and lists; the message of what went wrong, or empty.
   std::string start(plugins::instance::config c = {}) {
      deadlines = std::make_shared<plugins::timer>(*c.clock);
      if (c.name.empty()) c.name = "fake";
      c.deadlines = deadlines;
      instance = plugins::instance::make(std::move(c));
      if (auto up = instance->attach(&entry, settings); !up) return up.error().message;
      auto listed = instance->list();
      if (!listed) return listed.error().message;
      tools = std::move(*listed);
      return {};
   }
   ~fake_plugin() {
      if (instance && !is_retired) is_retired = instance->retire(10s);
      tools.clear();
      instance.reset();
      if (deadlines) deadlines->stop();
   }

   std::shared_ptr<recorded_call> call(std::string_view name, std::string args = "{}",
                                       std::uint32_t flags = 0) {
      auto c = std::make_shared<recorded_call>(std::string(name), std::move(args), flags);
      start_call(name, c);
      return c;
   }
   void start_call(std::string_view name, const std::shared_ptr<recorded_call>& c) {
      for (const auto& t : tools) {
         if (t->name == name) return instance->start(*t, c);
      }
      std::abort(); // a mistake of the test
   }

   fmcp_status complete(fmcp_call handle, std::string_view text) {
      fmcp_content block{};
      block.size = sizeof block;
      block.kind = FMCP_C_TEXT;
      block.data = {text.data(), text.size(), nullptr, nullptr};
      return complete(handle, block);
   }
   fmcp_status complete_owned(fmcp_call handle, std::string_view text, buffer_ledger& ledger) {
      fmcp_content block{};
      block.size = sizeof block;
      block.kind = FMCP_C_TEXT;
      block.data = ledger.lend(text);
      return complete(handle, block);
   }
   fmcp_status complete(fmcp_call handle, const fmcp_content& block) {
      fmcp_result r{};
      r.size = sizeof r;
      r.content = {&block, 1, sizeof block};
      return host->complete(host->ctx, handle, &r);
   }
   const fmcp_exec& exec() {
      return *static_cast<const fmcp_exec*>(host->service(host->ctx, plugins::str("fmcp.exec/1")));
   }

   // What a test may bend before start().
   fmcp_entry entry{sizeof(fmcp_entry), FMCP_ABI_MAJOR, FMCP_ABI_MINOR, 0, nullptr};
   fmcp_plugin table{};
   fmcp_tools tools_table{};
   const fmcp_plugin* made = &table;
   fmcp_status create_status = FMCP_OK;
   std::vector<fake_tool> offered;
   std::function<void(std::vector<fmcp_item>&, fmcp_list&)> bend_list;
   std::function<void(fmcp_call)> on_cancel;
   plugins::plugin_settings settings;

   const fmcp_host* host = nullptr;
   std::shared_ptr<plugins::timer> deadlines;
   std::shared_ptr<plugins::instance> instance;
   std::vector<std::shared_ptr<const plugins::tool>> tools;
   bool is_retired = false;
   std::atomic<int> quiesced{0}, destroyed{0};
   latch_box told;
   std::vector<std::pair<fmcp_call, std::int32_t>> cancelled;

private:
   static fake_plugin*& current() {
      static fake_plugin* p = nullptr;
      return p;
   }
   fmcp_status list(fmcp_list* out) {
      items_.clear();
      json_.clear();
      json_.reserve(offered.size());
      for (const auto& t : offered) {
         json_.push_back(R"({"name":")" + t.name + R"(","inputSchema":{"type":"object"}})");
         items_.push_back({sizeof(fmcp_item),
                           t.exec,
                           plugins::str(t.name),
                           plugins::str(json_.back()),
                           {},
                           t.max_concurrency,
                           t.timeout_ms,
                           t.tag});
      }
      *out = {items_.data(), static_cast<std::uint32_t>(items_.size()), sizeof(fmcp_item)};
      if (bend_list) bend_list(items_, *out);
      return FMCP_OK;
   }
   fmcp_status invoke(const fmcp_request& rq, fmcp_err* err) {
      for (const auto& t : offered) {
         if (t.name == text_of(rq.name)) return t.call(rq, err);
      }
      return FMCP_E_NOT_FOUND;
   }
   std::vector<fmcp_item> items_;
   std::vector<std::string> json_;
};

} // namespace fmcp::test
