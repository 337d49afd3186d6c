#pragma once

/// One `tools/call` on its way: owns what the tool is called with, and turns what comes back into
/// messages.
///
/// A call that completes inside `start` (on the caller's thread) leaves its answer with the caller
/// and touches no lock. Any other writes into a *mailbox*: until the transport has connected the
/// place where answers go, messages wait in it; afterwards they go straight there.
///
///    start ── completed inline ──────────────────────────► answer in the caller's buffer
///        └─── running: messages wait ── connect(reply_to) ─► messages go there, the last one ends
///        it

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/principal.hpp"
#include "protocol/access_gate.hpp"
#include "protocol/call_result.hpp"
#include "protocol/message.hpp"
#include "protocol/revision.hpp"
#include "protocol/session_store.hpp"
#include "protocol/session_token.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

/// Where the messages of one request go. [any thread]
class reply_to {
public:
   virtual ~reply_to() = default;
   /// The response; once per request. An empty text says that there will be none: the client has
   /// cancelled the request.
   virtual void respond(std::string message, int http_status) = 0;
   /// A notification that belongs to the request, before its response. When the client does not
   /// keep up, a later progress notification replaces an earlier one.
   virtual void notify(std::string message, bool is_progress) = 0;
};

/// Who calls, and what may be sent back.
struct caller {
   revision spoken = newest_legacy;
   client_capabilities can;
   std::string_view session_digest; ///< or empty
   std::string_view client_info_json, client_capabilities_json;
   /// Who that is, as the gate has verified it; null: nobody asked, and nothing is forbidden. Valid
   /// until the handler returns.
   const core::caller_ref* identity = nullptr;
   access_gate* gate = nullptr;     ///< never null with an identity
   std::string_view peer_address{}; ///< as `identity`
   /// Least severe level of log messages that are sent. Modern: what the request says, and none
   /// without it. Legacy: what the session says when the message comes, so the session it is.
   std::optional<log_level> log_from{};
   session_store* sessions = nullptr; ///< legacy over HTTP, with `session`
   const session_claims* session = nullptr;
   std::shared_ptr<session_state> state{}; ///< legacy on stdio
   /// The client can be sent notifications before the response.
   bool hears_notifications = true;
};

/// Thread safety: the tool_call functions as their contract says; connect once.
class call_task final : public tool_call, public std::enable_shared_from_this<call_task> {
public:
   /// A call that is ready to start. `arguments_json` is an object that fits the tool's schema.
   static std::shared_ptr<call_task> make(const tool_entry& tool, std::string_view id,
                                          std::string_view arguments_json, const request_meta& meta,
                                          const caller& who, std::string_view server_info_member,
                                          bool mask_errors);

   struct answer {
      bool is_complete = false; ///< the response stands in `out`
      int http_status = 200;
   };
   /// Starts it. When it completes meanwhile on this thread, the response is appended to `out`.
   /// Otherwise call connect(). [once]
   answer start(tool_backend& backend, std::string& out);
   /// Where to go. Delivers what has come since. `when_over` is called once after the response,
   /// from any thread, possibly inside connect().
   void connect(std::shared_ptr<reply_to> to, std::function<void()> when_over);
   /// For cancellation; null when the call completed inside `start`.
   [[nodiscard]] const std::shared_ptr<running_call>& running() const noexcept { return running_; }
   [[nodiscard]] const std::string& id() const noexcept { return id_; }

   void on_progress(double done, double total, std::string_view message) noexcept override;
   void on_log(log_level level, std::string_view logger,
               std::string_view data_json) noexcept override;
   void on_result(const tool_result& r) noexcept override;
   void on_failure(call_failure why, std::string_view why_text) noexcept override;

private:
   struct item {
      std::string message;
      bool is_response = false, is_progress = false;
      int http_status = 200;
   };
   void deliver(item i);
   void note_complaint(const encoded& e) const;
   [[nodiscard]] bool is_heard(log_level level) const;
   [[nodiscard]] result_rules rules() const noexcept;
   template <class Encode>
   void answer_with(Encode&& encode) noexcept;

   tool_entry tool_;
   std::string id_;
   std::string memory_; // what `input_` points into
   call_input input_;
   const core::caller_ref* lent_identity_ = nullptr; // until start() returns
   core::caller_ref identity_;  // owns input_.principal once the call outlasts start()
   std::string progress_token_; // JSON text, empty: none
   std::optional<double> last_progress_;
   revision spoken_ = newest_legacy;
   std::optional<log_level> log_from_;
   session_store* sessions_ = nullptr;
   session_claims session_;
   std::shared_ptr<session_state> state_;
   std::string_view server_info_member_;
   bool mask_errors_ = false, hears_notifications_ = true;
   std::shared_ptr<running_call> running_;

   // Of a call that completes inside start() before anything else was said.
   std::string* inline_out_ = nullptr;
   bool has_notified_ = false; // by the thread whose turn it is
   answer inline_answer_;

   std::mutex mutex_;
   std::shared_ptr<reply_to> to_;    // guarded by mutex_
   std::function<void()> when_over_; // guarded by mutex_
   std::vector<item> waiting_;       // guarded by mutex_
   bool is_delivering_ = false;      // guarded by mutex_: one thread hands `waiting_` over
};

} // namespace fmcp::protocol
