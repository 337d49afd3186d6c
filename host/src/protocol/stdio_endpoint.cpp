#include "protocol/stdio_endpoint.hpp"

#include <utility>

#include <fmt/format.h>

#include "protocol/subscription.hpp"

namespace fmcp::protocol {
namespace {

constexpr std::size_t max_subscriptions = 64;

} // namespace

/// The way out, shared with everybody who may still write; and how many calls are running. Two
/// locks, since writing waits for a client that does not read, and counting must not.
struct stdio_endpoint::wire {
   explicit wire(writer w) : write(std::move(w)) {}

   void send(std::string_view line) {
      const std::lock_guard lock(write_mutex);
      if (write) write(line);
   }
   void begin() {
      const std::lock_guard lock(count_mutex);
      ++running;
   }
   void end() {
      const std::lock_guard lock(count_mutex);
      if (--running == 0) idle.notify_all();
   }

   std::mutex write_mutex, count_mutex;
   std::condition_variable idle;
   writer write;            // guarded by write_mutex
   std::size_t running = 0; // guarded by count_mutex
};

struct stdio_endpoint::reply final : reply_to {
   explicit reply(std::shared_ptr<wire> w) : wire_(std::move(w)) {}
   void respond(std::string message, int) override {
      if (!message.empty()) wire_->send(message);
   }
   void notify(std::string message, bool) override { wire_->send(message); }

private:
   const std::shared_ptr<wire> wire_;
};

/// The answers to one array: written as one array when the last of them is there.
struct stdio_endpoint::batch final : reply_to {
   explicit batch(std::shared_ptr<wire> w) : wire_(std::move(w)) {}
   void expect() {
      const std::lock_guard lock(mutex_);
      ++missing_;
   }
   void respond(std::string message, int) override {
      const std::lock_guard lock(mutex_);
      if (!message.empty()) text_ += (text_.empty() ? "" : ",") + message;
      if (--missing_ == 0 && !text_.empty()) wire_->send("[" + text_ + "]");
   }
   void notify(std::string message, bool) override { wire_->send(message); }

private:
   const std::shared_ptr<wire> wire_;
   std::mutex mutex_;
   std::string text_;        // guarded by mutex_
   std::size_t missing_ = 0; // guarded by mutex_
};

struct stdio_endpoint::listener final : subscriber {
   listener(std::shared_ptr<wire> w, std::string_view id, const subscription& what,
            const service& s)
       : subscriber(id, what, s), wire_(std::move(w)) {}

private:
   void send(std::string_view message) override { wire_->send(message); }
   /// Sections 13 and 19: both the notification and the result.
   void close(std::string_view result) override {
      std::string text;
      append_notification(text, "notifications/cancelled",
                          fmt::format(R"({{"requestId":{},"reason":"the server ends"}})", id()));
      wire_->send(text);
      wire_->send(result);
   }
   const std::shared_ptr<wire> wire_;
};

/// The legacy era is told unasked, and hears no goodbye.
struct stdio_endpoint::legacy_listener final : list_listener {
   explicit legacy_listener(std::shared_ptr<wire> w) : wire_(std::move(w)) {}
   void on_tools_changed() noexcept override {
      std::string text;
      append_notification(text, tools_list_changed, {});
      wire_->send(text);
   }
   void on_shutdown() noexcept override {}

private:
   const std::shared_ptr<wire> wire_;
};

class stdio_endpoint::door final : public session_access {
public:
   explicit door(const std::shared_ptr<session_state>& s) noexcept : state_(s) {}
   std::shared_ptr<session_state> find() override { return state_; }
   std::shared_ptr<session_state> need() override { return state_; }

private:
   const std::shared_ptr<session_state>& state_;
};

stdio_endpoint::stdio_endpoint(service& s, std::size_t max_line_bytes, writer write)
    : service_(s), max_line_bytes_(max_line_bytes), wire_(std::make_shared<wire>(std::move(write))),
      version_(s.version()), catalogue_(s.current()),
      state_(std::make_shared<session_state>(0, 0)) {}

stdio_endpoint::~stdio_endpoint() {
   state_->close();
   const std::lock_guard lock(wire_->write_mutex);
   wire_->write = nullptr;
}

void stdio_endpoint::refuse(std::string_view id, int code, std::string_view text,
                            std::string_view data) {
   text_.clear();
   append_error(text_, id, code, text, data);
   emit(text_);
}

void stdio_endpoint::emit(std::string_view message) {
   if (!batch_) return wire_->send(message);
   batch_->expect();
   batch_->respond(std::string(message), 200);
}

void stdio_endpoint::on_long_line() {
   refuse({}, code::invalid_request,
          fmt::format("a message of more than {} bytes was skipped", max_line_bytes_));
}

void stdio_endpoint::on_line(std::string_view line) {
   if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
   if (const auto v = service_.version(); v != version_) {
      version_ = v;
      catalogue_ = service_.current();
   }
   const auto root = line_.parse_copy(line, message_limits(max_line_bytes_));
   if (!root) return refuse({}, code::parse_error, "Parse error: " + root.error().message);
   (*root)->is(json::kind::array) ? on_batch(**root) : on_message(**root);
}

void stdio_endpoint::on_message(const json::value& v) {
   const auto m = read_message(v);
   switch (m.what) {
   case message::kind::invalid:
      // The id of what may be a broken response is one of ours: with it in an answer, the client
      // would take the error for the response to a request of its own.
      return refuse(m.method.empty() ? std::string_view() : m.id, code::invalid_request, m.fault);
   case message::kind::response: return; // to a request of ours that nobody waits for
   case message::kind::notification: return on_notification(m);
   case message::kind::request: return on_request(m, read_meta(m.params));
   }
}

void stdio_endpoint::on_request(const message& m, const request_meta& meta) {
   // Before initialize the keys of the modern era make a request modern, though one is missing.
   const bool has_modern_keys = meta.client_capabilities != nullptr ||
                                meta.client_info != nullptr || meta.log_level != nullptr;
   if (meta.claim != nullptr || (has_modern_keys && !is_initialized_)) return on_modern(m, meta);
   if (m.method == "initialize") return on_initialize(m);
   on_legacy(m, meta);
}

void stdio_endpoint::on_modern(const message& m, const request_meta& meta) {
   if (const char* fault = find_meta_fault(meta)) return refuse(m.id, code::invalid_params, fault);
   const auto version = meta.claim->string();
   const auto r = find_revision(version);
   if (!r || !is_modern(*r)) {
      return refuse(m.id, code::unsupported_version, "Unsupported protocol version",
                    service_.unsupported_version_data(version.substr(0, 64)));
   }
   if (m.method == "subscriptions/listen") return on_listen(m);
   caller who;
   who.spoken = *r;
   who.can = read_capabilities(meta.client_capabilities);
   who.client_capabilities_json = meta.client_capabilities->raw();
   if (meta.client_info != nullptr) who.client_info_json = meta.client_info->raw();
   if (meta.log_level != nullptr) who.log_from = find_log_level(meta.log_level->string());
   text_.clear();
   run(dispatch(service_, *catalogue_, m, meta, who, nullptr, text_));
}

caller stdio_endpoint::legacy_caller() const {
   caller who;
   who.spoken = spoken_;
   who.can = can_;
   who.client_info_json = client_info_;
   who.client_capabilities_json = client_capabilities_;
   who.state = state_;
   return who;
}

void stdio_endpoint::on_legacy(const message& m, const request_meta& meta) {
   if (!is_initialized_ && m.method != "ping") {
      return refuse(m.id, code::invalid_request,
                    "the server is not initialized: send initialize first");
   }
   door session(state_);
   text_.clear();
   run(dispatch(service_, *catalogue_, m, meta, legacy_caller(), &session, text_));
}

void stdio_endpoint::on_initialize(const message& m) {
   if (is_initialized_)
      return refuse(m.id, code::invalid_request, "the server is initialized already");
   text_.clear();
   const auto asked = read_initialize(m, text_);
   if (!asked) return emit(text_);
   is_initialized_ = true;
   spoken_ = asked->spoken;
   can_ = asked->can;
   client_info_ = asked->client_info->raw();
   client_capabilities_ = asked->capabilities->raw();
   begin_result(text_, m.id);
   text_ += service_.initialize_result(spoken_);
   text_ += '}';
   emit(text_);
   legacy_listener_ = std::make_shared<legacy_listener>(wire_);
   (void)service_.listen(legacy_listener_);
}

/// Arrays are a thing of 2025-03-26.
void stdio_endpoint::on_batch(const json::value& array) {
   const char* fault = find_batch_fault(array);
   if (fault == nullptr && (!is_initialized_ || spoken_ > revision::v2025_03_26))
      fault = "batches exist in revision 2025-03-26 only: send one message per line";
   if (fault != nullptr) return refuse({}, code::invalid_request, fault);
   batch_ = std::make_shared<batch>(wire_);
   batch_->expect(); // the end of the array, so that nothing is written before
   for (const auto& v : array.items()) on_message(v);
   std::exchange(batch_, nullptr)->respond({}, 200);
}

void stdio_endpoint::on_notification(const message& m) {
   if (m.method != "notifications/cancelled" || m.params == nullptr) return;
   const auto* id = m.params->find("requestId");
   if (id == nullptr) return;
   if (const auto open = listeners_.find(id->raw()); open != listeners_.end()) {
      open->second->end();
      listeners_.erase(open);
      return;
   }
   if (const auto call = state_->find_call(id->raw())) call->cancel();
}

void stdio_endpoint::on_listen(const message& m) {
   text_.clear();
   const auto asked = read_listen(m, text_);
   if (!asked) return emit(text_);
   if (listeners_.contains(m.id)) {
      return refuse(m.id, code::invalid_request,
                    "a subscription with this id is open: use an id once");
   }
   const auto l = std::make_shared<listener>(wire_, m.id, *asked, service_);
   if (listeners_.size() >= max_subscriptions || !service_.listen(l))
      return refuse(m.id, code::internal_error, "too many subscriptions are open");
   listeners_.emplace(m.id, l);
   l->acknowledge();
}

void stdio_endpoint::run(dispatched d) {
   if (!d.call) return emit(text_);
   std::shared_ptr<reply_to> to = batch_;
   batch_ ? batch_->expect() : void(to = std::make_shared<reply>(wire_));
   wire_->begin();
   const bool is_known = d.call->running() && state_->add_call(d.call->id(), d.call->running());
   d.call->connect(std::move(to), [wire = wire_, state = state_, id = d.call->id(),
                                   running = d.call->running().get(), is_known] {
      if (is_known) state->remove_call(id, running);
      wire->end();
   });
}

bool stdio_endpoint::wait_for_calls(std::chrono::milliseconds patience) {
   std::unique_lock lock(wire_->count_mutex);
   return wire_->idle.wait_for(lock, patience, [this] { return wire_->running == 0; });
}

} // namespace fmcp::protocol
