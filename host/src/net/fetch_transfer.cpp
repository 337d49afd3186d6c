#include "net/fetch_transfer.hpp"

#include <algorithm>
#include <cstring>

#include <sys/socket.h>

#include <fmt/format.h>

#include "core/text.hpp"

namespace fmcp::net {
namespace {

/// Everything that went wrong while TLS was set up: what libcurl says about it names the
/// certificate's fault and nothing of the exchange.
bool is_of_tls(CURLcode code) noexcept {
   return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
          code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER ||
          code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
          code == CURLE_SSL_INVALIDCERTSTATUS;
}

/// What came was no TLS at all: OpenSSL took the beginning of a line of text for the head of a
/// record, whose version (before 3.2) or length (since) makes no sense.
bool is_no_tls(std::string_view curl_message) noexcept {
   return curl_message.ends_with("wrong version number") ||
          curl_message.ends_with("packet length too long");
}

/// How libcurl calls a header line that is longer than it holds (100 KiB), before and since 8.6.
bool is_too_large(CURLcode code) noexcept {
   return code == CURLE_OUT_OF_MEMORY || static_cast<int>(code) == 100;
}

} // namespace

fetch_transfer::fetch_transfer(const surroundings& with, const fetch_exchange& exchange)
    : with_(with), exchange_(exchange), proxy_(with.proxies.find(exchange.target())),
      easy_(with.curl.easy_init()) {}

fetch_transfer::~fetch_transfer() {
   if (easy_ != nullptr) with_.curl.easy_cleanup(easy_);
   with_.curl.slist_free_all(fields_);
}

std::unique_ptr<fetch_transfer> fetch_transfer::begin(const surroundings& with,
                                                      const fetch_exchange& exchange,
                                                      std::chrono::milliseconds left) {
   std::unique_ptr<fetch_transfer> made(new fetch_transfer(with, exchange));
   if (made->easy_ == nullptr) return nullptr;
   made->set_limits(left);
   made->set_route();
   made->set_tls();
   made->set_request();
   made->set_callbacks();
   return made->is_set_up_ ? std::move(made) : nullptr;
}

// ---------------------------------------------------------------------------------------- options

template <class T>
void fetch_transfer::set(CURLoption option, T value) {
   // Numbers are `long` in libcurl's variable arguments; an `int` there would be read wrongly.
   static_assert(std::is_pointer_v<T> || std::is_same_v<T, long> || std::is_same_v<T, curl_off_t>);
   is_set_up_ = with_.curl.easy_setopt(easy_, option, value) == CURLE_OK && is_set_up_;
}

void fetch_transfer::set_limits(std::chrono::milliseconds left) {
   set(CURLOPT_NOSIGNAL, 1L);
   set(CURLOPT_QUICK_EXIT, 1L); // an exchange that ends does not wait for its name server
   set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
   set(CURLOPT_CONNECTTIMEOUT_MS,
       static_cast<long>(std::min(left, with_.options.connect_timeout).count()));
   set(CURLOPT_ERRORBUFFER, curl_message_.data());
}

void fetch_transfer::set_route() {
   set(CURLOPT_PROTOCOLS_STR, exchange_.target().is_https() ? "https" : "http");
   set(CURLOPT_FOLLOWLOCATION, 0L);
   set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
   set(CURLOPT_UNRESTRICTED_AUTH, 0L);
   // Both set, to something or to nothing: libcurl then does not look into the environment.
   set(CURLOPT_NOPROXY, "");
   if (proxy_ == nullptr) {
      set(CURLOPT_PROXY, "");
      return;
   }
   set(CURLOPT_PROXY, proxy_->address.origin().c_str());
   set(CURLOPT_PROXYPORT, static_cast<long>(proxy_->address.port));
   set(CURLOPT_HTTPPROXYTUNNEL, 1L);
   set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
   set(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
   if (!proxy_->user.empty()) {
      set(CURLOPT_PROXYUSERNAME, proxy_->user.c_str());
      set(CURLOPT_PROXYPASSWORD, proxy_->password.c_str());
   }
}

void fetch_transfer::set_tls() {
   set(CURLOPT_SSL_VERIFYPEER, 1L);
   set(CURLOPT_SSL_VERIFYHOST, 2L);
   set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)); // at least
   set(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
   set(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
   set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
   // What is believed comes from `on_tls_context`; without it, nobody is.
   const char* const none = nullptr;
   for (const auto place :
        {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH}) {
      set(place, none);
   }
   set(CURLOPT_SSL_CTX_FUNCTION, &fetch_transfer::on_tls_context);
   set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
}

void fetch_transfer::add_field(const std::string& line) {
   curl_slist* const longer = with_.curl.slist_append(fields_, line.c_str());
   is_set_up_ = longer != nullptr && is_set_up_;
   if (longer != nullptr) fields_ = longer;
}

void fetch_transfer::set_request() {
   const auto& rq = exchange_.request();
   set(CURLOPT_URL, exchange_.target().text().c_str());
   set(CURLOPT_PATH_AS_IS, 1L);
   set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
   set(CURLOPT_HTTP09_ALLOWED, 0L);
   set(CURLOPT_ACCEPT_ENCODING, "gzip");
   set(CURLOPT_USERAGENT, with_.options.user_agent.c_str());
   const bool has_body =
         !rq.body.empty() || rq.method == "POST" || rq.method == "PUT" || rq.method == "PATCH";
   if (has_body) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDS, rq.body.data());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(rq.body.size()));
   } else if (rq.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
   } else {
      set(CURLOPT_HTTPGET, 1L);
   }
   if (rq.method != "GET" && rq.method != "HEAD" && rq.method != "POST") {
      set(CURLOPT_CUSTOMREQUEST, rq.method.c_str());
   }
   bool has_type = false;
   for (const auto& [name, value] : rq.headers) {
      has_type = has_type || core::iequals(name, "content-type");
      const auto text = core::trim(value);
      // The form with the semicolon is an empty value; with a colon it would take the field away.
      add_field(text.empty() ? name + ";" : name + ": " + std::string(text));
   }
   if (has_body && !has_type) add_field("Content-Type:"); // not that of a form, unasked
   add_field("Expect:");
   set(CURLOPT_HTTPHEADER, fields_);
}

void fetch_transfer::set_callbacks() {
   void* const me = this;
   set(CURLOPT_HEADERFUNCTION, &fetch_transfer::on_header);
   set(CURLOPT_HEADERDATA, me);
   set(CURLOPT_WRITEFUNCTION, &fetch_transfer::on_body);
   set(CURLOPT_WRITEDATA, me);
   set(CURLOPT_OPENSOCKETFUNCTION, &fetch_transfer::on_socket);
   set(CURLOPT_OPENSOCKETDATA, me);
   set(CURLOPT_PREREQFUNCTION, &fetch_transfer::on_connected);
   set(CURLOPT_PREREQDATA, me);
}

// -------------------------------------------------------------------------------------- callbacks

std::size_t fetch_transfer::on_header(char* data, std::size_t size, std::size_t n,
                                      void* me) noexcept {
   return static_cast<fetch_transfer*>(me)->take_header({data, size * n}) ? size * n : 0;
}

/// Interim answers have heads of their own, which the next one replaces; their bytes count. What
/// comes behind the last head are trailers, which are not part of it (RFC 9110 6.5.1).
bool fetch_transfer::take_header(std::string_view line) {
   head_bytes_ += line.size();
   if (head_bytes_ > with_.options.max_header_bytes) {
      stopped_ = {core::errc::limit, fmt::format("its header is larger than {} bytes",
                                                 with_.options.max_header_bytes)};
      return false;
   }
   if (!is_in_head_) {
      if (line.starts_with("HTTP/")) {
         reply_.headers.clear();
         is_in_head_ = true;
      }
      return true;
   }
   while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
   if (line.empty()) {
      is_in_head_ = false;
      return true;
   }
   if ((line.front() == ' ' || line.front() == '\t') && !reply_.headers.empty()) {
      reply_.headers.back().second.append(" ").append(core::trim(line)); // RFC 9112 5.2
      return true;
   }
   const auto colon = line.find(':');
   if (colon == line.npos || colon == 0) return true;
   if (reply_.headers.size() == with_.options.max_fields) {
      stopped_ = {core::errc::limit,
                  fmt::format("it has more than {} header fields", with_.options.max_fields)};
      return false;
   }
   reply_.headers.emplace_back(core::to_lower(line.substr(0, colon)),
                               core::trim(line.substr(colon + 1)));
   return true;
}

std::size_t fetch_transfer::on_body(char* data, std::size_t size, std::size_t n,
                                    void* me) noexcept {
   return static_cast<fetch_transfer*>(me)->take_body({data, size * n}) ? size * n : 0;
}

long fetch_transfer::status() const {
   long status = 0;
   with_.curl.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
   return status;
}

/// The bytes are decoded already, at most 16 KiB at a time: what is refused was never stored.
bool fetch_transfer::take_body(std::string_view bytes) {
   const auto limit = exchange_.request().max_body;
   if (bytes.size() > limit - reply_.body.size()) {
      stopped_ = {core::errc::limit, fmt::format("its body is larger than {} bytes", limit)};
      return false;
   }
   reply_.body.append(bytes);
   const auto& told = exchange_.request().on_piece;
   if (told && status() == 200) told(bytes);
   return true;
}

curl_socket_t fetch_transfer::on_socket(void* me, curlsocktype, curl_sockaddr* to) noexcept {
   return static_cast<fetch_transfer*>(me)->open_socket(*to);
}

/// What is judged here is what `connect` gets next: no second look at the name lies between.
int fetch_transfer::open_socket(const curl_sockaddr& to) {
   if (proxy_ == nullptr) {
      const auto what = classify(to.addr);
      if (!exchange_.allowed().admits(what)) {
         refused_address_ = fmt::format("{}, {}", address_text(to.addr), describe(what));
         return CURL_SOCKET_BAD; // libcurl goes on to the next address
      }
   }
   has_tried_ = true;
   return ::socket(to.family, to.socktype | SOCK_CLOEXEC, to.protocol);
}

int fetch_transfer::on_connected(void* me, char* remote, char*, int, int) noexcept {
   return static_cast<fetch_transfer*>(me)->admits(remote) ? CURL_PREREQFUNC_OK
                                                           : CURL_PREREQFUNC_ABORT;
}

/// A connection that another exchange opened, with another policy, is judged again before it is
/// used for this one.
bool fetch_transfer::admits(std::string_view address) {
   if (proxy_ != nullptr) return true;
   const auto what = classify_literal(address).value_or(address_class::reserved);
   if (exchange_.allowed().admits(what)) return true;
   refused_address_ = fmt::format("{}, {}", address, describe(what));
   has_tried_ = false;
   return false;
}

CURLcode fetch_transfer::on_tls_context(CURL*, void* context, void* me) noexcept {
   auto* const ctx = static_cast<SSL_CTX*>(context);
   if (!static_cast<fetch_transfer*>(me)->with_.trust.apply_to(ctx)) return CURLE_SSL_CERTPROBLEM;
   SSL_CTX_set_keylog_callback(ctx, nullptr); // SSLKEYLOGFILE would give the sessions away
   return CURLE_OK;
}

// ---------------------------------------------------------------------------------------- outcome

core::result<core::http::fetch_reply> fetch_transfer::finish(CURLcode code) {
   if (code != CURLE_OK || stopped_) return std::unexpected(failure(code));
   const long status = this->status();
   // libcurl takes the end of the connection for the end of the head.
   if (is_in_head_ || status < 200) {
      return core::fail(core::errc::io,
                        fmt::format("{} could not be fetched: the connection ended in the middle "
                                    "of the answer's header",
                                    exchange_.place()));
   }
   reply_.status = static_cast<int>(status);
   reply_.final_url = exchange_.target().text();
   // The body is decoded: these speak of one that is gone.
   if (!reply_.find("content-encoding").empty()) {
      std::erase_if(reply_.headers, [](const auto& f) {
         return f.first == "content-encoding" || f.first == "content-length";
      });
   }
   return std::move(reply_);
}

core::error fetch_transfer::failure(CURLcode code) const {
   const auto place = exchange_.place();
   if (stopped_) {
      return {stopped_->code,
              fmt::format("the answer of {} is refused: {}", place, stopped_->message)};
   }
   if (!refused_address_.empty() && !has_tried_) {
      return {core::errc::denied,
              fmt::format("{} is not reached: its host is at {}, which only an origin that the "
                          "settings name may have",
                          place, refused_address_)};
   }
   const auto what = code == CURLE_OPERATION_TIMEDOUT ? core::errc::timeout
                     : is_too_large(code)             ? core::errc::limit
                                                      : core::errc::io;
   return {what, fmt::format("{} could not be fetched: {}", place, reason(code))};
}

std::string fetch_transfer::reason(CURLcode code) const {
   curl_off_t connected = 0;
   long system = 0, proxy_answer = 0;
   with_.curl.easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &proxy_answer);
   with_.curl.easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &connected);
   with_.curl.easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system);
   // Whatever libcurl calls that (a receive error, mostly), the proxy has said it.
   if (proxy_answer >= 300) return fmt::format("the proxy answered {}", proxy_answer);
   switch (code) {
   case CURLE_OPERATION_TIMEDOUT:
      return connected == 0 ? "no connection came about in time"
                            : "the answer was not complete in time";
   case CURLE_COULDNT_RESOLVE_HOST: return "the name of its host cannot be resolved";
   case CURLE_COULDNT_RESOLVE_PROXY: return "the name of the proxy cannot be resolved";
   case CURLE_COULDNT_CONNECT:
      return system == 0 ? "it cannot be connected to"
                         : fmt::format("it cannot be connected to ({})",
                                       std::strerror(static_cast<int>(system)));
   case CURLE_PARTIAL_FILE: return "the connection ended in the middle of the answer";
   case CURLE_SEND_ERROR: return "the connection broke before the request was sent";
   case CURLE_RECV_ERROR: return "the connection broke before the answer was complete";
   case CURLE_GOT_NOTHING: return "the connection ended without an answer";
   case CURLE_BAD_CONTENT_ENCODING: return "its body is not encoded as it says";
   case CURLE_WEIRD_SERVER_REPLY:
   case CURLE_UNSUPPORTED_PROTOCOL: return "what answers does not speak HTTP";
   default: break;
   }
   if (is_too_large(code)) return "a line of its header is too long";
   if (code == CURLE_SSL_CONNECT_ERROR && is_no_tls(curl_message_.data()))
      return "what answers does not speak TLS; is http:// meant?";
   if (is_of_tls(code) && curl_message_[0] != '\0') {
      std::string text;
      core::append_printable(text, curl_message_.data());
      return text;
   }
   return with_.curl.easy_strerror(code);
}

} // namespace fmcp::net
