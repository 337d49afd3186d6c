#include "net/request_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>

#include "core/text.hpp"

namespace fmcp::net {
namespace {

namespace beast = boost::beast;
namespace bhttp = beast::http;
using core::http::method;

std::string_view std_view(beast::string_view s) noexcept {
   return {s.data(), s.size()};
}

method to_method(bhttp::verb v) noexcept {
   switch (v) {
   case bhttp::verb::get: return method::get;
   case bhttp::verb::head: return method::head;
   case bhttp::verb::post: return method::post;
   case bhttp::verb::put: return method::put;
   case bhttp::verb::delete_: return method::del;
   case bhttp::verb::options: return method::options;
   case bhttp::verb::patch: return method::patch;
   case bhttp::verb::trace: return method::trace;
   case bhttp::verb::connect: return method::connect;
   default: return method::other;
   }
}

constexpr bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
   return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
constexpr bool is_hex(char c) noexcept {
   return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/// The characters of host names as they are used: RFC 3986's reg-name also knows sub-delims and
/// percent escapes, with which a list or a second host could be spelled.
constexpr bool is_name_char(char c) noexcept {
   return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_port(std::string_view text) noexcept {
   unsigned value = 0;
   if (text.empty() || text.size() > 5) return false;
   const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
   return ec == std::errc{} && end == text.data() + text.size() && value <= 65535;
}

/// RFC 9112 3.2: no fragment, no blank or control character, and only US-ASCII. Beast has seen to
/// the blanks and controls.
bool is_target_text(std::string_view text) noexcept {
   return std::ranges::all_of(
         text, [](char c) { return c != '#' && static_cast<unsigned char>(c) < 0x80; });
}

/// Whether any element of a comma list is that token.
bool has_token(std::string_view list, std::string_view token) noexcept {
   while (!list.empty()) {
      const auto comma = list.find(',');
      if (core::iequals(core::trim(list.substr(0, comma)), token)) return true;
      if (comma == std::string_view::npos) break;
      list.remove_prefix(comma + 1);
   }
   return false;
}

/// The last element of a comma list.
std::string_view last_element(std::string_view list) noexcept {
   const auto comma = list.rfind(',');
   return core::trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
}

/// `HTTP/2.0` and the like at the end of the first line, as opposed to what is no version at all.
bool names_other_version(std::string_view bytes) noexcept {
   std::string_view line = bytes.substr(0, bytes.find('\r'));
   constexpr std::string_view prefix = " HTTP/";
   if (line.size() < prefix.size() + 3) return false;
   line.remove_prefix(line.size() - prefix.size() - 3);
   return line.starts_with(prefix) && is_digit(line[6]) && line[7] == '.' && is_digit(line[8]);
}

/// A field line that need not be looked at by Beast, who takes seven instructions for each
/// character: a bearer token is longer than all the rest of a request.
struct token_line {
   std::size_t at = 0, size = 0; ///< with its line end
   core::http::field field;
};

constexpr std::string_view token_field = "authorization";
/// Shorter ones are not worth the search.
constexpr std::size_t least_head = 512, least_line = 256;

/// Visible characters and blanks, a part of what a field value may have (RFC 9110 5.5).
bool is_plain_text(std::string_view text) noexcept {
   unsigned char least = 0xff, most = 0;
   for (const char c : text) { // no way out in the middle, so that it takes many at a time
      const auto u = static_cast<unsigned char>(c);
      least = std::min(least, u);
      most = std::max(most, u);
   }
   return least >= ' ' && most <= '~';
}

/// Nothing unless the line is flawless. One that goes on in the next line shows there: no field
/// begins with a blank.
std::optional<token_line> read_token_line(std::string_view bytes, std::size_t at,
                                          std::size_t size) noexcept {
   const auto line = bytes.substr(at, size);
   if (!line.ends_with("\r\n")) return std::nullopt;
   token_line out{.at = at, .size = size, .field = {line.substr(0, token_field.size()), {}}};
   const auto behind_colon = token_field.size() + 1;
   out.field.value = core::trim(line.substr(behind_colon, size - behind_colon - 2));
   if (out.field.value.empty() || !is_plain_text(out.field.value)) return std::nullopt;
   return out;
}

/// The first long Authorization line behind the first line.
std::optional<token_line> find_token_line(std::string_view bytes) noexcept {
   if (bytes.size() < least_head) return std::nullopt;
   for (std::size_t at = 0, end = 0; (end = bytes.find('\n', at)) != bytes.npos; at = end + 1) {
      const auto size = end + 1 - at;
      if (size <= 2) break; // the end of the head
      if (at == 0 || size < least_line || bytes[at + token_field.size()] != ':' ||
          !core::iequals(bytes.substr(at, token_field.size()), token_field))
         continue;
      return read_token_line(bytes, at, size);
   }
   return std::nullopt;
}

} // namespace

bool is_well_formed_host(std::string_view host) noexcept {
   std::string_view rest;
   if (host.starts_with('[')) {
      const auto close = host.find(']');
      if (close == std::string_view::npos || close < 3) return false;
      const auto inner = host.substr(1, close - 1);
      if (!std::ranges::all_of(inner, [](char c) { return is_hex(c) || c == ':' || c == '.'; })) {
         return false;
      }
      rest = host.substr(close + 1);
   } else {
      const auto end = std::ranges::find_if_not(host, is_name_char);
      if (end == host.begin()) return false;
      rest = host.substr(static_cast<std::size_t>(end - host.begin()));
   }
   return rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
}

/// Collects views; Beast has checked the characters and the framing fields against each other.
class head_reader::parser final : public bhttp::basic_parser<true> {
public:
   parser(std::string_view bytes, std::vector<core::http::field>& room, std::size_t max_bytes)
       : bytes_(bytes), room_(room) {
      header_limit(static_cast<std::uint32_t>(max_bytes));
      // The body is ours: without this Beast would go on into what it believes is one.
      skip(true);
   }

   /// Reads a head but for that line, which is taken as it is. The bytes used; 0: it is incomplete
   /// or faulty.
   std::size_t read_around(const token_line& line) {
      beast::error_code ec;
      // With a character of the line, or Beast would wait for it: the line before may be folded.
      const auto before = put(boost::asio::const_buffer(bytes_.data(), line.at + 1), ec);
      if (ec != bhttp::error::need_more || before != line.at || !take(line.field)) return 0;
      const auto rest = bytes_.substr(line.at + line.size);
      const auto more = put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
      return ec ? 0 : line.at + line.size + more;
   }

   std::string_view target, verb_text;
   method verb = method::other;
   bool is_http_1_1 = true;
   std::size_t used = 0;
   bool is_folded = false, has_too_many = false;
   std::size_t hosts = 0, encodings = 0;
   std::string_view host, encoding, expect;

private:
   void on_request_impl(bhttp::verb v, beast::string_view text, beast::string_view where,
                        int version, beast::error_code&) override {
      verb = to_method(v);
      verb_text = std_view(text);
      target = std_view(where);
      is_http_1_1 = version == 11;
   }

   void on_field_impl(bhttp::field id, beast::string_view n, beast::string_view v,
                      beast::error_code& ec) override {
      const core::http::field f{std_view(n), std_view(v)};
      if (is_on_two_lines(f)) {
         is_folded = true;
         ec = bhttp::error::bad_value;
         return;
      }
      if (!take(f)) {
         has_too_many = true;
         ec = bhttp::error::header_limit;
         return;
      }
      switch (id) {
      case bhttp::field::host: ++hosts, host = f.value; break;
      case bhttp::field::transfer_encoding: ++encodings, encoding = f.value; break;
      case bhttp::field::expect: expect = f.value; break;
      default: break;
      }
   }

   bool take(const core::http::field& f) noexcept {
      if (used == room_.size()) return false;
      room_[used++] = f;
      return true;
   }

   /// RFC 9112 5.2: Beast joins folded lines, in a buffer of its own or, when the first line is
   /// empty, by starting the value behind the line end.
   bool is_on_two_lines(const core::http::field& f) const noexcept {
      if (f.value.data() < bytes_.data() || f.value.data() > bytes_.data() + bytes_.size()) {
         return true;
      }
      const char* colon = f.name.data() + f.name.size();
      return std::find(colon, f.value.data(), '\n') != f.value.data();
   }

   void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
   void on_header_impl(beast::error_code&) override {}
   void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
   std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
      return body.size();
   }
   void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
   std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                  beast::error_code&) override {
      return body.size();
   }
   void on_finish_impl(beast::error_code&) override {}

   std::string_view bytes_;
   std::vector<core::http::field>& room_;
};

head_reader::head_reader(std::size_t max_bytes, std::size_t max_fields)
    : max_bytes_(std::min<std::size_t>(max_bytes, 1u << 30)), fields_(max_fields) {}

head_reader::outcome head_reader::refuse(int status, std::string_view reason) noexcept {
   why_ = {status, reason};
   return outcome::refused;
}

head_reader::outcome head_reader::read(std::string_view bytes) {
   // RFC 9112 2.2: one empty line in front of a request is forgiven.
   std::size_t skipped = 0;
   if (bytes.starts_with('\r')) {
      if (bytes.size() < 2) return outcome::incomplete;
      if (bytes[1] != '\n') return refuse(400, "The request line is malformed.");
      skipped = 2;
      bytes.remove_prefix(2);
   }
   if (const auto line = find_token_line(bytes)) {
      parser p(bytes, fields_, max_bytes_);
      const auto size = p.read_around(*line);
      if (size != 0 && size <= max_bytes_) return check(p, size + skipped);
      // Whatever it is, the plain way tells.
   }
   parser p(bytes, fields_, max_bytes_);
   beast::error_code ec;
   const std::size_t size = p.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
   if (ec == bhttp::error::need_more) {
      if (bytes.size() < max_bytes_) return outcome::incomplete;
      return refuse(431, "The head of the request is too long.");
   }
   if (!ec && size <= max_bytes_) return check(p, size + skipped);
   if (p.is_folded) return refuse(400, "A field is folded over two lines.");
   if (p.has_too_many) return refuse(431, "The request has too many fields.");
   if (!ec || ec == bhttp::error::header_limit) {
      return refuse(431, "The head of the request is too long.");
   }
   if (ec == bhttp::error::bad_version && names_other_version(bytes)) {
      return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
   }
   if (ec == bhttp::error::bad_content_length) {
      return refuse(400, "Content-Length is malformed, or contradicts itself.");
   }
   if (ec == bhttp::error::bad_transfer_encoding) {
      return refuse(400, "Transfer-Encoding stands beside Content-Length.");
   }
   return refuse(400, "The head of the request is malformed.");
}

head_reader::outcome head_reader::check(const parser& p, std::size_t size) {
   head_ = {};
   head_.size = size;
   head_.is_http_1_1 = p.is_http_1_1;
   auto& rq = head_.rq;
   rq.verb = p.verb;
   rq.verb_text = p.verb_text;
   rq.fields = {fields_.data(), p.used};
   // A tunnel would begin behind a CONNECT: its connection is not used again.
   rq.keep_alive = p.keep_alive() && p.verb != method::connect;

   if (p.hosts != 1) return refuse(400, "The request must have exactly one Host field.");
   if (!is_well_formed_host(p.host)) return refuse(400, "The Host field is malformed.");
   rq.host = p.host;
   if (!check_target(p.target)) return outcome::refused;
   if (!check_framing(p)) return outcome::refused;
   if (!p.expect.empty() && p.is_http_1_1) {
      if (!core::iequals(p.expect, "100-continue")) {
         return refuse(417, "The only expectation that is met here is 100-continue.");
      }
      head_.expects_continue = true;
   }
   return outcome::complete;
}

/// The four forms of RFC 9112 3.2.
bool head_reader::check_target(std::string_view target) {
   auto& rq = head_.rq;
   const auto bad = [&](std::string_view reason) {
      refuse(400, reason);
      return false;
   };
   if (!is_target_text(target)) return bad("The request target is malformed.");
   if (rq.verb == method::connect) {
      if (!core::iequals(target, rq.host)) return bad("The request target contradicts Host.");
      rq.path = "*";
      return true;
   }
   if (target == "*") {
      if (rq.verb != method::options) return bad("The request target is malformed.");
      rq.path = target;
      return true;
   }
   if (!target.starts_with('/')) {
      const auto colon = target.find("://");
      const auto scheme = target.substr(0, colon);
      if (colon == std::string_view::npos ||
          !(core::iequals(scheme, "http") || core::iequals(scheme, "https"))) {
         return bad("The request target is malformed.");
      }
      target.remove_prefix(colon + 3);
      const auto end = std::min(target.find_first_of("/?"), target.size());
      if (!core::iequals(target.substr(0, end), rq.host)) {
         return bad("The request target contradicts Host.");
      }
      target.remove_prefix(end);
   }
   const auto mark = target.find('?');
   rq.path = target.substr(0, mark);
   if (rq.path.empty()) rq.path = "/";
   if (mark != std::string_view::npos) rq.query = target.substr(mark + 1);
   return true;
}

/// RFC 9112 6.1 and 6.3. Beast would read a body with any other coding as the next request.
bool head_reader::check_framing(const parser& p) {
   if (p.encodings == 0) {
      const auto length = p.content_length();
      if (length && *length > 0) {
         head_.body = body_framing::sized;
         head_.content_length = *length;
      }
      return true;
   }
   const auto bad = [&](int status, std::string_view reason) {
      refuse(status, reason);
      return false;
   };
   if (!p.is_http_1_1) return bad(400, "HTTP/1.0 has no Transfer-Encoding.");
   if (p.encodings > 1) return bad(400, "The request has two Transfer-Encoding fields.");
   // One of the two parsers that could see this message differently may be in front of us.
   if (p.content_length()) return bad(400, "Transfer-Encoding stands beside Content-Length.");
   if (!core::iequals(p.encoding, "chunked")) {
      const bool ends_chunked = core::iequals(last_element(p.encoding), "chunked") &&
                                !has_token(p.encoding.substr(0, p.encoding.rfind(',')), "chunked");
      return ends_chunked ? bad(501, "The only transfer coding that is understood is chunked.")
                          : bad(400, "The last transfer coding must be chunked.");
   }
   head_.body = body_framing::chunked;
   return true;
}

} // namespace fmcp::net
