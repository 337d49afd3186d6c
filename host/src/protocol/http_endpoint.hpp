#pragma once

/// The MCP endpoint over HTTP: both eras on one URL ("Streamable HTTP").
///
/// The body decides the era, per request (protocol reference, 2.2; the rows are named in the code):
///
///    guard (Host, Origin) → preflight → gate (who is it?) → GET, DELETE: legacy session
///      → POST: media type → JSON
///      → batch | response | initialize | claim: modern checks (2.3) | legacy session checks (5)
///      → method → may the caller? → answer now, or a call that runs
///
/// The gate may need to ask somebody: then the request waits, whole and unread, and comes back.
///
/// One object per thread; knows no socket. What must be remembered between the requests of one
/// connection hangs on the connection: the session id that was verified last, so that the same id
/// is compared and not verified again.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http.hpp"
#include "protocol/access_gate.hpp"
#include "protocol/http_answer.hpp"
#include "protocol/http_fields.hpp"
#include "protocol/http_guard.hpp"
#include "protocol/methods.hpp"
#include "protocol/service.hpp"
#include "json/document.hpp"

namespace fmcp::protocol {

/// Thread safety: none; everything on the thread of its connections.
class http_endpoint final : public core::http::handler {
public:
   struct options {
      http_guard::options guard;
      std::size_t max_body_bytes = 4u << 20;
      /// This thread's; outlives the endpoint. Null: everybody may do everything.
      access_gate* gate = nullptr;
   };
   http_endpoint(service& s, options o);
   ~http_endpoint() override;

   bool on_head(const core::http::request& rq, core::http::responder& out) override;
   void on_request(const core::http::request& rq, core::http::responder& out) override;

   /// About once a second: keep-alive of silent streams, streams for calls that last, the end of
   /// streams whose reader's token has expired. Those of calls go on until the call's end.
   void tick();

private:
   struct connection; // what hangs on a connection
   struct post;       // one POST on its way through the ladder
   struct listener;   // one `subscriptions/listen`
   class session_door;
   using request = core::http::request;
   using responder = core::http::responder;

   void refresh();
   void answer(const http_fields& f, responder& out, int status, std::string_view body);
   void refuse(const http_fields& f, responder& out, int status, std::string_view id, int code,
               std::string_view text, std::string_view data = {});
   void refuse_method(const http_fields& f, responder& out);
   bool admit(const request& rq, const http_fields& f, responder& out);
   [[nodiscard]] std::vector<core::http::field> cors_of(const http_fields& f) const;
   void serve(const request& rq, const http_fields& f, responder& out);

   void on_get(const request& rq, const http_fields& f, responder& out);
   std::shared_ptr<sse_stream> open_general(const http_fields& f, responder& out,
                                            const connection& c);
   void renew_general(const http_fields& f, responder& out, const connection& c,
                      std::shared_ptr<sse_stream> stream,
                      const std::shared_ptr<core::http::exchange>& exchange);
   void on_resume(const http_fields& f, responder& out, const connection& c);
   void on_delete(const request& rq, const http_fields& f, responder& out);
   /// The caller's live session that the request names. Null: it was refused.
   connection* find_session(const request& rq, const http_fields& f, responder& out,
                            std::string_view id);
   bool check_version(const http_fields& f, responder& out, std::string_view id);

   void on_post(post& p);
   void on_message(post& p, const message& m);
   void on_batch(post& p, const json::value& array);
   void on_response(post& p, const message& m);
   void on_initialize(post& p, const message& m);
   void on_legacy(post& p, const message& m, const request_meta& meta);
   void on_legacy_notification(const connection* c, const message& m);
   [[nodiscard]] caller legacy_caller(post& p, const connection* c) const;

   void on_modern(post& p, const message& m, const request_meta& meta);
   void on_listen(post& p, const message& m);
   bool check_headers(post& p, const message& m, const request_meta& meta);
   bool check_parameters(post& p, const message& m);

   void finish(post& p, const dispatched& d, std::string_view text);
   void refuse_haste(post& p, unsigned seconds, std::string_view text);
   void keep(post& p, std::vector<std::shared_ptr<call_task>> calls,
             std::vector<std::string> present, bool is_batch, const connection* c);

   service& service_;
   access_gate* const gate_;
   const std::size_t max_body_bytes_;
   std::uint64_t version_ = ~std::uint64_t{0};
   std::shared_ptr<const catalogue> catalogue_;
   std::shared_ptr<const http_guard> guard_;
   json::document body_;
   std::string text_, memory_;
   std::vector<core::http::field> answer_fields_;
   std::vector<std::weak_ptr<http_answer>> answers_;
   std::vector<std::weak_ptr<sse_stream>> streams_;
   std::vector<std::shared_ptr<listener>> listeners_;
   std::uint64_t last_keep_alive_ns_ = 0;
};

} // namespace fmcp::protocol
