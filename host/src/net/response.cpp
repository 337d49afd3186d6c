#include "net/response.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/log.hpp"
#include "core/text.hpp"

namespace fmcp::net {
namespace {

/// Reason phrases mean nothing to a machine (RFC 9112 4), but people read them.
std::string_view reason_phrase(int status) noexcept {
   switch (status) {
   case 200: return "OK";
   case 202: return "Accepted";
   case 204: return "No Content";
   case 304: return "Not Modified";
   case 400: return "Bad Request";
   case 401: return "Unauthorized";
   case 403: return "Forbidden";
   case 404: return "Not Found";
   case 405: return "Method Not Allowed";
   case 406: return "Not Acceptable";
   case 408: return "Request Timeout";
   case 409: return "Conflict";
   case 413: return "Content Too Large";
   case 415: return "Unsupported Media Type";
   case 417: return "Expectation Failed";
   case 421: return "Misdirected Request";
   case 429: return "Too Many Requests";
   case 431: return "Request Header Fields Too Large";
   case 500: return "Internal Server Error";
   case 501: return "Not Implemented";
   case 503: return "Service Unavailable";
   case 504: return "Gateway Timeout";
   case 505: return "HTTP Version Not Supported";
   default: return "";
   }
}

void append_number(std::string& out, std::size_t n) {
   char digits[24];
   const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, n);
   out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_status_line(std::string& out, int status) {
   if (status == 200) {
      out.append("HTTP/1.1 200 OK\r\n");
      return;
   }
   // Anything else would be no three digits, and so no HTTP.
   if (status < 100 || status > 999) status = 500;
   out.append("HTTP/1.1 ");
   append_number(out, static_cast<std::size_t>(status));
   out.append(" ").append(reason_phrase(status)).append("\r\n");
}

bool is_value(std::string_view value) noexcept {
   return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_ours(std::string_view name) noexcept {
   return core::iequals(name, "content-length") || core::iequals(name, "transfer-encoding") ||
          core::iequals(name, "connection") || core::iequals(name, "date");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
   if (!core::is_token(name) || !is_value(value) || is_ours(name)) {
      core::log::error("net", "a field of an answer was left out {}", core::log::kv("name", name));
      return;
   }
   out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

std::string_view connection_line(bool is_http_1_1, bool keep_alive) noexcept {
   if (is_http_1_1 == keep_alive) return {};
   return keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
}

void append_head(std::string& out, const core::http::response_head& head,
                 std::string_view date_line, const answer_framing& framing) {
   append_status_line(out, head.status);
   out.append(date_line);
   if (!head.content_type.empty()) append_field(out, "Content-Type", head.content_type);
   if (has_body(head.status)) {
      if (framing.content_length) {
         out.append("Content-Length: ");
         append_number(out, *framing.content_length);
         out.append("\r\n");
      } else if (framing.is_http_1_1) {
         out.append("Transfer-Encoding: chunked\r\n");
      }
   }
   for (const auto& f : head.fields) append_field(out, f.name, f.value);
   out.append(connection_line(framing.is_http_1_1, framing.keep_alive)).append("\r\n");
}

void append_refusal(std::string& out, int status, std::string_view reason,
                    std::string_view date_line, bool is_to_head) {
   static constexpr core::http::field retry[] = {{"Retry-After", "1"}};
   core::http::response_head head;
   head.status = status;
   head.content_type = "text/plain; charset=utf-8";
   if (status == 503) head.fields = retry;
   append_head(out, head, date_line,
               {.content_length = reason.size() + 1, .is_http_1_1 = true, .keep_alive = false});
   if (!is_to_head) out.append(reason).append("\n");
}

void date_cache::update(std::time_t now) noexcept {
   // By hand: strftime would ask the locale for the names of days and months.
   static constexpr char days[] = "SunMonTueWedThuFriSat";
   static constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
   std::tm t{};
   ::gmtime_r(&now, &t);
   const auto two = [](char* at, int value) {
      at[0] = static_cast<char>('0' + value / 10 % 10);
      at[1] = static_cast<char>('0' + value % 10);
   };
   std::memcpy(text_, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", sizeof text_);
   std::memcpy(text_ + 6, days + 3 * t.tm_wday, 3);
   two(text_ + 11, t.tm_mday);
   std::memcpy(text_ + 14, months + 3 * t.tm_mon, 3);
   two(text_ + 18, (t.tm_year + 1900) / 100);
   two(text_ + 20, (t.tm_year + 1900) % 100);
   two(text_ + 23, t.tm_hour);
   two(text_ + 26, t.tm_min);
   two(text_ + 29, t.tm_sec);
   second_ = now;
}

} // namespace fmcp::net
