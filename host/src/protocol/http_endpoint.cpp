#include "protocol/http_endpoint.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/text.hpp"
#include "protocol/http_parts.hpp"

namespace fmcp::protocol {

using core::http::field;
using core::http::method;

http_endpoint::http_endpoint(service& s, options o)
    : service_(s), gate_(o.gate), max_body_bytes_(o.max_body_bytes),
      guard_(std::make_shared<const http_guard>(std::move(o.guard))) {
   refresh();
}

http_endpoint::~http_endpoint() = default;

/// Takes the tools that are current, when they have changed. One load otherwise.
void http_endpoint::refresh() {
   const auto version = service_.version();
   if (version == version_) return;
   version_ = version;
   catalogue_ = service_.current();
   std::vector<std::string> headers;
   for (const auto& t : catalogue_->tools()) {
      for (const auto& h : t.definition->headers()) headers.push_back(h.header);
   }
   guard_ = std::make_shared<const http_guard>(guard_->with_parameter_headers(std::move(headers)));
}

void http_endpoint::answer(const http_fields& f, responder& out, int status,
                           std::string_view body) {
   answer_fields_.clear();
   if (!f.origin.empty()) guard_->add_cors(f.origin, answer_fields_);
   out.reply({.status = status,
              .content_type = body.empty() ? "" : "application/json",
              .fields = answer_fields_},
             body);
}

void http_endpoint::refuse(const http_fields& f, responder& out, int status, std::string_view id,
                           int code, std::string_view text, std::string_view data) {
   text_.clear();
   append_error(text_, id, code, text, data);
   answer(f, out, status, text_);
}

void http_endpoint::refuse_method(const http_fields& f, responder& out) {
   answer_fields_.clear();
   if (!f.origin.empty()) guard_->add_cors(f.origin, answer_fields_);
   answer_fields_.push_back({"Allow", service_.options().has_sessions ? "POST, GET, DELETE, OPTIONS"
                                                                      : "POST, OPTIONS"});
   text_.clear();
   append_error(text_, {}, code::invalid_request,
                "this method is not allowed here; MCP requests are sent by POST");
   out.reply({.status = 405, .content_type = "application/json", .fields = answer_fields_}, text_);
}

/// Section 6: Host and Origin, independently of each other, on every method.
bool http_endpoint::admit(const request& rq, const http_fields& f, responder& out) {
   const auto verdict = guard_->check(rq);
   if (verdict == http_guard::verdict::pass) return true;
   const bool is_host = verdict == http_guard::verdict::foreign_host;
   text_.clear();
   append_error(text_, {}, code::invalid_request,
                is_host
                      ? "this server is not known under the Host of the request; the operator can "
                        "allow it with FASTMCP_HTTP_ALLOWED_HOSTS"
                      : "requests from this Origin are not allowed; the operator can allow it with "
                        "FASTMCP_HTTP_ALLOWED_ORIGINS");
   // No CORS fields: a foreign page may not read even this.
   (void)f;
   out.reply({.status = is_host ? 421 : 403, .content_type = "application/json", .fields = {}},
             text_);
   return false;
}

bool http_endpoint::on_head(const request& rq, responder& out) {
   refresh();
   const http_fields f(rq);
   if (!admit(rq, f, out)) return false;
   if (gate_ != nullptr && rq.verb != method::options) {
      using enum access_gate::outcome;
      const auto what = gate_->look(rq, out, cors_of(f)).what;
      if (what != pass && what != unknown) return false;
   }
   if (rq.verb == method::post && !f.is_json()) {
      refuse(f, out, 415, {}, code::invalid_request, "Content-Type must be application/json");
      return false;
   }
   return true;
}

void http_endpoint::on_request(const request& rq, responder& out) {
   refresh();
   const http_fields f(rq);
   if (!admit(rq, f, out)) return;
   if (rq.verb == method::options) return guard_->preflight(rq, out); // row 1
   if (gate_ == nullptr) return serve(rq, f, out);
   const auto found = gate_->check(rq, out, cors_of(f), [this](const request& same, responder& to) {
      refresh();
      serve(same, http_fields(same), to);
   });
   if (found.what != access_gate::outcome::pass) return;
   request known = rq;
   known.caller = found.who;
   serve(known, f, out);
}

/// In memory of its own: another request may be resumed while the gate looks at this one.
std::vector<field> http_endpoint::cors_of(const http_fields& f) const {
   std::vector<field> out;
   guard_->add_cors(f.origin, out);
   return out;
}

/// The gate, where there is one, has let the request in.
void http_endpoint::serve(const request& rq, const http_fields& f, responder& out) {
   if (gate_ != nullptr && (rq.caller == nullptr || *rq.caller == nullptr)) {
      core::log::error("protocol", "the bearer gate let somebody in without saying who");
      return refuse(f, out, 500, {}, code::internal_error, "The request could not be handled.");
   }
   switch (rq.verb) {
   case method::get: return on_get(rq, f, out); // row 2
   case method::del: return on_delete(rq, f, out);
   case method::post: break;
   default: return refuse_method(f, out); // row 3
   }
   post p{.rq = rq, .f = f, .out = out};
   on_post(p);
}

/// Section 5.2. The token says all that is needed; only whether it was ended has to be looked up,
/// and only when some session has ended since it was looked up last. Another principal's session is
/// as good as none (section 16).
http_endpoint::connection* http_endpoint::find_session(const request& rq, const http_fields& f,
                                                       responder& out, std::string_view id) {
   if (f.session.empty()) {
      refuse(f, out, 400, id, code::bad_session,
             "this request needs the Mcp-Session-Id that initialize was answered with");
      return nullptr;
   }
   if (f.has_two_sessions) {
      refuse(f, out, 400, id, code::bad_session,
             "Mcp-Session-Id was sent twice with different values");
      return nullptr;
   }
   auto& slot = out.attachment();
   auto* c = static_cast<connection*>(slot.get());
   const auto now_s = service_.options().clock->unix_ms() / 1000;
   const auto epoch = service_.sessions().epoch();
   const auto* who = rq.caller != nullptr ? rq.caller->get() : nullptr;
   if (c == nullptr || c->token != f.session || c->epoch != epoch || c->who.get() != who ||
       c->claims.expires_unix_s <= now_s) {
      const auto claims = service_.keys().verify(f.session, now_s);
      if (!claims || claims->principal != principal_digest(who) ||
          service_.sessions().is_ended(*claims)) {
         refuse(f, out, 404, id, code::session_not_found,
                "the session is unknown or has ended; initialize a new one");
         return nullptr;
      }
      auto fresh = std::make_shared<connection>();
      fresh->token = f.session;
      if (rq.caller != nullptr) fresh->who = *rq.caller;
      fresh->claims = *claims;
      fresh->epoch = epoch;
      fresh->digest = service_.keys().digest(*claims);
      append_capabilities(fresh->capabilities_json, claims->can);
      c = fresh.get();
      slot = std::move(fresh);
   }
   // Most requests need nothing of the session's state, and yet they keep it from being idle.
   if (c->noted_s != now_s) {
      c->noted_s = now_s;
      (void)service_.sessions().find(c->claims);
   }
   return c;
}

/// Section 5.5: any revision that is served here is fine, also another one than was negotiated.
bool http_endpoint::check_version(const http_fields& f, responder& out, std::string_view id) {
   if (!f.has_version || find_revision(f.version)) return true;
   refuse(f, out, 400, id, code::bad_session,
          "MCP-Protocol-Version names no revision that is served here",
          service_.unsupported_version_data(f.version.substr(0, 64)));
   return false;
}

void http_endpoint::on_get(const request& rq, const http_fields& f, responder& out) {
   if (!service_.options().has_sessions) return refuse_method(f, out);
   if (f.accept.empty() || !f.accepts_stream()) {
      return refuse(f, out, 406, {}, code::bad_session,
                    "a GET opens an event stream: Accept has to list text/event-stream");
   }
   auto* c = find_session(rq, f, out, {});
   if (c == nullptr || !check_version(f, out, {})) return;
   if (f.has_last_event) return on_resume(f, out, *c);
   (void)open_general(f, out, *c);
}

/// The session's own stream; null: it was refused.
std::shared_ptr<sse_stream> http_endpoint::open_general(const http_fields& f, responder& out,
                                                        const connection& c) {
   const auto state = service_.sessions().need(c.claims);
   const bool is_primed = c.claims.spoken >= revision::v2025_11_25;
   auto stream = sse_stream::make({.log = state->log(),
                                   .is_general = true,
                                   .max_queued_bytes = service_.options().max_stream_buffer,
                                   .is_primed = is_primed,
                                   .retry_ms = is_primed ? 1000u : 0u});
   if (!state->set_general_stream(stream)) {
      refuse(f, out, 409, {}, code::bad_session,
             "this session has an open GET stream already; only one at a time");
      return nullptr;
   }
   answer_fields_.clear();
   if (!f.origin.empty()) guard_->add_cors(f.origin, answer_fields_);
   (void)stream->attach(out.keep(), answer_fields_, std::nullopt, nullptr, expiry_of(&c.who));
   streams_.push_back(stream);
   if (service_.is_ending()) stream->finish();
   return stream;
}

/// Section 5.4: only what the stream of that event has missed, then what follows on it.
void http_endpoint::on_resume(const http_fields& f, responder& out, const connection& c) {
   const auto position = event_log::read(f.last_event);
   const auto state = position ? service_.sessions().find(c.claims) : nullptr;
   const auto stream = state ? state->find_stream(position->stream) : nullptr;
   answer_fields_.clear();
   if (!f.origin.empty()) guard_->add_cors(f.origin, answer_fields_);
   const auto exchange = stream ? out.keep() : nullptr;
   // A call's stream is there for its answer, however long that takes.
   const auto expiry = position && event_log::is_general(*position) ? expiry_of(&c.who) : 0;
   if (stream && stream->attach(exchange, answer_fields_, position, nullptr, expiry)) {
      streams_.push_back(stream);
      return;
   }
   if (position && event_log::is_general(*position))
      return renew_general(f, out, c, stream, exchange);
   text_.clear();
   append_error(text_, {}, code::bad_session,
                "the events behind this Last-Event-ID are not kept any more; open a new stream");
   const core::http::response_head head{
         .status = 400, .content_type = "application/json", .fields = answer_fields_};
   exchange ? exchange->reply(head, text_) : out.reply(head, text_);
}

/// The session's own stream outlives its events (a restart, another replica, a full log): all that
/// can have been missed on it is that lists have changed, and that can be said again.
void http_endpoint::renew_general(const http_fields& f, responder& out, const connection& c,
                                  std::shared_ptr<sse_stream> stream,
                                  const std::shared_ptr<core::http::exchange>& exchange) {
   if (stream) {
      (void)stream->attach(exchange, answer_fields_, std::nullopt, nullptr, // no place: no gap
                           expiry_of(&c.who));
      streams_.push_back(stream);
   } else {
      stream = open_general(f, out, c);
   }
   if (!stream) return;
   text_.clear();
   append_notification(text_, tools_list_changed, {});
   (void)stream->send(text_);
}

void http_endpoint::on_delete(const request& rq, const http_fields& f, responder& out) {
   if (!service_.options().has_sessions) return refuse_method(f, out);
   const auto* c = find_session(rq, f, out, {});
   if (c == nullptr || !check_version(f, out, {})) return;
   service_.sessions().end(c->claims);
   answer(f, out, 204, {});
}

void http_endpoint::tick() {
   const auto now = service_.options().clock->mono_ns();
   const auto& o = service_.options();
   const auto pause = static_cast<std::uint64_t>(std::chrono::nanoseconds(o.keep_alive).count());
   const auto now_ms = o.clock->unix_ms();
   const bool keep_alive = pause != 0 && now - last_keep_alive_ns_ >= pause;
   if (keep_alive) last_keep_alive_ns_ = now;
   std::erase_if(answers_, [&](const auto& weak) {
      const auto a = weak.lock();
      if (a) a->tick(now, o.stream_after, keep_alive);
      return !a || a->is_over();
   });
   for (const auto& l : listeners_) {
      if (l->expires_unix_ms != 0 && l->expires_unix_ms <= now_ms) l->on_shutdown();
   }
   std::erase_if(streams_, [&](const auto& weak) {
      const auto s = weak.lock();
      if (s) s->end_expired(now_ms);
      if (s && keep_alive) s->keep_alive();
      return !s || !s->is_connected();
   });
   std::erase_if(listeners_, [](const auto& l) { return !l->stream->is_connected(); });
}

} // namespace fmcp::protocol
