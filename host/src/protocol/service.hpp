#pragma once

/// What all connections of the process share: who the server is, its tools, its sessions, and who
/// wants to hear of changes.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "protocol/call_result.hpp"
#include "protocol/catalogue.hpp"
#include "protocol/revision.hpp"
#include "protocol/session_store.hpp"
#include "protocol/session_token.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

/// The server as clients see it (`Implementation`).
struct identity {
   std::string name{}, version{};
   std::string title{};        ///< since 2025-06-18; empty: left out
   std::string icons_json{};   ///< since 2025-11-25; an array, `[]` or empty: left out
   std::string website_url{};  ///< since 2025-11-25
   std::string instructions{}; ///< of `initialize` and `server/discover`
};

struct service_options {
   identity me{};
   std::size_t page_size = 100;
   std::chrono::milliseconds cache_ttl{0};
   bool lists_are_public = false;
   /// Tools that a caller lacks scopes for are not listed, and unknown when they are called. Lists
   /// are then private. False: such a call is 403 with what is needed.
   bool hide_forbidden_tools = false;
   bool mask_error_details = false;

   bool has_sessions = true; ///< false: every legacy request stands for itself
   bool json_only = false;   ///< never an event stream where one JSON document is possible
   std::string session_key{}, session_key_previous{};
   std::string session_domain{}; ///< see session_keys
   std::chrono::seconds session_ttl{86'400};
   session_store::options sessions{};

   std::size_t max_stream_buffer = 1u << 20;
   std::size_t max_listeners = 1024;             ///< `subscriptions/listen` streams; -32603 beyond
   std::chrono::milliseconds keep_alive{15'000}; ///< 0: none
   /// A call that takes longer is answered by an event stream, where the client accepts one, so
   /// that nothing on the way takes the connection for dead.
   std::chrono::milliseconds stream_after{2'000};
   const core::clock* clock = &core::clock::system();
};

/// Somebody who wants to know that the list of tools has changed.
class list_listener {
public:
   virtual ~list_listener() = default;
   /// [any thread]
   virtual void on_tools_changed() noexcept = 0;
   /// The server ends: say goodbye and close. [any thread]
   virtual void on_shutdown() noexcept = 0;
};

/// Thread safety: all members may be called from any thread.
class service {
public:
   service(service_options o, tool_backend& backend);
   ~service();

   [[nodiscard]] const service_options& options() const noexcept { return options_; }
   [[nodiscard]] tool_backend& backend() const noexcept { return backend_; }
   [[nodiscard]] const session_keys& keys() const noexcept { return keys_; }
   [[nodiscard]] session_store& sessions() noexcept { return sessions_; }

   /// Replaces the tools. When the list differs from the one before, whoever listens is told.
   void publish(std::vector<tool_entry> tools);
   /// Grows with every publication: one load tells whether `current()` would be another.
   [[nodiscard]] std::uint64_t version() const noexcept {
      return version_.load(std::memory_order_acquire);
   }
   [[nodiscard]] std::shared_ptr<const catalogue> current() const;

   /// The result of `initialize` for a legacy revision: one JSON object.
   [[nodiscard]] const std::string& initialize_result(revision r) const noexcept {
      return initialize_[static_cast<std::size_t>(r)];
   }
   /// The result of `server/discover`.
   [[nodiscard]] const std::string& discover_result() const noexcept { return discover_; }
   /// `"io.modelcontextprotocol/serverInfo":{…}`
   [[nodiscard]] const std::string& server_info_member() const noexcept { return info_member_; }
   /// `{"supported":[…],"requested":…}` of error -32022.
   [[nodiscard]] std::string unsupported_version_data(std::string_view requested) const;

   /// False when there are too many, or the server ends. Kept until it expires.
   [[nodiscard]] bool listen(std::weak_ptr<list_listener> l);

   /// The server ends: tells every listener, and ends the streams that would never end by
   /// themselves. Calls that run are left alone, and so are the streams that wait for their
   /// results.
   void shut_down();
   /// From the beginning of shut_down() on. Whoever opens a stream without end looks here behind
   /// that: either shut_down() has found the stream, or this is true.
   [[nodiscard]] bool is_ending() const noexcept { return is_ending_.load(); }

private:
   const service_options options_;
   tool_backend& backend_;
   const session_keys keys_;
   session_store sessions_;
   std::string info_member_, discover_;
   std::array<std::string, revision_count> initialize_;

   std::atomic<std::uint64_t> version_{0};
   std::atomic<bool> is_ending_{false};
   mutable std::mutex mutex_;
   std::shared_ptr<const catalogue> catalogue_;          // guarded by mutex_
   std::vector<std::weak_ptr<list_listener>> listeners_; // guarded by mutex_
};

/// The limits for a message from a client.
[[nodiscard]] json::limits message_limits(std::size_t max_bytes) noexcept;

inline constexpr std::string_view tools_list_changed = "notifications/tools/list_changed";

} // namespace fmcp::protocol
