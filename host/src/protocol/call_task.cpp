#include "protocol/call_task.hpp"

#include <utility>

#include "core/log.hpp"
#include "core/utf8.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

/// The call that is inside `start` on this thread. What it hears on this thread is inline; a nested
/// start (a tool that completes another call of its own) puts itself in front.
thread_local call_task* starting = nullptr;

/// Notifications that wait for the transport, or for the thread that hands them over; more are
/// dropped.
constexpr std::size_t max_waiting = 256;

encoder& working_memory() {
   thread_local encoder memory;
   return memory;
}

/// Copies views into one string, in the order in which they are put.
class packer {
public:
   explicit packer(std::string& memory) : memory_(memory) {}
   void reserve(std::initializer_list<std::string_view> all) {
      std::size_t n = 0;
      for (const auto v : all) n += v.size();
      memory_.reserve(n); // no view may move afterwards
   }
   std::string_view put(std::string_view v) {
      const std::size_t at = memory_.size();
      memory_ += v;
      return {memory_.data() + at, v.size()};
   }

private:
   std::string& memory_;
};

} // namespace

std::shared_ptr<call_task> call_task::make(const tool_entry& tool, std::string_view id,
                                           std::string_view arguments_json,
                                           const request_meta& meta, const caller& who,
                                           std::string_view server_info_member, bool mask_errors) {
   auto t = std::make_shared<call_task>();
   t->tool_ = tool;
   t->id_ = id;
   const std::string_view meta_json = meta.object != nullptr ? meta.object->raw() : "";
   packer pack(t->memory_);
   pack.reserve({arguments_json, meta_json, who.session_digest, who.client_info_json,
                 who.client_capabilities_json, meta.traceparent});
   auto& in = t->input_;
   in.arguments_json = pack.put(arguments_json);
   in.meta_json = pack.put(meta_json);
   in.session_id = pack.put(who.session_digest);
   in.client_info_json = pack.put(who.client_info_json);
   in.client_capabilities_json = pack.put(who.client_capabilities_json);
   in.traceparent = pack.put(meta.traceparent);
   in.protocol_version = name_of(who.spoken);
   t->lent_identity_ = who.identity;
   if (who.identity != nullptr) in.principal = who.identity->get();
   in.can_elicit = who.can.elicitation_form;
   in.can_elicit_url = who.can.elicitation_url;
   in.can_sample = who.can.sampling;
   in.can_list_roots = who.can.roots;
   if (meta.progress_token != nullptr && who.hears_notifications) {
      t->progress_token_ = meta.progress_token->raw();
      in.wants_progress = true;
   }
   t->spoken_ = who.spoken;
   t->log_from_ = who.log_from;
   if (who.session != nullptr) {
      t->sessions_ = who.sessions;
      t->session_ = *who.session;
   }
   t->state_ = who.state;
   t->server_info_member_ = server_info_member;
   t->mask_errors_ = mask_errors;
   t->hears_notifications_ = who.hears_notifications;
   return t;
}

call_task::answer call_task::start(tool_backend& backend, std::string& out) {
   inline_out_ = &out;
   call_task* const outer = std::exchange(starting, this);
   running_ = backend.start(tool_, input_, shared_from_this());
   starting = outer;
   inline_out_ = nullptr;
   // Until here whoever handles the request has held it for us. A count that all the threads which
   // serve one client share is better not touched by calls that are over.
   if (!inline_answer_.is_complete && lent_identity_ != nullptr) identity_ = *lent_identity_;
   lent_identity_ = nullptr;
   return inline_answer_;
}

void call_task::connect(std::shared_ptr<reply_to> to, std::function<void()> when_over) {
   {
      const std::lock_guard lock(mutex_);
      to_ = std::move(to);
      when_over_ = std::move(when_over);
      if (waiting_.empty()) return;
   }
   deliver({});
}

result_rules call_task::rules() const noexcept {
   return {.spoken = spoken_,
           .tool = tool_.definition.get(),
           .server_info_member = server_info_member_,
           .mask_error_details = mask_errors_};
}

void call_task::note_complaint(const encoded& e) const {
   if (!e.complaint.empty()) {
      core::log::warn("protocol", "bad result {} {}",
                      core::log::kv("tool", tool_.definition->name()),
                      core::log::kv("reason", e.complaint));
   }
}

/// Hands messages over in order, one thread at a time and without the lock; an empty item only
/// looks after what waits.
void call_task::deliver(item i) {
   std::unique_lock lock(mutex_);
   if (!i.message.empty() || i.is_response) {
      if (!i.is_response && waiting_.size() >= max_waiting) return;
      waiting_.push_back(std::move(i));
   }
   if (!to_ || is_delivering_) return;
   is_delivering_ = true;
   while (!waiting_.empty()) {
      auto batch = std::exchange(waiting_, {});
      const auto to = to_;
      lock.unlock();
      bool is_over = false;
      for (auto& m : batch) {
         if (m.is_response) {
            to->respond(std::move(m.message), m.http_status);
            is_over = true;
         } else {
            to->notify(std::move(m.message), m.is_progress);
         }
      }
      lock.lock();
      if (is_over) {
         const auto when_over = std::exchange(when_over_, nullptr);
         lock.unlock();
         if (when_over) when_over();
         lock.lock();
         to_.reset(); // it may hold us
         break;
      }
   }
   is_delivering_ = false;
}

template <class Encode>
void call_task::answer_with(Encode&& encode) noexcept {
   if (starting == this && !has_notified_) {
      const encoded e = encode(*inline_out_);
      note_complaint(e);
      inline_answer_ = {.is_complete = true, .http_status = e.http_status};
      return;
   }
   item i{.message = {}, .is_response = true};
   const encoded e = encode(i.message);
   note_complaint(e);
   i.http_status = e.http_status;
   deliver(std::move(i));
}

void call_task::on_result(const tool_result& r) noexcept {
   answer_with([&](std::string& out) {
      return append_call_result(out, id_, r, rules(), working_memory());
   });
}

void call_task::on_failure(call_failure why, std::string_view why_text) noexcept {
   if (why == call_failure::cancelled) {
      // Nobody waits for an answer any more (reference 8.5).
      deliver({.message = {}, .is_response = true});
      return;
   }
   answer_with(
         [&](std::string& out) { return append_call_failure(out, id_, why, why_text, rules()); });
}

void call_task::on_progress(double done, double total, std::string_view message) noexcept {
   if (progress_token_.empty()) return;
   if (last_progress_ && done <= *last_progress_) return; // it has to rise (reference 8.4)
   last_progress_ = done;
   std::string params = "{\"progressToken\":";
   params += progress_token_;
   params += ",\"progress\":";
   json::append_double(params, done);
   if (total > 0) {
      params += ",\"total\":";
      json::append_double(params, total);
   }
   if (!message.empty() && spoken_ >= revision::v2025_03_26) {
      params += ",\"message\":";
      json::append_string(params, message);
   }
   params += '}';
   has_notified_ = true;
   item i{.message = {}, .is_progress = true};
   append_notification(i.message, "notifications/progress", params);
   deliver(std::move(i));
}

bool call_task::is_heard(log_level level) const {
   if (is_modern(spoken_)) return log_from_ && level >= *log_from_;
   const auto state = state_ || sessions_ == nullptr ? state_ : sessions_->find(session_);
   const auto from = state ? state->level() : log_level::info;
   return level >= from;
}

void call_task::on_log(log_level level, std::string_view logger,
                       std::string_view data_json) noexcept {
   if (!hears_notifications_ || !is_heard(level)) return;
   std::string params = "{\"level\":";
   json::append_string(params, name_of(level));
   if (!logger.empty()) {
      params += ",\"logger\":";
      json::append_string(params, logger);
   }
   params += ",\"data\":";
   params += data_json;
   params += '}';
   has_notified_ = true;
   item i;
   append_notification(i.message, "notifications/message", params);
   deliver(std::move(i));
}

} // namespace fmcp::protocol
