#include "plugins/instance.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "plugins/grown.hpp"
#include "plugins/results.hpp"
#include "plugins/services.hpp"

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t error_bytes = 1024;
constexpr std::size_t max_waiting_tasks = 1024;
constexpr milliseconds poll_pause{1};
constexpr std::uint64_t retry_ns = 10'000'000;
constexpr milliseconds failed_patience{1000}; // with tasks of a plugin that did not come up
constexpr std::uint32_t max_log_lines_per_second = 200;
constexpr fmcp_call cancelled_early = 1; // no handle: generations start above the slot's bits
constexpr std::string_view tools_interface = "fmcp.tools/1";
/// What a plugin may offer; this host uses the first one so far.
constexpr std::array<std::string_view, 5> interfaces{
      tools_interface, "fmcp.prompts/1", "fmcp.resources/1", "fmcp.completion/1", "fmcp.auth/1"};

/// Host-owned room for the words of one failure.
struct error_room {
   char text[error_bytes];
   fmcp_err err{0, error_bytes, 0, 0, text};

   [[nodiscard]] std::string words() const {
      if (err.len == 0 || err.len > error_bytes || err.msg != text) return {};
      const std::string_view written(text, err.len);
      return plain_words(written);
   }
};

/// What a [control] function of the plugin failed with.
std::unexpected<core::error> failure_in(std::string_view function, fmcp_status status,
                                        const error_room& room) {
   auto words = room.words();
   if (words.empty()) {
      words = fmt::format("{}, and it does not say why; ask its author.", status_name(status));
   }
   return fail(status == FMCP_E_CONFIG ? errc::invalid : errc::internal,
               fmt::format("failed in {}(): {}", function, words));
}

/// Overwritten in a way that the compiler may not leave out.
void wipe(std::string& secret) noexcept {
   ::explicit_bzero(secret.data(), secret.size());
}

// What stands in for the functions that a plugin left out.
fmcp_status no_init(void*, const fmcp_init*, fmcp_err*) noexcept {
   return FMCP_OK;
}
void no_step(void*) noexcept {}
const void* no_facet(void*, fmcp_str) noexcept {
   return nullptr;
}
void no_cancel(void*, fmcp_call, std::int32_t) noexcept {}
fmcp_status no_reconfigure(void*, const fmcp_init*, fmcp_err*) noexcept {
   return FMCP_E_NOT_SUPPORTED;
}
fmcp_status no_health(void*, fmcp_err*) noexcept {
   return FMCP_OK;
}

void fill_holes(fmcp_plugin& p) noexcept {
   if (p.init == nullptr) p.init = no_init;
   if (p.destroy == nullptr) p.destroy = no_step;
   if (p.facet == nullptr) p.facet = no_facet;
   if (p.cancel == nullptr) p.cancel = no_cancel;
   if (p.quiesce == nullptr) p.quiesce = no_step;
   if (p.reconfigure == nullptr) p.reconfigure = no_reconfigure;
   if (p.health == nullptr) p.health = no_health;
}

} // namespace

std::shared_ptr<instance> instance::make(config c) {
   std::shared_ptr<instance> out(new instance(std::move(c)));
   out->workers_.own(out);
   out->lane_.own(out);
   out->config_.deadlines->watch(std::weak_ptr<timer::watched>(out));
   return out;
}

instance::instance(config c)
    : config_(std::move(c)), host_table_(make_host_table(*this, config_.host_version)),
      calls_(config_.name, {config_.max_calls, config_.max_result_bytes}),
      workers_({.name = config_.name,
                .max_threads = config_.max_threads,
                .max_calls = config_.max_queue,
                .max_tasks = config_.max_queue},
               [this](pool::job& j) { run_job(j); }),
      lane_({.name = config_.name + ":cancel",
             .max_threads = 1,
             .max_calls = 0,
             .max_tasks = std::max(1u, config_.max_calls)},
            [this](pool::job& j) { run_job(j); }) {
   calls_.on_gate_left = [this]() noexcept { workers_.gate_left(); };
}

instance::~instance() = default;

void instance::keep_for_ever(std::shared_ptr<instance> i) {
   static std::mutex guard;
   static auto& kept = *new std::vector<std::shared_ptr<instance>>;
   const std::lock_guard lock(guard);
   kept.push_back(std::move(i));
}

// ---- life ----

core::result<void> instance::bring_up(sealed_copy code, plugin_settings settings,
                                      const std::function<void()>& mapped) {
   auto loaded = module::load(std::move(code));
   if (mapped) mapped();
   if (!loaded) return std::unexpected(loaded.error());
   module_.emplace(std::move(*loaded));
   step_ = step::entry;
   return attach(module_->entry(), std::move(settings));
}

core::result<void> instance::attach(const fmcp_entry* entry, plugin_settings settings) {
   const std::lock_guard control(control_);
   core::result<void> outcome;
   if (stage_.load() == stage::stopping) {
      outcome = fail(errc::conflict, "is being stopped.");
   } else {
      outcome = create(entry);
      if (outcome) outcome = init(settings);
   }
   for (auto& secret : settings.secrets) wipe(secret.second);
   if (!outcome) {
      begin_stop();
      (void)finish(steady_clock::now() + failed_patience);
   }
   return outcome;
}

core::result<void> instance::create(const fmcp_entry* data) {
   step_ = step::entry;
   if (data == nullptr) {
      return fail(errc::invalid, "returns no entry from fmcp_plugin_entry_v1().");
   }
   const auto entry = copy_grown<fmcp_entry>(data, FMCP_LEAST(fmcp_entry, create));
   if (!entry) {
      return fail(errc::invalid, "has an entry whose size cannot be true; set fmcp_entry.size to "
                                 "sizeof(fmcp_entry).");
   }
   if (entry->abi_major != FMCP_ABI_MAJOR || entry->abi_minor_needed > FMCP_ABI_MINOR) {
      return fail(errc::unsupported,
                  fmt::format("has an entry for ABI {}.{}, which contradicts its manifest note; "
                              "this host speaks {}.{}.",
                              entry->abi_major, entry->abi_minor_needed, FMCP_ABI_MAJOR,
                              FMCP_ABI_MINOR));
   }
   if (entry->create == nullptr) {
      return fail(errc::invalid, "has an entry without a create function; set fmcp_entry.create.");
   }
   step_ = step::create;
   error_room room;
   const fmcp_plugin* made = nullptr;
   const fmcp_status status = entry->create(&host_table_, str(config_.name), &made, &room.err);
   if (status != FMCP_OK) return failure_in("create", status, room);
   const auto table = copy_grown<fmcp_plugin>(made, FMCP_LEAST(fmcp_plugin, self));
   if (!table) {
      return fail(errc::invalid,
                  fmt::format("returned {} from create(); set fmcp_plugin.size to "
                              "sizeof(fmcp_plugin).",
                              made == nullptr ? "no table" : "a table whose size cannot be true"));
   }
   plugin_ = *table;
   has_cancel_ = plugin_.cancel != nullptr;
   fill_holes(plugin_);
   is_created_ = true;
   return {};
}

core::result<void> instance::init(const plugin_settings& settings) {
   step_ = step::init;
   std::vector<fmcp_kv> secrets;
   for (const auto& [key, value] : settings.secrets) secrets.push_back({str(key), str(value)});
   const fmcp_init in{
         .size = sizeof(fmcp_init),
         .flags = 0,
         .instance = str(config_.name),
         .config_json = str(settings.config_json),
         .secrets = {secrets.data(), static_cast<std::uint32_t>(secrets.size()), sizeof(fmcp_kv)},
         .data_dir = str(config_.data_dir),
         .base_url = str(config_.base_url),
         .mcp_path = str(config_.mcp_path),
   };
   error_room room;
   if (const auto status = plugin_.init(plugin_.self, &in, &room.err); status != FMCP_OK) {
      return failure_in("init", status, room);
   }
   is_initialised_ = true;
   step_ = step::facet;
   const void* facet = nullptr;
   for (std::size_t i = 0; i < interfaces.size(); ++i) {
      const void* table = plugin_.facet(plugin_.self, str(interfaces[i]));
      if (table == nullptr) continue;
      offered_.fetch_or(1u << i);
      if (interfaces[i] == tools_interface) facet = table;
   }
   if (facet == nullptr) {
      return fail(errc::unsupported, "offers no tools: its facet(\"fmcp.tools/1\") is null.");
   }
   const auto tools = copy_grown<fmcp_tools>(facet, FMCP_LEAST(fmcp_tools, flags));
   if (!tools) {
      return fail(errc::invalid, "has a table fmcp.tools/1 whose size cannot be true; set "
                                 "fmcp_tools.size to sizeof(fmcp_tools).");
   }
   if (tools->list == nullptr || tools->call == nullptr) {
      return fail(errc::invalid, fmt::format("has a table fmcp.tools/1 without {}().",
                                             tools->list == nullptr ? "list" : "call"));
   }
   tools_ = *tools;
   return {};
}

core::result<std::vector<std::shared_ptr<const tool>>> instance::list() {
   const std::lock_guard control(control_);
   if (!is_created_ || stage_.load() == stage::stopping) {
      return fail(errc::conflict, "is being stopped.");
   }
   if (step_.load() != step::done) step_ = step::list;
   error_room room;
   fmcp_list listed{};
   if (const auto status = tools_.list(plugin_.self, &listed, &room.err); status != FMCP_OK) {
      return failure_in("list", status, room);
   }
   auto items = copy_tools(listed, config_.max_tools);
   if (!items) return std::unexpected(items.error());
   // What neither a tool nor a call holds belongs to a tool that went.
   std::erase_if(gates_, [](const auto& gate) { return gate.second.use_count() == 1; });
   std::vector<std::shared_ptr<const tool>> out;
   for (auto& item : *items) {
      auto t = std::make_shared<tool>();
      core::result<std::shared_ptr<const void>> prepared;
      if (config_.to_host) {
         config_.to_host->tell([&](instance_host& host) {
            prepared = host.prepare(item.name, item.document.root());
         });
      }
      if (!prepared) {
         return fail(prepared.error().code,
                     fmt::format("lists tool {}, which cannot be offered: {}", item.name,
                                 prepared.error().message));
      }
      t->prepared = std::move(*prepared);
      t->name = std::move(item.name);
      t->json = std::move(item.json);
      t->exec = item.exec;
      t->required_scopes = std::move(item.required_scopes);
      t->max_concurrency = item.max_concurrency;
      t->tag = item.tag;
      t->timeout = item.timeout_ms != 0 ? milliseconds(item.timeout_ms) : config_.call_timeout;
      t->plugin = config_.name;
      t->file = config_.file;
      t->owner = shared_from_this();
      t->gate = gate_for(t->name, t->max_concurrency);
      out.push_back(std::move(t));
   }
   step_ = step::done;
   return out;
}

/// The gate of a tool stays the same when the plugin lists again, since calls may be inside.
std::shared_ptr<item_gate> instance::gate_for(const std::string& tool, std::uint32_t limit) {
   if (limit == 0) {
      gates_.erase(tool);
      return nullptr;
   }
   auto& gate = gates_[tool];
   if (!gate || gate->limit() != limit) gate = std::make_shared<item_gate>(limit);
   return gate;
}

void instance::refuse_calls() noexcept {
   auto before = stage::serving;
   stage_.compare_exchange_strong(before, stage::draining);
}

void instance::begin_stop() noexcept {
   stage_.store(stage::stopping);
   const std::lock_guard lock(tasks_mutex_);
   for (auto& task : tasks_) task.second.due_ns = 0;
}

void instance::cancel_all(call_failure why, std::int32_t reason) noexcept {
   calls_.for_each_open([&](fmcp_call handle) { end(handle, why, reason); });
}

bool instance::is_busy() const {
   return calls_.live() != 0 || !workers_.is_idle() || !lane_.is_idle();
}

bool instance::retire(milliseconds patience) {
   const auto until = steady_clock::now() + patience;
   begin_stop();
   cancel_all(call_failure::stopped, FMCP_CANCEL_SHUTDOWN);
   std::unique_lock control(control_, std::try_to_lock);
   for (; !control.owns_lock(); control.try_lock()) {
      if (steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(poll_pause);
   }
   return finish(until);
}

/// With control_ held and the stage set: whatever is left comes back, then the plugin goes.
bool instance::finish(steady_clock::time_point until) {
   const auto left = [&] {
      return std::max(milliseconds(0),
                      std::chrono::duration_cast<milliseconds>(until - steady_clock::now()));
   };
   if (is_initialised_ && !std::exchange(is_quiesced_, true)) plugin_.quiesce(plugin_.self);
   while (run_timers(UINT64_MAX) != UINT64_MAX || is_busy()) {
      if (left() == milliseconds(0)) return false;
      std::this_thread::sleep_for(poll_pause);
   }
   if (!workers_.stop(left()) || !lane_.stop(left())) return false;
   if (is_created_) plugin_.destroy(plugin_.self);
   is_created_ = false;
   return true;
}

bool instance::unload() {
   const std::lock_guard control(control_);
   if (!module_) return true;
   if (is_created_ || config_.never_unload) return false;
   const bool is_gone = module_->unload();
   module_.reset();
   return is_gone;
}

// ---- calls ----

void instance::start(const tool& t, const std::shared_ptr<call>& c) {
   const auto refuse = [&](call_failure why) {
      c->on_failure(why, why == call_failure::busy
                               ? fmt::format("Plugin {} has too many calls running or waiting; try "
                                             "again later.",
                                             config_.name)
                               : fmt::format("Plugin {} is being stopped.", config_.name));
   };
   if (stage_.load(std::memory_order_relaxed) != stage::serving)
      return refuse(call_failure::stopped);
   const bool is_inline = t.exec == FMCP_EX_NONBLOCKING &&
                          (!t.gate || (t.gate->waiting.load() == 0 && t.gate->try_enter()));
   const std::uint64_t deadline =
         config_.clock->mono_ns() + static_cast<std::uint64_t>(t.timeout.count()) * 1'000'000;
   c->request.tag = t.tag;
   const fmcp_call handle =
         calls_.open({.target = c,
                      .deadline_ns = deadline,
                      .timeout_ms = static_cast<std::uint32_t>(t.timeout.count()),
                      .gate = is_inline ? t.gate : nullptr,
                      .is_entered = is_inline});
   if (handle == 0) {
      if (is_inline && t.gate) {
         t.gate->leave();
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
   if (is_inline) return invoke(handle, c->request);
   look_at(deadline);
   if (!workers_.push({.what = pool::job::kind::call, .handle = handle, .gate = t.gate})) {
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

void instance::invoke(fmcp_call handle, const fmcp_request& rq) noexcept {
   error_room room;
   const std::uint64_t deadline = rq.deadline_ns;
   const fmcp_status status = tools_.call(plugin_.self, &rq, &room.err);
   if (status >= FMCP_OK) {
      calls_.leave(handle, status, {});
      // While it ran inline nobody watched its deadline.
      if (status > FMCP_OK && !calls_.is_over(handle)) look_at(deadline);
      return;
   }
   try {
      auto words = room.words();
      if (words.empty()) {
         words = fmt::format("The tool failed with {} and did not say why.", status_name(status));
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
      if (const auto* rq = calls_.enter(j.handle, std::move(j.gate))) invoke(j.handle, *rq);
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
         run_timers(now_ns));
   std::uint64_t planned = next_look_.load();
   while (found < planned && !next_look_.compare_exchange_weak(planned, found)) {
   }
   return next_look_.load();
}

/// Hands every task that is due to the workers; when the next one is.
std::uint64_t instance::run_timers(std::uint64_t now_ns) noexcept {
   std::uint64_t next = UINT64_MAX;
   const std::lock_guard lock(tasks_mutex_);
   for (auto it = tasks_.begin(); it != tasks_.end();) {
      auto& task = it->second;
      if (task.due_ns <= now_ns) {
         if (workers_.push({.what = pool::job::kind::task, .fn = task.fn, .user = task.user})) {
            it = tasks_.erase(it);
            continue;
         }
         next = std::min(next, clock().mono_ns() + retry_ns); // the queue is full just now
      } else {
         next = std::min(next, task.due_ns);
      }
      ++it;
   }
   return next;
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
   try {
      const std::lock_guard lock(tasks_mutex_);
      if (stage_.load() == stage::stopping) return FMCP_E_GONE;
      if (tasks_.size() >= max_waiting_tasks) return FMCP_E_LIMIT;
      tasks_.emplace(++last_op_, waiting_task{due, fn, user});
      if (op != nullptr) *op = last_op_;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
   look_at(due);
   return FMCP_OK;
}

void instance::bring_forward(fmcp_op op) noexcept {
   {
      const std::lock_guard lock(tasks_mutex_);
      const auto found = tasks_.find(op);
      if (found == tasks_.end()) return;
      found->second.due_ns = 0;
   }
   look_at(clock().mono_ns());
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
