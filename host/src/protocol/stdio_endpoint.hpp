#pragma once

/// MCP over standard input and output: one message per line, both eras on one process.
///
/// No process state decides the era: a request with a claim is modern, any other legacy (reference,
/// 2.5). What `initialize` said holds for the legacy ones. Requests interleave; answers come in the
/// order in which they are ready. No header checks: there are no headers.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "protocol/methods.hpp"
#include "protocol/service.hpp"
#include "json/document.hpp"

namespace fmcp::protocol {

/// Thread safety: on_line and on_long_line on one thread; wait_for_calls after the last line.
class stdio_endpoint {
public:
   /// Writes one line, without its newline. [any thread]
   using writer = std::function<void(std::string_view line)>;
   stdio_endpoint(service& s, std::size_t max_line_bytes, writer write);
   /// Nothing is written any more once this has returned.
   ~stdio_endpoint();

   void on_line(std::string_view line);
   /// A line that was longer than allowed has been skipped.
   void on_long_line();
   /// Until every call has been answered, or for so long. False: some have not.
   bool wait_for_calls(std::chrono::milliseconds patience);

private:
   struct wire;
   struct reply;
   struct batch;
   struct listener;
   struct legacy_listener;
   class door;

   void on_message(const json::value& v);
   void on_request(const message& m, const request_meta& meta);
   void on_modern(const message& m, const request_meta& meta);
   void on_legacy(const message& m, const request_meta& meta);
   void on_initialize(const message& m);
   void on_batch(const json::value& array);
   void on_listen(const message& m);
   void on_notification(const message& m);
   void refuse(std::string_view id, int code, std::string_view text, std::string_view data = {});
   void emit(std::string_view message);
   void run(dispatched d);
   [[nodiscard]] caller legacy_caller() const;

   service& service_;
   const std::size_t max_line_bytes_;
   const std::shared_ptr<wire> wire_; // outlives us in calls that come back late
   std::uint64_t version_ = 0;
   std::shared_ptr<const catalogue> catalogue_;
   json::document line_;
   std::string text_;
   std::shared_ptr<batch> batch_; // while the messages of one array are looked at

   // What initialize said.
   bool is_initialized_ = false;
   revision spoken_ = newest_legacy;
   client_capabilities can_;
   std::string client_info_, client_capabilities_;
   const std::shared_ptr<session_state> state_;
   std::shared_ptr<legacy_listener> legacy_listener_;
   std::map<std::string, std::shared_ptr<listener>, std::less<>> listeners_; // by id
};

} // namespace fmcp::protocol
