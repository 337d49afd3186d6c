#include "protocol/service.hpp"

#include <algorithm>
#include <utility>

#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

void append_implementation(std::string& out, const identity& me, revision r) {
   json::writer w(out);
   w.begin_object().key("name").string(me.name).key("version").string(me.version);
   if (r >= revision::v2025_06_18 && !me.title.empty()) w.key("title").string(me.title);
   if (r >= revision::v2025_11_25) {
      if (!me.icons_json.empty() && me.icons_json != "[]") w.key("icons").raw(me.icons_json);
      if (!me.website_url.empty()) w.key("websiteUrl").string(me.website_url);
   }
   w.end_object();
}

/// `hears_changes`: the client has a stream on which a change can be told.
void append_capabilities(std::string& out, bool hears_changes) {
   json::writer w(out);
   w.begin_object().key("tools").begin_object();
   if (hears_changes) w.key("listChanged").boolean(true);
   w.end_object().key("logging").begin_object().end_object().end_object();
}

std::string make_initialize(const service_options& o, revision r) {
   std::string out = "{\"protocolVersion\":";
   json::append_string(out, name_of(r));
   out += ",\"capabilities\":";
   append_capabilities(out, o.has_sessions);
   out += ",\"serverInfo\":";
   append_implementation(out, o.me, r);
   if (!o.me.instructions.empty()) {
      out += ",\"instructions\":";
      json::append_string(out, o.me.instructions);
   }
   out += '}';
   return out;
}

void append_modern_revisions(std::string& out) {
   out += '[';
   for (std::size_t i = 0; i < revision_count; ++i) {
      if (!is_modern(static_cast<revision>(i))) continue;
      if (out.back() != '[') out += ',';
      json::append_string(out, revision_names[i]);
   }
   out += ']';
}

std::string make_discover(const service_options& o, std::string_view info_member) {
   std::string out = "{\"resultType\":\"complete\",\"supportedVersions\":";
   append_modern_revisions(out);
   out += ",\"capabilities\":";
   append_capabilities(out, true);
   if (!o.me.instructions.empty()) {
      out += ",\"instructions\":";
      json::append_string(out, o.me.instructions);
   }
   out += ",\"ttlMs\":";
   json::append_int(out, o.cache_ttl.count());
   out += o.lists_are_public ? ",\"cacheScope\":\"public\"" : ",\"cacheScope\":\"private\"";
   out += ",\"_meta\":{";
   out += info_member;
   out += "}}";
   return out;
}

bool is_same_list(const std::vector<tool_entry>& a, const std::vector<tool_entry>& b) {
   return std::ranges::equal(a, b, {}, &tool_entry::handle, &tool_entry::handle);
}

} // namespace

service::service(service_options o, tool_backend& backend)
    : options_(std::move(o)), backend_(backend),
      keys_(options_.session_key, options_.session_key_previous, options_.session_domain),
      sessions_(options_.sessions) {
   info_member_ = "\"io.modelcontextprotocol/serverInfo\":";
   append_implementation(info_member_, options_.me, newest_modern);
   discover_ = make_discover(options_, info_member_);
   for (std::size_t i = 0; i < revision_count; ++i) {
      const auto r = static_cast<revision>(i);
      if (!is_modern(r)) initialize_[i] = make_initialize(options_, r);
   }
   publish({});
}

service::~service() = default;

void service::publish(std::vector<tool_entry> tools) {
   auto next = std::make_shared<const catalogue>(
         std::move(tools), catalogue::options{.page_size = options_.page_size,
                                              .cache_ttl = options_.cache_ttl,
                                              .is_public = options_.lists_are_public &&
                                                           !options_.hide_forbidden_tools,
                                              .result_meta = "\"_meta\":{" + info_member_ + "}"});
   std::vector<std::weak_ptr<list_listener>> listeners;
   {
      const std::lock_guard lock(mutex_);
      const bool is_change = catalogue_ && !is_same_list(catalogue_->tools(), next->tools());
      catalogue_ = std::move(next);
      version_.fetch_add(1, std::memory_order_release);
      if (!is_change) return;
      listeners = listeners_;
   }
   for (const auto& l : listeners) {
      if (const auto alive = l.lock()) alive->on_tools_changed();
   }
   std::string notice;
   append_notification(notice, tools_list_changed, {});
   sessions_.for_each([&](session_state& s) { s.send_general(notice); });
}

std::shared_ptr<const catalogue> service::current() const {
   const std::lock_guard lock(mutex_);
   return catalogue_;
}

std::string service::unsupported_version_data(std::string_view requested) const {
   std::string out = "{\"supported\":";
   append_modern_revisions(out);
   out += ",\"requested\":";
   json::append_string(out, requested);
   out += '}';
   return out;
}

bool service::listen(std::weak_ptr<list_listener> l) {
   const std::lock_guard lock(mutex_);
   if (is_ending_) return false;
   if (listeners_.size() >= options_.max_listeners)
      std::erase_if(listeners_, [](const auto& w) { return w.expired(); });
   if (listeners_.size() >= options_.max_listeners) return false;
   listeners_.push_back(std::move(l));
   return true;
}

void service::shut_down() {
   std::vector<std::weak_ptr<list_listener>> listeners;
   {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      listeners.swap(listeners_);
   }
   for (const auto& l : listeners) {
      if (const auto alive = l.lock()) alive->on_shutdown();
   }
   sessions_.for_each([](session_state& s) { s.end_general_stream(); });
}

json::limits message_limits(std::size_t max_bytes) noexcept {
   return {.max_depth = 64, .max_bytes = max_bytes, .max_values = 1u << 20};
}

} // namespace fmcp::protocol
