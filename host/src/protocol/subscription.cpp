#include "protocol/subscription.hpp"

#include <fmt/format.h>

namespace fmcp::protocol {

std::optional<subscription> read_listen(const message& m, std::string& out) {
   const auto* filter = m.params != nullptr ? m.params->find("notifications") : nullptr;
   if (filter == nullptr || !filter->is(json::kind::object)) {
      append_error(out, m.id, code::invalid_params,
                   "subscriptions/listen needs params.notifications, an object");
      return std::nullopt;
   }
   subscription s;
   if (const auto* tools = filter->find("toolsListChanged"); tools != nullptr) {
      if (!tools->is(json::kind::boolean)) {
         append_error(out, m.id, code::invalid_params,
                      "params.notifications.toolsListChanged must be true or false");
         return std::nullopt;
      }
      s.wants_tool_changes = tools->boolean();
   }
   return s;
}

subscriber::subscriber(std::string_view id, const subscription& what, const service& s)
    : id_(id), what_(what), info_member_(s.server_info_member()) {}

void subscriber::acknowledge() {
   std::string text;
   append_notification(
         text, "notifications/subscriptions/acknowledged",
         fmt::format(
               R"({{"notifications":{},"_meta":{{"io.modelcontextprotocol/subscriptionId":{}}}}})",
               what_.wants_tool_changes ? R"({"toolsListChanged":true})" : "{}", id_));
   const std::lock_guard lock(mutex_);
   if (phase_ != phase::silent) return;
   send(text);
   phase_ = phase::open;
   if (has_change_) tell_change();
   if (is_server_ending_) say_goodbye();
}

void subscriber::end() {
   const std::lock_guard lock(mutex_);
   phase_ = phase::over;
}

void subscriber::on_tools_changed() noexcept {
   if (!what_.wants_tool_changes) return;
   const std::lock_guard lock(mutex_);
   has_change_ = true;
   if (phase_ == phase::open) tell_change();
}

void subscriber::on_shutdown() noexcept {
   const std::lock_guard lock(mutex_);
   is_server_ending_ = true;
   if (phase_ == phase::open) say_goodbye();
}

/// [locked, open]
void subscriber::tell_change() {
   std::string text;
   append_notification(
         text, tools_list_changed,
         fmt::format(R"({{"_meta":{{"io.modelcontextprotocol/subscriptionId":{}}}}})", id_));
   send(text);
   has_change_ = false;
}

/// [locked, open]
void subscriber::say_goodbye() {
   std::string text;
   begin_result(text, id_);
   text += fmt::format(
         R"({{"resultType":"complete","_meta":{{"io.modelcontextprotocol/subscriptionId":{},{}}}}}}})",
         id_, info_member_);
   close(text);
   phase_ = phase::over;
}

} // namespace fmcp::protocol
