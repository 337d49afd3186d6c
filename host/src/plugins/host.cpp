#include "plugins/host.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <pthread.h>

#include "core/executor.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "plugins/instance.hpp"
#include "plugins/registry.hpp"
#include "plugins/setup.hpp"

// Who runs where
// --------------
// One *control thread* owns everything that is known of the files (`records_`, `entries_`): it
// stages, decides, publishes and calls `on_change`. It never enters a plugin. Whatever does,
// loading, listing again, stopping, runs on a detached thread of its own, since nothing can bring a
// thread back that a plugin keeps; it reports to the control thread through the `host_line`, which
// is cut when the host goes. Deadlines of loading are the control thread's, those of calls the
// timer's.
//
// Files are mapped one after the other in their order, since a constructor runs inside the system
// loader's own lock in any case; create, init and list of different plugins overlap. A constructor
// that does not return keeps that lock, so nothing can be loaded after it: that is said, of it and
// of each file behind it.

namespace fmcp::plugins {
namespace {

using clock = std::chrono::steady_clock;
using core::errc;
using core::fail;
using std::chrono::milliseconds;
using tool_list = std::vector<std::shared_ptr<const tool>>;

constexpr milliseconds relist_pause{50}; // between two looks at one plugin's list
constexpr milliseconds shutdown_patience{2000};
constexpr milliseconds late_patience{5000}; // of a plugin that is not wanted any more
constexpr clock::time_point never = clock::time_point::max();

std::string printable(std::string_view text) {
   std::string out;
   core::append_printable(out, text);
   return out;
}

/// Puts file and plugin in front of a predicate.
std::string sentence(const plugin_status& s, std::string_view predicate) {
   return about_plugin(s.file, s.name, predicate);
}

/// What is known of one file besides its public status. Control thread only.
struct record {
   candidate where;
   std::optional<staged> waiting; ///< checked, not yet loaded
   std::shared_ptr<instance> plugin;
   clock::time_point load_until = never;
   bool is_mapped = false;    ///< its constructors are done
   bool is_up = false;        ///< loaded and listed, not yet decided upon
   bool is_listing = false;   ///< a thread asks for the list again
   bool has_new_list = false; ///< and has to ask once more
   clock::time_point list_at = never;
};

class host_impl final : public host, public instance_host {
public:
   explicit host_impl(options o)
       : options_(std::move(o)), timer_(std::make_shared<timer>(*options_.clock)),
         line_(std::make_shared<host_line>(*this)), current_(std::make_shared<snapshot>()),
         thread_([this] { run(); }) {}

   ~host_impl() override {
      if (!is_draining_) drain(milliseconds(0));
      {
         const std::lock_guard lock(mutex_);
         is_stopping_ = true;
      }
      changed_.notify_all();
      thread_.join();
      line_->cut();
      retire_all();
      timer_->stop();
   }

   void load_all(milliseconds patience) override {
      post([this, until = clock::now() + patience] {
         patience_until_ = until;
         find_and_stage();
      });
      std::unique_lock lock(mutex_);
      published_.wait(lock, [&] { return has_published_ || is_stopping_; });
   }

   [[nodiscard]] bool settled() const noexcept override { return is_settled_.load(); }

   [[nodiscard]] std::shared_ptr<const snapshot> current() const override {
      const std::lock_guard lock(mutex_);
      return current_;
   }

   void start(const tool& t, const std::shared_ptr<call>& c) override { t.owner->start(t, c); }
   void cancel(call& c, std::int32_t reason) override { instance::cancel(c, reason); }

   [[nodiscard]] std::size_t stuck_calls() const noexcept override {
      const std::lock_guard lock(mutex_);
      std::size_t n = 0;
      for (const auto& i : instances_) n += i->calls().stuck();
      return n;
   }

   void drain(milliseconds grace) override {
      is_draining_ = true;
      const auto until = clock::now() + grace;
      const auto plugins = instances();
      for (const auto& i : plugins) i->refuse_calls();
      const auto is_running = [](const auto& i) { return i->calls().live() != 0; };
      while (std::ranges::any_of(plugins, is_running) && clock::now() < until) {
         std::this_thread::sleep_for(milliseconds(1));
      }
      for (const auto& i : plugins) i->cancel_all(call_failure::stopped, FMCP_CANCEL_SHUTDOWN);
   }

   // ---- instance_host ----

   void list_changed(instance& from) override {
      post([this, &from] {
         for (auto& r : records_) {
            if (r.plugin.get() == &from) r.has_new_list = true;
         }
      });
   }

   void resource_updated(std::string_view plugin, std::string_view uri) override {
      if (options_.on_resource_updated) options_.on_resource_updated(plugin, uri);
   }

   void forget(std::string_view) override {} // tools verify nobody

   core::result<std::shared_ptr<const void>> prepare(std::string_view tool,
                                                     const json::value& definition) override {
      if (!options_.prepare_tool) return nullptr;
      return options_.prepare_tool(tool, definition);
   }

   void post(core::task work) override {
      {
         const std::lock_guard lock(mutex_);
         tasks_.push_back(std::move(work));
      }
      changed_.notify_all();
   }

private:
   // ---- the control thread ----

   void run() {
      ::pthread_setname_np(::pthread_self(), "fmcp:control");
      std::unique_lock lock(mutex_);
      while (!is_stopping_) {
         if (tasks_.empty()) {
            const auto wake = next_wake();
            if (wake == never) {
               changed_.wait(lock);
            } else {
               changed_.wait_until(lock, wake);
            }
         }
         auto tasks = std::exchange(tasks_, {});
         lock.unlock();
         for (auto& task : tasks) task();
         tasks.clear();
         look_at_deadlines();
         look_at_lists();
         publish_if_due();
         lock.lock();
      }
      published_.notify_all();
   }

   [[nodiscard]] clock::time_point next_wake() const {
      auto wake = needs_publishing_ && !is_published() ? patience_until_ : never;
      for (const auto& r : records_) {
         wake = std::min(wake, r.load_until);
         if (r.has_new_list && !r.is_listing) wake = std::min(wake, r.list_at);
      }
      return wake;
   }

   [[nodiscard]] bool is_published() const { return generation_ != 0; }

   // ---- loading ----

   void find_and_stage() {
      needs_publishing_ = true;
      auto found = discover(options_);
      records_.reserve(found.files.size());
      for (auto& c : found.files) {
         records_.emplace_back();
         records_.back().where = c;
         entries_.emplace_back();
         entries_.back().status.file = c.file;
         stage_one(records_.size() - 1);
      }
      for (auto& p : found.problems) {
         records_.emplace_back();
         entries_.emplace_back();
         auto& status = entries_.back().status;
         status.file = p.file;
         conclude(entries_.size() - 1, p.state, std::move(p.reason));
      }
      map_next(0);
   }

   void stage_one(std::size_t i) {
      auto staged_file = stage(records_[i].where, options_);
      if (!staged_file) return conclude(i, state::failed, std::move(staged_file.error().message));
      auto& status = entries_[i].status;
      const auto& said = staged_file->about;
      status.name = said.name;
      status.id = said.id;
      status.version = said.version;
      status.kinds = said.kinds;
      const bool is_other_kind =
            !said.kinds.empty() && std::ranges::find(said.kinds, "tools") == said.kinds.end();
      if (is_other_kind || !said.offers("fmcp.tools/1")) {
         return conclude(
               i, state::skipped,
               fmt::format("{} (plugin {}) offers {} and no tools, so it has no use in "
                           "this place.",
                           printable(status.file), said.name,
                           fmt::join(said.provides.empty() ? said.kinds : said.provides, ", ")));
      }
      if (const auto ok = check_services(said, options_.services, role::tools); !ok) {
         return conclude(i, state::failed, sentence(status, ok.error().message));
      }
      for (std::size_t k = 0; k < i; ++k) {
         const auto& other = entries_[k].status;
         if (other.name != said.name && other.id != said.id) continue;
         return conclude(i, state::failed,
                         fmt::format("{} (plugin {}, id {}) has the same {} as {}, which was found "
                                     "first; remove one of the two files.",
                                     printable(status.file), said.name, said.id,
                                     other.name == said.name ? "name" : "id",
                                     printable(other.file)));
      }
      records_[i].waiting = std::move(*staged_file);
   }

   /// Loads the first file from `i` on that waits for it; the next one follows when it is mapped.
   void map_next(std::size_t i) {
      for (; i < records_.size(); ++i) {
         if (records_[i].waiting && launch(i)) return;
      }
   }

   [[nodiscard]] std::vector<std::string> other_names(std::size_t i) const {
      std::vector<std::string> names;
      for (std::size_t k = 0; k < entries_.size(); ++k) {
         if (k != i && !entries_[k].status.name.empty()) names.push_back(entries_[k].status.name);
      }
      return names;
   }

   bool launch(std::size_t i) {
      auto& r = records_[i];
      auto& status = entries_[i].status;
      staged file = std::move(*r.waiting);
      r.waiting.reset();
      plugin_settings settings;
      if (options_.settings) {
         auto given = options_.settings(status.name, file.about.root(), other_names(i));
         if (!given) {
            conclude(i, state::failed,
                     sentence(status, "cannot be configured: " + given.error().message));
            return false;
         }
         settings = std::move(*given);
      }
      r.plugin = make_instance(file, settings);
      r.load_until = clock::now() + options_.load_timeout;
      status.state = state::loading;
      status.reason = sentence(status, "is still being loaded.");
      const bool is_running =
            run_apart("fmcp:load", [line = line_, plugin = r.plugin, i, code = std::move(file.code),
                                    settings = std::move(settings)]() mutable {
               load(*line, plugin, i, std::move(code), std::move(settings));
            });
      if (!is_running) {
         conclude(i, state::failed,
                  sentence(status, "could not be loaded: the system gives no more threads; "
                                   "raise its limit."));
      }
      return is_running;
   }

   std::shared_ptr<instance> make_instance(const staged& file, const plugin_settings& settings) {
      auto c = configure(file, settings, options_, role::tools, file.about.net);
      c.deadlines = timer_;
      c.to_host = line_;
      auto out = instance::make(std::move(c));
      if (is_draining_) out->refuse_calls();
      const std::lock_guard lock(mutex_);
      instances_.push_back(out);
      return out;
   }

   /// On a thread of its own; may never come back.
   static void load(host_line& line, const std::shared_ptr<instance>& plugin, std::size_t i,
                    sealed_copy code, plugin_settings settings) {
      const auto report = [&line](auto&& what) {
         return line.tell([&](instance_host& h) {
            h.post([&impl = static_cast<host_impl&>(h),
                    what = std::forward<decltype(what)>(what)]() mutable { what(impl); });
         });
      };
      const auto up = plugin->bring_up(std::move(code), std::move(settings),
                                       [&] { report([i](host_impl& h) { h.mapped(i); }); });
      core::result<tool_list> tools;
      if (up) {
         tools = plugin->list();
      } else {
         tools = std::unexpected(up.error());
      }
      const bool is_useless = !tools.has_value();
      const bool is_heard = report(
            [i, tools = std::move(tools)](host_impl& h) mutable { h.loaded(i, std::move(tools)); });
      if ((!is_heard || is_useless) && !plugin->retire(late_patience)) {
         instance::keep_for_ever(plugin);
      }
   }

   void mapped(std::size_t i) {
      if (std::exchange(records_[i].is_mapped, true)) return;
      if (entries_[i].status.state == state::loading) map_next(i + 1);
   }

   void loaded(std::size_t i, core::result<tool_list> tools) {
      auto& r = records_[i];
      if (entries_[i].status.state != state::loading) { // given up meanwhile
         if (tools) retire_apart(std::move(r.plugin), late_patience);
         return;
      }
      r.load_until = never;
      if (!tools) {
         conclude(i, state::failed, sentence(entries_[i].status, tools.error().message));
         return;
      }
      r.is_up = true;
      entries_[i].tools = std::move(*tools);
      needs_publishing_ = true;
   }

   /// The end of a file's way that is not `active`.
   void conclude(std::size_t i, state what, std::string reason) {
      records_[i].load_until = never;
      records_[i].waiting.reset();
      auto& status = entries_[i].status;
      status.state = what;
      status.reason = std::move(reason);
      needs_publishing_ = true;
      if (what == state::failed) {
         core::log::error("plugins", "plugin refused {}", core::log::kv("reason", status.reason));
      } else {
         core::log::info("plugins", "plugin skipped {}", core::log::kv("reason", status.reason));
      }
   }

   void look_at_deadlines() {
      const auto now = clock::now();
      for (std::size_t i = 0; i < records_.size(); ++i) {
         if (records_[i].load_until > now) continue;
         give_up(i);
      }
   }

   void give_up(std::size_t i) {
      const auto& status = entries_[i].status;
      const auto what = records_[i].plugin->at();
      const auto seconds = static_cast<double>(options_.load_timeout.count()) / 1000;
      conclude(i, state::failed,
               fmt::format("{} (plugin {}) was given up after {} s: its {} has not returned; have "
                           "it do slow work later or raise the load timeout.",
                           printable(status.file), status.name, seconds, instance::name_of(what)));
      if (what != instance::step::constructors || records_[i].is_mapped) return;
      for (std::size_t k = i + 1; k < records_.size(); ++k) {
         if (!records_[k].waiting) continue;
         conclude(k, state::failed,
                  fmt::format("{} (plugin {}) could not be loaded: a constructor of {} has not "
                              "returned and holds the system's loader; remove that file and start "
                              "again.",
                              printable(entries_[k].status.file), entries_[k].status.name,
                              printable(status.file)));
      }
   }

   // ---- listing again ----

   void look_at_lists() {
      const auto now = clock::now();
      for (std::size_t i = 0; i < records_.size(); ++i) {
         auto& r = records_[i];
         if (!r.has_new_list || r.is_listing || entries_[i].status.state != state::active) continue;
         if (r.list_at == never) r.list_at = now;
         if (r.list_at > now) continue;
         r.has_new_list = false;
         r.list_at = now + relist_pause;
         r.is_listing = run_apart("fmcp:list", [line = line_, plugin = r.plugin, i] {
            auto tools = plugin->list();
            line->tell([&](instance_host& h) {
               h.post([&impl = static_cast<host_impl&>(h), i, tools = std::move(tools)]() mutable {
                  impl.listed(i, std::move(tools));
               });
            });
         });
      }
   }

   void listed(std::size_t i, core::result<tool_list> tools) {
      records_[i].is_listing = false;
      auto& entry = entries_[i];
      std::string reason;
      if (!tools) {
         reason = sentence(entry.status, tools.error().message);
      } else if (auto collision = find_collision(entries_, i, *tools)) {
         reason = std::move(*collision);
      }
      if (!reason.empty()) {
         core::log::warn("plugins", "new tool list refused, the old one stays {}",
                         core::log::kv("reason", reason));
         return;
      }
      if (is_same_list(entry.tools, *tools)) return;
      entry.tools = std::move(*tools);
      name_tools(entry);
      needs_publishing_ = true;
   }

   // ---- publishing ----

   static void name_tools(registered& entry) {
      entry.status.tools.clear();
      for (const auto& t : entry.tools) entry.status.tools.push_back(t->name);
   }

   [[nodiscard]] bool has_ended(std::size_t i) const {
      const auto s = entries_[i].status.state;
      return records_[i].is_up || (s != state::found && s != state::loading);
   }

   void publish_if_due() {
      if (!needs_publishing_) return;
      bool is_all = true;
      for (std::size_t i = 0; i < records_.size(); ++i) is_all = is_all && has_ended(i);
      if (!is_all && !is_published() && clock::now() < patience_until_) return;
      needs_publishing_ = false;
      for (std::size_t i = 0; i < records_.size(); ++i) {
         if (std::exchange(records_[i].is_up, false)) admit(i);
      }
      auto next = make_snapshot(entries_, ++generation_);
      {
         const std::lock_guard lock(mutex_);
         current_ = next;
      }
      is_settled_.store(is_all);
      if (options_.on_change) options_.on_change(std::move(next));
      {
         const std::lock_guard lock(mutex_);
         has_published_ = true;
      }
      published_.notify_all();
   }

   void admit(std::size_t i) {
      auto& entry = entries_[i];
      if (auto collision = find_collision(entries_, i, entry.tools)) {
         entry.tools.clear();
         retire_apart(std::move(records_[i].plugin), late_patience);
         conclude(i, state::failed, std::move(*collision));
         needs_publishing_ = false; // this publication tells it
         return;
      }
      entry.status.state = state::active;
      entry.status.reason.clear();
      name_tools(entry);
      core::log::info("plugins", "plugin active {} {} {} tools={}",
                      core::log::kv("plugin", entry.status.name),
                      core::log::kv("version", entry.status.version),
                      core::log::kv("file", entry.status.file), entry.tools.size());
   }

   // ---- the end ----

   [[nodiscard]] std::vector<std::shared_ptr<instance>> instances() const {
      const std::lock_guard lock(mutex_);
      return instances_;
   }

   /// All at once, with a limit: each on a thread that may stay inside its plugin.
   void retire_all() {
      struct count {
         std::mutex mutex;
         std::condition_variable changed;
         std::size_t left = 0;
      };
      const auto pending = std::make_shared<count>();
      records_.clear();
      entries_.clear();
      auto plugins = std::exchange(instances_, {});
      pending->left = plugins.size();
      const auto done = [pending] {
         const std::lock_guard lock(pending->mutex);
         --pending->left;
         pending->changed.notify_all();
      };
      for (auto& i : plugins) retire_apart(std::move(i), shutdown_patience, done);
      std::unique_lock lock(pending->mutex);
      pending->changed.wait_for(lock, shutdown_patience, [&] { return pending->left == 0; });
   }

   const options options_;
   const std::shared_ptr<timer> timer_;
   const std::shared_ptr<host_line> line_;

   // Control thread only.
   std::vector<record> records_;
   std::vector<registered> entries_; // one for each record, at the same index
   std::uint64_t generation_ = 0;
   bool needs_publishing_ = false;
   clock::time_point patience_until_ = never;

   mutable std::mutex mutex_;
   std::condition_variable changed_, published_;
   std::vector<core::task> tasks_;                    // guarded by mutex_
   std::shared_ptr<const snapshot> current_;          // guarded by mutex_
   std::vector<std::shared_ptr<instance>> instances_; // guarded by mutex_
   bool has_published_ = false;                       // guarded by mutex_
   bool is_stopping_ = false;                         // guarded by mutex_

   std::atomic<bool> is_settled_{false};
   std::atomic<bool> is_draining_{false};
   std::thread thread_; // last: uses everything above
};

} // namespace

std::unique_ptr<host> host::make(options o) {
   return std::make_unique<host_impl>(std::move(o));
}

} // namespace fmcp::plugins
