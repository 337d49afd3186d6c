#pragma once

/// The plugin host: finds, checks, loads and calls plugins. The only room that loads code.
///
/// Life of a plugin file (design of the ABI, 4.2): owner and mode walk → read once → ELF complete →
/// note → ABI and architecture policy → sealed private copy → load → entry → create → init with
/// checked settings → list → published. Each rejected file is named with its own reason and stops
/// nobody else.

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "plugins/backends.hpp"
#include "plugins/call.hpp"
#include "json/value.hpp"

namespace fmcp::plugins {

class instance;  // a loaded plugin
class item_gate; // how many calls of a tool may run

/// A tool that can be called. Immutable.
struct tool {
   std::string name;
   std::string json; ///< the MCP Tool object as the plugin wrote it; valid JSON, one line
   std::uint32_t exec = FMCP_EX_MAY_BLOCK;
   std::vector<std::string> required_scopes;
   std::uint32_t max_concurrency = 0;
   std::uint64_t tag = 0;                ///< the plugin's own
   std::chrono::milliseconds timeout{};  ///< never zero: the item's or the host's default
   std::string plugin;                   ///< the manifest's name
   std::string file;                     ///< path as the operator knows it
   std::shared_ptr<const void> prepared; ///< what `options::prepare_tool` made of `json`
   std::shared_ptr<instance> owner;      ///< keeps the code mapped
   std::shared_ptr<item_gate> gate;      ///< null without `max_concurrency`
};

enum class state : std::uint8_t { found, active, failed, loading, skipped };

/// One file of the plugin directories and what became of it.
struct plugin_status {
   std::string file;
   std::string name; ///< empty while the note has not been read
   std::string id;
   std::string version;
   std::vector<std::string> kinds;
   plugins::state state = state::found;
   std::string isolation = "in-process";
   std::string reason; ///< one sentence when it is not active
   std::vector<std::string> tools;
};

/// What is callable at one moment. Immutable; a request keeps the snapshot it started with.
struct snapshot {
   std::uint64_t generation = 0;
   std::vector<std::shared_ptr<const tool>> tools; ///< by file, then in the plugin's own order
   std::vector<plugin_status> plugins;
};

/// Checked settings of one plugin, ready for `fmcp_init`.
struct plugin_settings {
   std::string config_json = "{}";
   std::vector<std::pair<std::string, std::string>> secrets{}; ///< wiped after init
   /// By what the operator knows each setting: `project_id` is
   /// `FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID (.env:3)`. For messages.
   std::vector<std::pair<std::string, std::string>> labels{};
   /// Origins that the operator allows beside those of the settings of type `url`.
   std::vector<std::string> trusted_origins{};
};

struct options {
   std::vector<std::string> directories; ///< every `*.so` directly inside, sorted by name
   std::vector<std::string> files;       ///< named ones, before the directories
   std::string data_dir;                 ///< parent of each plugin's private directory
   std::string base_url;
   std::string mcp_path = "/mcp";
   std::string host_version;
   std::chrono::milliseconds load_timeout{10'000}; ///< constructors, create, init, list together
   std::chrono::milliseconds call_timeout{60'000}; ///< of items that name none
   std::size_t max_file_bytes = 256u << 20;
   std::uint32_t max_tools_per_plugin = 1024;
   std::uint32_t max_threads_per_plugin = 8;  ///< of the worker pool
   std::uint32_t max_queue_per_plugin = 256;  ///< waiting calls; more are `busy`
   std::uint32_t max_calls_per_plugin = 4096; ///< running, waiting and stuck ones together
   std::size_t max_result_bytes = 64u << 20;  ///< of one result's content and JSON together
   /// Outlives the process's last plugin thread, hence as a rule the process.
   const core::clock* clock = &core::clock::system();
   /// Services that other rooms provide; they outlive the process's last plugin thread.
   backends services{};

   /// Settings for a plugin, from its manifest. Called before any code of it runs. `others` are the
   /// names of the other plugins that were found: a variable's prefix may fit several.
   std::function<core::result<plugin_settings>(std::string_view name, const json::value& manifest,
                                               std::span<const std::string> others)>
         settings;
   /// Checks a listed tool (schemas, annotations) and prepares what calls of it need. An error
   /// refuses the whole plugin, with file and tool named.
   std::function<core::result<std::shared_ptr<const void>>(std::string_view name,
                                                           const json::value& tool)>
         prepare_tool;
   /// A new snapshot was published. [a control thread of this room; never concurrently]
   std::function<void(std::shared_ptr<const snapshot>)> on_change;
   /// `fmcp.notify/1` resource_updated. [any thread]
   std::function<void(std::string_view plugin, std::string_view uri)> on_resource_updated;
};

/// Thread safety: all members may be called from any thread unless they say otherwise.
class host {
public:
   static std::unique_ptr<host> make(options o);
   /// Quiesces, cancels what runs, waits a bounded time; never unloads code (the process ends).
   virtual ~host() = default;

   /// Loads everything. Returns when all plugins are active or failed, or after `patience`; plugins
   /// that come up later are published then, and `on_change` tells.
   virtual void load_all(std::chrono::milliseconds patience) = 0;
   /// All files have come to an end, well or badly.
   [[nodiscard]] virtual bool settled() const noexcept = 0;

   [[nodiscard]] virtual std::shared_ptr<const snapshot> current() const = 0;

   /// Starts a call. A NONBLOCKING tool runs here and now, on the calling thread, and has usually
   /// completed when this returns; any other runs on the plugin's own threads.
   /// Every outcome, a refusal included, arrives through `c`.
   virtual void start(const tool& t, const std::shared_ptr<call>& c) = 0;
   /// Ends the call for its caller at once (`on_failure(cancelled)` unless it is already over) and
   /// tells the plugin. `reason` is one of FMCP_CANCEL_* or 0.
   virtual void cancel(call& c, std::int32_t reason) = 0;

   /// Calls whose caller has its answer while the plugin has not returned.
   [[nodiscard]] virtual std::size_t stuck_calls() const noexcept = 0;
   /// Refuses new calls (`stopped`), gives running ones `grace` to end, then ends the rest for
   /// their callers and tells the plugins to cancel. Blocks that long; see the destructor. [one
   /// thread, once]
   virtual void drain(std::chrono::milliseconds grace) = 0;
};

/// What is known of a plugin file without running any of it.
struct file_facts {
   std::string file;
   std::string sha256;
   std::uint64_t bytes = 0;
   std::string machine; ///< e.g. `x86-64`
   std::string manifest_json;
   std::uint32_t abi_major = 0, abi_minor_built = 0, abi_minor_needed = 0;
   std::vector<std::string> exports; ///< at most 32
   std::size_t export_count = 0, unique_count = 0;
   std::vector<std::string> needed;   ///< DT_NEEDED
   std::string highest_glibc;         ///< e.g. `2.34`
   std::vector<std::string> warnings; ///< one sentence each: what the lint dislikes and what to do
};
/// Runs the pipeline up to the sealed copy, plus the lint. Executes nothing of the file.
core::result<file_facts> inspect(const std::string& path, const options& o);

/// Steps an `fmcp_list` of contents by its own stride; copies each into a full-size local.
/// `index` < `r.content.count`.
fmcp_content content_at(const fmcp_result& r, std::uint32_t index) noexcept;

} // namespace fmcp::plugins
