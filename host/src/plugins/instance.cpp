#include "plugins/instance.hpp"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "plugins/auth_answer.hpp"
#include "plugins/grown.hpp"
#include "plugins/plugin_error.hpp"
#include "plugins/services.hpp"

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds poll_pause{1};
constexpr milliseconds failed_patience{1000}; // with tasks of a plugin that did not come up

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

/// The words of a plugin with `{name}` of a setting replaced by what the operator knows it by.
std::string with_labels(std::string_view words, const plugin_settings& settings) {
   std::string out;
   while (!words.empty()) {
      const auto open = std::min(words.find('{'), words.size());
      out += words.substr(0, open);
      words.remove_prefix(open);
      const auto close = words.find('}');
      const auto name = close == words.npos ? words.substr(0, 0) : words.substr(1, close - 1);
      const auto label =
            std::ranges::find(settings.labels, name, &std::pair<std::string, std::string>::first);
      if (label == settings.labels.end()) {
         out += words.substr(0, 1); // what is no setting stays as it is
         words.remove_prefix(std::min<std::size_t>(1, words.size()));
      } else {
         out += label->second;
         words.remove_prefix(close + 1);
      }
   }
   return out;
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
      calls_(config_.name, {config_.max_calls, config_.max_result_bytes,
                            config_.as == role::provider ? "Function" : "Tool"}),
      workers_({.name = config_.name,
                .max_threads = config_.max_threads,
                .max_calls = config_.max_queue,
                .max_tasks = config_.max_queue},
               [this](pool::job& j) { run_job(j); }),
      lane_({.name = config_.name + ":cancel",
             .max_threads = 1,
             .max_calls = 0,
             .max_tasks = std::max(1u, config_.max_calls)},
            [this](pool::job& j) { run_job(j); }),
      errands_(workers_, [this] { look_at(clock().mono_ns()); }) {
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
      if (const auto words = room.words(); status == FMCP_E_CONFIG && !words.empty())
         return fail(errc::invalid, "cannot use its settings: " + with_labels(words, settings));
      return failure_in("init", status, room);
   }
   is_initialised_ = true;
   step_ = step::facet;
   const auto wanted = config_.as == role::provider ? auth_interface : tools_interface;
   const void* facet = nullptr;
   for (std::size_t i = 0; i < interfaces.size(); ++i) {
      const void* table = plugin_.facet(plugin_.self, str(interfaces[i]));
      if (table == nullptr) continue;
      offered_.fetch_or(1u << i);
      if (interfaces[i] == wanted) facet = table;
   }
   return config_.as == role::provider ? take_auth(facet) : take_tools(facet);
}

core::result<void> instance::take_tools(const void* facet) {
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
   facets_.tools = *tools;
   return {};
}

core::result<void> instance::take_auth(const void* facet) {
   if (facet == nullptr) {
      return fail(errc::unsupported, "authenticates nobody: its facet(\"fmcp.auth/1\") is null.");
   }
   const auto auth = copy_grown<fmcp_auth>(facet, FMCP_LEAST(fmcp_auth, flags));
   if (!auth) {
      return fail(errc::invalid, "has a table fmcp.auth/1 whose size cannot be true; set "
                                 "fmcp_auth.size to sizeof(fmcp_auth).");
   }
   if (auth->info == nullptr || auth->verify == nullptr) {
      return fail(errc::invalid, fmt::format("has a table fmcp.auth/1 without {}().",
                                             auth->info == nullptr ? "info" : "verify"));
   }
   facets_.auth = *auth;
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
   if (const auto status = facets_.tools.list(plugin_.self, &listed, &room.err);
       status != FMCP_OK) {
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

core::result<auth_info> instance::info(std::string_view resource_url) {
   const std::lock_guard control(control_);
   if (!is_created_ || stage_.load() == stage::stopping) {
      return fail(errc::conflict, "is being stopped.");
   }
   if (step_.load() != step::done) step_ = step::info;
   error_room room;
   const fmcp_auth_info* given = nullptr;
   const auto status = facets_.auth.info(plugin_.self, str(resource_url), &given, &room.err);
   if (status != FMCP_OK) return failure_in("info", status, room);
   auto out = copy_auth_info(given);
   if (out) step_ = step::done;
   return out;
}

std::string_view instance::name_of(step s) noexcept {
   switch (s) {
   case step::constructors: return "constructor";
   case step::entry: return "fmcp_plugin_entry_v1()";
   case step::create: return "create()";
   case step::init: return "init()";
   case step::facet: return "facet()";
   case step::info: return "info()";
   case step::list:
   case step::done: break;
   }
   return "list()";
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
   errands_.stop();
}

void instance::cancel_all(call_failure why, std::int32_t reason) noexcept {
   calls_.for_each_open([&](fmcp_call handle) { end(handle, why, reason); });
}

bool instance::is_busy() const {
   return calls_.live() != 0 || !errands_.is_empty() || !workers_.is_idle() || !lane_.is_idle();
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
   for (errands_.run(UINT64_MAX, 0); is_busy(); errands_.run(UINT64_MAX, 0)) {
      if (left() == milliseconds(0)) return false;
      std::this_thread::sleep_for(poll_pause);
   }
   if (!workers_.stop(left()) || !lane_.stop(left())) return false;
   if (is_created_) plugin_.destroy(plugin_.self);
   is_created_ = false;
   if (auto* jwt = config_.services.with.jwt) {
      for (auto& known : policies_) {
         if (const auto id = known.exchange(0); id != 0) jwt->remove(id - 1);
      }
   }
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

} // namespace fmcp::plugins
