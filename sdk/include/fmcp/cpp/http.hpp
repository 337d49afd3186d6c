/// fmcp/cpp/http.hpp - outbound HTTP, done by the host: service fmcp.http/1.
///
///    http_.fetch({"GET", "https://api.example.com/v1/me"}, [](const fmcp::http_response& r) {
///       if (!r.ok()) …
///    });
///
/// The manifest says .uses("fmcp.http/1") and names the origins with .reaches("https://…"); those of
/// url settings are allowed too. TLS is verified always, private addresses are refused unless a
/// setting names them.
#ifndef FMCP_CPP_HTTP_HPP
#define FMCP_CPP_HTTP_HPP

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/service.hpp"

namespace fmcp {
inline namespace v1 {

/// What to fetch. Zero: the host's default.
struct http_request {
   std::string method = "GET";
   std::string url = {};
   std::vector<std::pair<std::string, std::string>> headers = {};
   std::string body = {};
   std::chrono::milliseconds timeout{0}; ///< of the whole exchange
   uint32_t max_body = 0;                ///< bytes of the answer
   uint32_t max_redirects = 0;           ///< 0: none are followed
};

/// What came back.
struct http_response {
   fmcp_status status = FMCP_E_FAIL; ///< FMCP_OK, or why there was no answer
   int code = 0;                     ///< of HTTP, with FMCP_OK
   std::vector<std::pair<std::string, std::string>> headers = {}; ///< names in lower case
   std::string body = {};
   std::string final_url = {};
   std::string problem = {}; ///< without FMCP_OK: a sentence for the log

   /// 200 to 299.
   [[nodiscard]] bool ok() const noexcept { return status == FMCP_OK && code / 100 == 2; }
   /// The first of that name, in lower case; or empty.
   [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
      for (const auto& [n, value] : headers) {
         if (n == name) return value;
      }
      return {};
   }
};

/// Thread safety: any thread. Lives no longer than the plugin.
class http_client {
public:
   /// Errors: refused, the host has no such service.
   explicit http_client(const plugin& of) : host_(of, "fmcp.http/1") {
      if (host_.table().fetch == nullptr) {
         throw refused(FMCP_E_NOT_SUPPORTED, "The host's fmcp.http/1 lacks a function.");
      }
   }

   /// Calls `f(http_response)` on a thread of the host, once. Errors: refused, and `f` is gone. The
   /// handle is for cancel().
   template <class F>
   fmcp_op fetch(const http_request& rq, F f) const {
      std::vector<fmcp_http_header> fields;
      fields.reserve(rq.headers.size());
      for (const auto& [name, value] : rq.headers) {
         fields.push_back({detail::str(name), detail::str(value)});
      }
      fmcp_fetch c{};
      c.size = sizeof c;
      c.method = detail::str(rq.method);
      c.url = detail::str(rq.url);
      c.headers = {fields.data(), static_cast<uint32_t>(fields.size()), sizeof(fmcp_http_header)};
      c.body = detail::bytes(rq.body);
      const auto ms = rq.timeout.count();
      c.timeout_ms = ms <= 0 ? 0 : ms > 0xFFFFFFFFLL ? 0xFFFFFFFFu : static_cast<uint32_t>(ms);
      c.max_body = rq.max_body;
      c.max_redirects = rq.max_redirects;
      fmcp_op op = 0;
      host_.start("fetch", std::move(f), [&](void* user) noexcept {
         return host_.table().fetch(host_.context(), &c, done<F>, user, &op);
      });
      return op;
   }
   /// The function is then called with FMCP_E_GONE. Any handle is safe.
   void cancel(fmcp_op op) const noexcept {
      if (host_.table().cancel != nullptr) host_.table().cancel(host_.context(), op);
   }

private:
   template <class F>
   static void done(void* user, fmcp_status st, const fmcp_fetched* r, fmcp_str error) noexcept {
      detail::waiting<F>::finish(user, "A callback for a fetch failed:", [&] {
         http_response out;
         out.status = st == FMCP_OK && r == nullptr ? fmcp_status{FMCP_E_FAIL} : st;
         out.problem = std::string(detail::view(error));
         if (out.status == FMCP_OK) read(detail::copied(r), out);
         return out;
      });
   }
   static void read(const fmcp_fetched& from, http_response& to) {
      to.code = from.http_status;
      to.body = std::string(detail::view(from.body));
      to.final_url = std::string(detail::view(from.final_url));
      for (uint32_t i = 0; i < from.headers.count; ++i) {
         const auto h = detail::item_at<fmcp_http_header>(from.headers, i);
         to.headers.emplace_back(detail::view(h.name), detail::view(h.value));
      }
   }

   detail::service<fmcp_http> host_;
};

} // namespace v1
} // namespace fmcp
#endif
