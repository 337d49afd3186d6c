#include "app/plugin_backend.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "plugins/principal.hpp"

namespace fmcp::app {
namespace {

using protocol::content;

std::string_view text_of(fmcp_str s) noexcept {
   return {s.ptr, s.ptr == nullptr ? 0 : static_cast<std::size_t>(s.len)};
}
std::string_view bytes_of(const fmcp_buf& b) noexcept {
   return {static_cast<const char*>(b.ptr), b.ptr == nullptr ? 0 : static_cast<std::size_t>(b.len)};
}
fmcp_str str_of(std::string_view s) noexcept {
   return {s.data(), s.size()};
}

/// FMCP_LOG_* to the scale of RFC 5424 that the protocol uses.
protocol::log_level severity_of(std::int32_t level) noexcept {
   using protocol::log_level;
   switch (level) {
   case FMCP_LOG_TRACE:
   case FMCP_LOG_DEBUG: return log_level::debug;
   case FMCP_LOG_NOTICE: return log_level::notice;
   case FMCP_LOG_WARN: return log_level::warning;
   case FMCP_LOG_ERROR: return log_level::error;
   case FMCP_LOG_CRITICAL: return log_level::critical;
   default: return log_level::info;
   }
}

std::optional<content::kind> kind_of(std::int32_t kind) noexcept {
   switch (kind) {
   case FMCP_C_TEXT: return content::kind::text;
   case FMCP_C_IMAGE: return content::kind::image;
   case FMCP_C_AUDIO: return content::kind::audio;
   case FMCP_C_RESOURCE_LINK: return content::kind::resource_link;
   case FMCP_C_RESOURCE_TEXT: return content::kind::resource_text;
   case FMCP_C_RESOURCE_BLOB: return content::kind::resource_blob;
   case FMCP_C_RAW_JSON: return content::kind::raw_json;
   default: return std::nullopt; // FMCP_C_STREAM among them: there is no such service yet
   }
}

protocol::tool_result::outcome outcome_of(std::int32_t outcome) noexcept {
   using enum protocol::tool_result::outcome;
   switch (outcome) {
   case FMCP_OUT_OK: return ok;
   case FMCP_OUT_TOOL_ERROR: return tool_error;
   case FMCP_OUT_NEED_INPUT: return need_input;
   case FMCP_OUT_CANCELLED: return cancelled;
   default: return rpc_error;
   }
}

protocol::call_failure failure_of(plugins::call_failure why) noexcept {
   using from = plugins::call_failure;
   using to = protocol::call_failure;
   switch (why) {
   case from::failed: return to::failed;
   case from::timed_out: return to::timed_out;
   case from::cancelled: return to::cancelled;
   case from::busy: return to::busy;
   case from::stopped: return to::stopped;
   case from::misbehaved: break;
   }
   return to::misbehaved;
}

/// A call on its way into a plugin. It owns the protocol's half, which owns what the request's
/// members point to.
class crossing final : public plugins::call {
public:
   crossing(const protocol::call_input& in, std::shared_ptr<protocol::tool_call> to,
            std::string_view tool)
       : to_(std::move(to)) {
      const auto flag = [this](bool is_set, std::uint32_t bit) {
         if (is_set) request.flags |= bit;
      };
      flag(in.wants_progress, FMCP_RQ_PROGRESS);
      flag(in.can_elicit, FMCP_RQ_CAN_ELICIT);
      flag(in.can_elicit_url, FMCP_RQ_CAN_ELICIT_URL);
      flag(in.can_sample, FMCP_RQ_CAN_SAMPLE);
      flag(in.can_list_roots, FMCP_RQ_CAN_ROOTS);
      request.name = str_of(tool);
      request.args_json = str_of(in.arguments_json);
      request.meta_json = str_of(in.meta_json);
      request.session_id = str_of(in.session_id);
      request.protocol_version = str_of(in.protocol_version);
      request.client_info_json = str_of(in.client_info_json);
      request.client_caps_json = str_of(in.client_capabilities_json);
      request.traceparent = str_of(in.traceparent);
      if (in.principal != nullptr) request.principal = who_.emplace(*in.principal).get();
   }

   void on_progress(double done, double total, std::string_view message) noexcept override {
      to_->on_progress(done, total, message);
   }
   void on_log(std::int32_t level, std::string_view logger,
               std::string_view data_json) noexcept override {
      to_->on_log(severity_of(level), logger, data_json);
   }
   void on_result(const fmcp_result& r) noexcept override {
      std::array<content, 8> few;
      std::vector<content> many;
      std::span<content> blocks(few.data(), std::min<std::size_t>(r.content.count, few.size()));
      if (r.content.count > few.size()) {
         many.resize(r.content.count);
         blocks = many;
      }
      for (std::uint32_t i = 0; i < r.content.count; ++i) {
         const auto c = plugins::content_at(r, i);
         const auto kind = kind_of(c.kind);
         if (!kind) {
            return to_->on_failure(
                  protocol::call_failure::misbehaved,
                  "The tool answered with a kind of content that this host does not "
                  "know.");
         }
         blocks[i] = {.what = *kind,
                      .mime = text_of(c.mime),
                      .uri = text_of(c.uri),
                      .name = text_of(c.name),
                      .data = bytes_of(c.data),
                      .annotations_json = text_of(c.annotations_json),
                      .meta_json = text_of(c.meta_json)};
      }
      to_->on_result({.what = outcome_of(r.outcome),
                      .rpc_code = r.rpc_code,
                      .message = text_of(r.message),
                      .blocks = blocks,
                      .structured_json = bytes_of(r.structured_json),
                      .error_data_json = bytes_of(r.error_data_json),
                      .meta_json = bytes_of(r.meta_json),
                      .raw_json = bytes_of(r.raw_json)});
   }
   void on_failure(plugins::call_failure why, std::string_view message) noexcept override {
      to_->on_failure(failure_of(why), message);
   }

private:
   const std::shared_ptr<protocol::tool_call> to_;
   std::optional<plugins::principal_view> who_;
};

/// A way to cancel. It does not keep the call alive: the plugin room does, as long as it runs.
class handle final : public protocol::running_call {
public:
   handle(plugins::host& host, const std::shared_ptr<crossing>& call) : host_(host), call_(call) {}
   void cancel() noexcept override {
      if (const auto call = call_.lock()) host_.cancel(*call, FMCP_CANCEL_CLIENT);
   }

private:
   plugins::host& host_;
   const std::weak_ptr<crossing> call_;
};

const plugins::tool& tool_of(const protocol::tool_entry& e) noexcept {
   return *static_cast<const plugins::tool*>(e.handle.get());
}

} // namespace

std::shared_ptr<protocol::running_call>
plugin_backend::start(const protocol::tool_entry& entry, const protocol::call_input& input,
                      std::shared_ptr<protocol::tool_call> to) {
   const auto& tool = tool_of(entry);
   auto call = std::make_shared<crossing>(input, std::move(to), tool.name);
   host_->start(tool, call);
   if (call.use_count() == 1) return nullptr; // the plugin room has let go of it: it is over
   return std::make_shared<handle>(*host_, call);
}

core::result<std::shared_ptr<const void>> prepare_tool(std::string_view name,
                                                       const json::value& tool) {
   return protocol::tool_definition::make(name, tool);
}

std::vector<protocol::tool_entry> entries_of(const plugins::snapshot& s) {
   std::vector<protocol::tool_entry> out;
   out.reserve(s.tools.size());
   for (const auto& t : s.tools) {
      out.push_back(
            {.definition = std::static_pointer_cast<const protocol::tool_definition>(t->prepared),
             .handle = t,
             .required_scopes = t->required_scopes});
   }
   return out;
}

} // namespace fmcp::app
