/// The ladder of a POST: media type, JSON, batches, the legacy era (protocol reference, 2.2 and 5).

#include <utility>

#include "protocol/http_endpoint.hpp"
#include "protocol/http_parts.hpp"

namespace fmcp::protocol {
namespace {

/// A revision that only modern requests can speak.
bool names_modern(const http_fields& f) noexcept {
   const auto r = find_revision(f.version);
   return r && is_modern(*r);
}

} // namespace

void http_endpoint::on_post(post& p) {
   if (!p.f.is_json()) { // row 4
      return refuse(p.f, p.out, 415, {}, code::invalid_request,
                    "Content-Type must be application/json");
   }
   p.may_json = p.f.accepts_json();
   p.may_stream = p.f.accepts_stream();
   if (!p.may_json && !p.may_stream) {
      return refuse(p.f, p.out, 406, {}, code::invalid_request,
                    "Accept has to list application/json and text/event-stream");
   }
   if (service_.options().json_only && p.may_json) p.may_stream = false;
   const auto root = body_.parse_copy(p.rq.body, message_limits(max_body_bytes_));
   if (!root) // row 5
      return refuse(p.f, p.out, 400, {}, code::parse_error, "Parse error: " + root.error().message);
   if ((*root)->is(json::kind::array)) return on_batch(p, **root);
   const auto m = read_message(**root);
   if (m.what == message::kind::invalid) // row 8
      return refuse(p.f, p.out, 400, {}, code::invalid_request, m.fault);
   on_message(p, m);
}

void http_endpoint::on_message(post& p, const message& m) {
   if (m.what == message::kind::response) return on_response(p, m);
   const auto meta = read_meta(m.params);
   const bool is_claimed = meta.claim != nullptr;
   if (m.what == message::kind::notification && (is_claimed || names_modern(p.f))) { // row 15
      // Of its headers only one that contradicts the body matters (reference, 19).
      const bool is_same =
            !is_claimed || !p.f.has_version ||
            (meta.claim->is(json::kind::string) && meta.claim->string() == p.f.version);
      if (!is_same) return refuse(p.f, p.out, 400, {}, code::header_mismatch, version_mismatch);
      return answer(p.f, p.out, 202, {});
   }
   if (!is_claimed && m.what == message::kind::request) {
      if (m.method == "initialize") {
         if (names_modern(p.f)) { // row 10
            return refuse(p.f, p.out, 400, m.id, code::header_mismatch,
                          "MCP-Protocol-Version names a revision without initialize, and the body "
                          "has no _meta that says the same");
         }
         return on_initialize(p, m); // row 11
      }
      if (names_modern(p.f)) { // row 13
         return refuse(p.f, p.out, 400, m.id, code::invalid_params,
                       "params._meta has to hold io.modelcontextprotocol/protocolVersion and "
                       "io.modelcontextprotocol/clientCapabilities");
      }
   }
   if (is_claimed) return on_modern(p, m, meta); // row 12
   on_legacy(p, m, meta);                        // rows 14, 16
}

/// Row 9: an answer to a request of ours, which only the legacy era has.
void http_endpoint::on_response(post& p, const message&) {
   if (names_modern(p.f)) {
      return refuse(p.f, p.out, 400, {}, code::invalid_request,
                    "clients of this revision send no responses");
   }
   if (service_.options().has_sessions && find_session(p.rq, p.f, p.out, {}) == nullptr) return;
   if (!check_version(p.f, p.out, {})) return;
   answer(p.f, p.out, 202, {});
}

void http_endpoint::on_initialize(post& p, const message& m) {
   const auto& o = service_.options();
   const auto now_s = o.clock->unix_ms() / 1000;
   const auto principal = principal_digest(p.rq.caller != nullptr ? p.rq.caller->get() : nullptr);
   if (o.has_sessions && !p.f.session.empty()) {
      const auto open = service_.keys().verify(p.f.session, now_s);
      if (open && open->principal == principal && !service_.sessions().is_ended(*open)) {
         return refuse(p.f, p.out, 400, m.id, code::invalid_request,
                       "this session is initialized already");
      }
   }
   text_.clear();
   const auto asked = read_initialize(m, text_);
   if (!asked) return answer(p.f, p.out, 200, text_);
   answer_fields_.clear();
   if (!p.f.origin.empty()) guard_->add_cors(p.f.origin, answer_fields_);
   std::string token;
   if (o.has_sessions) {
      session_claims claims{.spoken = asked->spoken,
                            .can = asked->can,
                            .expires_unix_s = now_s + o.session_ttl.count(),
                            .principal = principal};
      token = service_.keys().mint(claims);
      answer_fields_.push_back({"Mcp-Session-Id", token});
   }
   begin_result(text_, m.id);
   text_ += service_.initialize_result(asked->spoken);
   text_ += '}';
   p.out.reply({.status = 200, .content_type = "application/json", .fields = answer_fields_},
               text_);
}

caller http_endpoint::legacy_caller(post& p, const connection* c) const {
   caller who;
   who.hears_notifications = p.may_stream;
   who.identity = p.rq.caller;
   who.gate = gate_;
   who.peer_address = p.rq.peer_address;
   if (c != nullptr) {
      who.spoken = c->claims.spoken;
      who.can = c->claims.can;
      who.session_digest = c->digest;
      who.client_capabilities_json = c->capabilities_json;
      who.sessions = &service_.sessions();
      who.session = &c->claims;
      return who;
   }
   // Without sessions the header is all there is to go on (5.5).
   const auto r = find_revision(p.f.version);
   who.spoken = r && !is_modern(*r) ? *r : revision::v2025_03_26;
   return who;
}

void http_endpoint::on_legacy(post& p, const message& m, const request_meta& meta) {
   const connection* c = nullptr;
   if (service_.options().has_sessions) {
      c = find_session(p.rq, p.f, p.out, m.id);
      if (c == nullptr) return;
   }
   if (!check_version(p.f, p.out, m.id)) return;
   if (m.what == message::kind::notification) {
      on_legacy_notification(c, m);
      return answer(p.f, p.out, 202, {});
   }
   session_door door(service_.sessions(), c);
   text_.clear();
   auto d = dispatch(service_, *catalogue_, m, meta, legacy_caller(p, c), &door, text_);
   if (d.call) return keep(p, {std::move(d.call)}, {}, false, c);
   finish(p, d, text_);
}

void http_endpoint::on_legacy_notification(const connection* c, const message& m) {
   if (c == nullptr || m.method != "notifications/cancelled" || m.params == nullptr) return;
   const auto* id = m.params->find("requestId");
   const auto state = id != nullptr ? service_.sessions().find(c->claims) : nullptr;
   if (!state) return;
   if (const auto call = state->find_call(id->raw())) call->cancel();
}

/// The answer is there: one JSON document, or for those who accept nothing else, a stream with it.
/// A rejection has its status and is never a stream (2.3).
void http_endpoint::finish(post& p, const dispatched& d, std::string_view text) {
   if (!d.needed_scopes.empty())
      return gate_->refuse_scopes(**p.rq.caller, d.needed_scopes, p.out, cors_of(p.f));
   if (d.seconds_to_wait != 0) return refuse_haste(p, d.seconds_to_wait, text);
   if (p.may_json || d.http_status != 200) return answer(p.f, p.out, d.http_status, text);
   answer_fields_.clear();
   if (!p.f.origin.empty()) guard_->add_cors(p.f.origin, answer_fields_);
   const auto stream = sse_stream::make({.max_queued_bytes = service_.options().max_stream_buffer});
   (void)stream->attach(p.out.keep(), answer_fields_, std::nullopt, nullptr);
   stream->send(text);
   stream->finish();
}

void http_endpoint::refuse_haste(post& p, unsigned seconds, std::string_view text) {
   const auto wait = std::to_string(seconds);
   auto fields = cors_of(p.f);
   fields.push_back({"Retry-After", wait});
   p.out.reply({.status = 429, .content_type = "application/json", .fields = fields}, text);
}

/// Section 5.6. Arrays are a thing of 2025-03-26; later revisions have abolished them.
void http_endpoint::on_batch(post& p, const json::value& array) {
   const char* fault = find_batch_fault(array); // row 6
   if (fault == nullptr && names_modern(p.f)) fault = "This revision has no batches.";
   if (fault != nullptr) return refuse(p.f, p.out, 400, {}, code::invalid_request, fault);
   const connection* c = nullptr;
   if (service_.options().has_sessions) {
      c = find_session(p.rq, p.f, p.out, {});
      if (c == nullptr) return;
   }
   if (!check_version(p.f, p.out, {})) return;
   const auto who = legacy_caller(p, c);
   if (who.spoken > revision::v2025_03_26) {
      return refuse(p.f, p.out, 400, {}, code::invalid_request,
                    "this revision has no batches: send one message per request");
   }
   session_door door(service_.sessions(), c);
   std::vector<std::string> present;
   std::vector<std::shared_ptr<call_task>> calls;
   for (const auto& element : array.items()) {
      const auto m = read_message(element);
      if (m.what == message::kind::response) continue;
      if (m.what == message::kind::notification) {
         on_legacy_notification(c, m);
         continue;
      }
      std::string text;
      if (m.what == message::kind::invalid) {
         append_error(text, {}, code::invalid_request, m.fault);
      } else if (m.method == "initialize") {
         append_error(text, m.id, code::invalid_request, "initialize cannot be part of a batch");
      } else {
         auto d = dispatch(service_, *catalogue_, m, read_meta(m.params), who, &door, text);
         if (d.call) {
            calls.push_back(std::move(d.call));
            continue;
         }
      }
      present.push_back(std::move(text));
   }
   if (!calls.empty()) return keep(p, std::move(calls), std::move(present), true, c);
   if (present.empty()) return answer(p.f, p.out, 202, {});
   std::string body = "[";
   for (const auto& r : present) {
      if (body.size() > 1) body += ',';
      body += r;
   }
   body += ']';
   finish(p, {}, body);
}

/// Calls run on: the connection waits for them.
///
/// Modern: a peer that goes has cancelled (4.4). Legacy: it has not (5.1); the calls go on, and
/// what they come to can be fetched if a stream with ids was begun.
void http_endpoint::keep(post& p, std::vector<std::shared_ptr<call_task>> calls,
                         std::vector<std::string> present, bool is_batch, const connection* c) {
   const auto& o = service_.options();
   http_answer::options how{.may_stream = p.may_stream,
                            .may_json = p.may_json,
                            .is_batch = is_batch,
                            .missing = calls.size(),
                            .present = std::move(present),
                            .max_queued_bytes = o.max_stream_buffer,
                            .origin = std::string(p.f.origin),
                            .guard = p.f.origin.empty() ? nullptr : guard_,
                            .begun_ns = o.clock->mono_ns()};
   if (c != nullptr) {
      how.resumable = [sessions = &service_.sessions(), claims = c->claims] {
         return sessions->need(claims);
      };
      how.is_primed = c->claims.spoken >= revision::v2025_11_25;
   }
   const auto answer = std::make_shared<http_answer>(p.out.keep(), std::move(how));
   if (p.is_modern) {
      std::vector<std::weak_ptr<running_call>> running;
      for (const auto& call : calls) running.push_back(call->running());
      answer->on_gone([running = std::move(running)] {
         for (const auto& weak : running) {
            if (const auto call = weak.lock()) call->cancel();
         }
      });
   }
   const auto state = c != nullptr ? service_.sessions().need(c->claims) : nullptr;
   for (const auto& call : calls) {
      std::function<void()> when_over;
      if (state && call->running() && state->add_call(call->id(), call->running()))
         when_over = [state, id = call->id(), running = call->running().get()] {
            state->remove_call(id, running);
         };
      call->connect(answer, std::move(when_over));
   }
   if (answers_.size() >= 1024 && answers_.size() == answers_.capacity())
      std::erase_if(answers_, [](const auto& weak) { return weak.expired(); });
   answers_.push_back(answer);
}

} // namespace fmcp::protocol
