#pragma once

/// `subscriptions/listen` (protocol reference, 13), the same for both transports: what is asked
/// for, what is said, and in which order.

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/message.hpp"
#include "protocol/service.hpp"

namespace fmcp::protocol {

/// What a subscription is for, as far as it can be honoured.
struct subscription {
   bool wants_tool_changes = false;
};
/// Appends an error response and gives nothing when the params are malformed.
[[nodiscard]] std::optional<subscription> read_listen(const message& m, std::string& out);

/// One subscription. The acknowledgement comes first, whatever happens meanwhile, and nothing after
/// the end.
///
///    made ── service::listen ── acknowledge() ── changes … ── the server's end, or end()
///
/// Thread safety: any thread. `send` and `close` are called one at a time, under the lock of the
/// subscription.
class subscriber : public list_listener {
public:
   /// `id`: the JSON text of the listen request's id. `s` outlives the subscriber.
   subscriber(std::string_view id, const subscription& what, const service& s);

   /// Says the first message, then what has happened since it was made.
   void acknowledge();
   /// The client wants no more: nothing is sent from now on.
   void end();

   void on_tools_changed() noexcept final;
   void on_shutdown() noexcept final;

protected:
   [[nodiscard]] const std::string& id() const noexcept { return id_; }

private:
   virtual void send(std::string_view message) = 0;
   /// The server ends: `result` is the response to the listen request.
   virtual void close(std::string_view result) = 0;

   enum class phase { silent, open, over };
   void tell_change();
   void say_goodbye();

   const std::string id_;
   const subscription what_;
   const std::string_view info_member_;
   std::mutex mutex_;
   phase phase_ = phase::silent;   // guarded by mutex_
   bool has_change_ = false;       // guarded by mutex_: not told yet
   bool is_server_ending_ = false; // guarded by mutex_
};

} // namespace fmcp::protocol
