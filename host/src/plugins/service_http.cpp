/// Service `fmcp.http/1`: outbound HTTP over the host's fetcher. The fetcher judges addresses and
/// redirects; here is judged what can be known of the request alone.

#include <algorithm>
#include <exception>
#include <utility>

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "plugins/origins.hpp"
#include "plugins/service_parts.hpp"

namespace fmcp::plugins {
namespace {

using core::http::fetch_reply;
using core::http::fetch_request;

constexpr std::uint64_t max_url = 8192, max_name = 128, max_value = 16u << 10;
constexpr std::uint32_t max_headers = 64;
constexpr std::uint64_t max_sent = 1u << 20;
constexpr std::size_t default_answer = 64u << 10;
constexpr std::size_t max_answer = 16u << 20;
constexpr std::chrono::milliseconds default_time{10'000}, longest_time{60'000};
constexpr std::uint32_t max_redirects = 5;

/// Fields that frame the message or name its addressee: the fetcher writes them itself.
bool is_of_connection(std::string_view name) {
   constexpr std::string_view reserved[] = {
         "host", "content-length",   "connection", "upgrade", "transfer-encoding",  "keep-alive",
         "te",   "proxy-connection", "trailer",    "expect",  "proxy-authorization"};
   return std::ranges::any_of(reserved, [&](auto r) { return core::iequals(r, name); });
}

bool copy_headers(const fmcp_list& list, fetch_request& to) {
   if (!is_sane_list(list, sizeof(fmcp_http_header), max_headers)) return false;
   for (std::uint32_t i = 0; i < list.count; ++i) {
      fmcp_http_header h{};
      std::memcpy(&h, element(list, i), sizeof h);
      const auto name = view(h.name, max_name), value = view(h.value, max_value);
      // A line break in a value would begin a field of somebody else's choice.
      const bool is_plain =
            name && value && std::ranges::all_of(*value, [](char c) {
               return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
            });
      if (!is_plain || !core::is_token(*name) || is_of_connection(*name)) return false;
      to.headers.emplace_back(*name, *value);
   }
   return true;
}

/// FMCP_OK, FMCP_E_INVALID or FMCP_E_DENIED.
fmcp_status copy_request(const fmcp_fetch& from, const grants& of, fetch_request& to) {
   const auto method = view(from.method, 32), url = view(from.url, max_url);
   const auto body = view_bytes(from.body, max_sent);
   if (!method || !url || !body || from.flags != 0) return FMCP_E_INVALID;
   if (!method->empty()) to.method = *method;
   if (!core::is_token(to.method) || to.method == "CONNECT" || !copy_headers(from.headers, to)) {
      return FMCP_E_INVALID;
   }
   const auto origin = origin_of(*url);
   if (!origin || url->find('#') != std::string_view::npos) return FMCP_E_INVALID;
   if (std::ranges::find(of.reach->origins, *origin) == of.reach->origins.end()) {
      return FMCP_E_DENIED;
   }
   to.url = *url;
   to.body = *body;
   to.timeout = from.timeout_ms == 0
                      ? default_time
                      : std::min(std::chrono::milliseconds(from.timeout_ms), longest_time);
   to.max_body =
         from.max_body == 0 ? default_answer : std::min<std::size_t>(from.max_body, max_answer);
   to.max_redirects = std::min(from.max_redirects, max_redirects);
   to.policy = of.reach;
   return FMCP_OK;
}

/// On a thread of the plugin's pool.
void deliver(core::result<fetch_reply>& r, fmcp_fetch_cb cb, void* user) noexcept {
   if (!r) return cb(user, status_of(r.error().code), nullptr, str(r.error().message));
   std::vector<fmcp_http_header> headers;
   try {
      headers.reserve(r->headers.size());
      for (const auto& [name, value] : r->headers) headers.push_back({str(name), str(value)});
   } catch (const std::exception&) {
      return cb(user, FMCP_E_NO_MEMORY, nullptr, str("There is no memory for the answer."));
   }
   const fmcp_fetched out{
         .size = sizeof(fmcp_fetched),
         .http_status = r->status,
         .headers = {headers.data(), static_cast<std::uint32_t>(headers.size()),
                     sizeof(fmcp_http_header)},
         .body = bytes_of(r->body),
         .final_url = str(r->final_url),
   };
   cb(user, FMCP_OK, &out, {});
}

fmcp_status fetch(void* ctx, const fmcp_fetch* rq, fmcp_fetch_cb cb, void* user,
                  fmcp_op* op) noexcept {
   if (op != nullptr) *op = 0;
   const auto given = copy_grown<fmcp_fetch>(rq, FMCP_LEAST(fmcp_fetch, url));
   if (ctx == nullptr || cb == nullptr || !given) return FMCP_E_INVALID;
   instance& i = self(ctx);
   auto* fetcher = i.granted().with.http;
   if (fetcher == nullptr) return FMCP_E_DENIED;
   try {
      fetch_request request;
      if (const auto status = copy_request(*given, i.granted(), request); status != FMCP_OK) {
         return status;
      }
      auto place = i.exchanges().take();
      if (!place) return FMCP_E_BUSY;
      fmcp_op mine = 0;
      const auto status = i.pending().begin(mine, [cb, user] {
         cb(user, FMCP_E_GONE, nullptr, str("The exchange was ended early."));
      });
      if (status != FMCP_OK) return status;
      if (op != nullptr) *op = mine;
      try {
         const auto handle = fetcher->start(
               std::move(request), [to = i.weak_from_this(), place = std::move(place), mine, cb,
                                    user](core::result<fetch_reply> r) mutable {
                  place.reset();
                  const auto alive = to.lock();
                  if (!alive) return;
                  alive->pending().decide(
                        mine, [r = std::move(r), cb, user]() mutable { deliver(r, cb, user); });
               });
         i.pending().on_early_end(mine, [fetcher, handle] { fetcher->cancel(handle); });
      } catch (const std::exception&) {
         i.pending().decide(mine, [cb, user] {
            cb(user, FMCP_E_NO_MEMORY, nullptr, str("There is no memory for the exchange."));
         });
      }
      return FMCP_OK;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

void cancel(void* ctx, fmcp_op op) noexcept {
   if (ctx != nullptr) self(ctx).pending().end(op);
}

} // namespace

constexpr fmcp_http http_table{sizeof(fmcp_http), 0, fetch, cancel};

} // namespace fmcp::plugins
