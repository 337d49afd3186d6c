/// fmcp/cpp/auth.hpp - an authentication provider: a class that says who a bearer is.
///
///    #include <fmcp/cpp/auth.hpp>
///
///    class badge_office : public fmcp::auth_provider {
///    public:
///       fmcp::auth_answer verify(const fmcp::auth_request& rq) {
///          if (rq.token() != "open sesame") return fmcp::deny{fmcp::why::inactive};
///          return fmcp::allow{"ali"};
///       }
///    };
///
///    FMCP_PLUGIN(badge_office, fmcp::manifest("com.example.badges", "badges", "1.0.0")
///                                    .env_prefix("BADGES"));
///
/// verify() is one of
///
///    fmcp::auth_answer verify(const fmcp::auth_request&)   answered by what it returns
///    void verify(fmcp::pending_auth&)                      answered later: move it to wherever the
///                                                          work goes on, and call answer() there
///
/// It is called from many threads at a time, and may block until time_left() is over. With
/// `static constexpr bool nonblocking = true;` in the class it runs where the network is served: then
/// it returns within about 100 us (see FMCP_AUTH_NONBLOCKING in auth.h).
///
/// What it throws denies as 503, with what() in the log. A pending_auth that is dropped does so too.
/// The host checks expiry and required scopes itself, after each allow.
///
/// Settings: derive from fmcp::auth_provider_with<Settings>, see settings.hpp. The operator selects
/// the provider with FASTMCP_SERVER_AUTH=<name or alias>, and sets
/// FASTMCP_SERVER_AUTH_<env_prefix>_<FIELD>.
#ifndef FMCP_CPP_AUTH_HPP
#define FMCP_CPP_AUTH_HPP

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "../auth.h"
#include "detail/service.hpp"

namespace fmcp {
inline namespace v1 {

/// Why a token is refused: the reason code of the host's log and of the client's
/// `error_description`.
enum class why : int32_t {
   none = FMCP_AUTH_WHY_NONE,
   denied = FMCP_AUTH_WHY_DENIED,
   malformed = FMCP_AUTH_WHY_MALFORMED,
   bad_algorithm = FMCP_AUTH_WHY_BAD_ALGORITHM,
   unknown_key = FMCP_AUTH_WHY_UNKNOWN_KEY,
   bad_signature = FMCP_AUTH_WHY_BAD_SIGNATURE,
   no_expiry = FMCP_AUTH_WHY_NO_EXPIRY,
   expired = FMCP_AUTH_WHY_EXPIRED,
   not_yet_valid = FMCP_AUTH_WHY_NOT_YET_VALID,
   wrong_issuer = FMCP_AUTH_WHY_WRONG_ISSUER,
   wrong_audience = FMCP_AUTH_WHY_WRONG_AUDIENCE,
   wrong_type = FMCP_AUTH_WHY_WRONG_TYPE,
   no_subject = FMCP_AUTH_WHY_NO_SUBJECT,
   missing_scope = FMCP_AUTH_WHY_MISSING_SCOPE,
   inactive = FMCP_AUTH_WHY_INACTIVE,
   upstream = FMCP_AUTH_WHY_UPSTREAM,
   busy = FMCP_AUTH_WHY_BUSY
};

// ---- answers ----

/// The token is good. With a subject, a client, or claims that name one.
struct allow {
   std::string subject = {};
   std::string client_id = {};
   std::vector<std::string> scopes = {};
   /// All claims, one JSON object. Members of this struct that are empty are filled from it: `sub`,
   /// `client_id` or `azp` or `sub`, `scope` or `scp`, `iss`, `exp`.
   std::string claims_json = {};
   /// The host need not ask again about this token for so long; it forgets it at its expiry anyway.
   std::chrono::seconds cache_for{0};
   std::string issuer = {};
   std::string tenant = {};
   std::optional<std::chrono::system_clock::time_point> expires = {};
};

/// It is not: 401. `detail`: a sentence for the log, without the token.
struct deny {
   why reason = why::denied;
   std::string detail = {};
};

/// It is, and its bearer may not: 403. `scopes`: what would do, blanks between.
struct forbid {
   std::string scopes = {};
   std::string detail = {};
};

/// Nobody can tell now: 503, and the client tries again.
struct unavailable {
   std::string detail = {};
   why reason = why::upstream;
};

/// Another provider's kind of token.
struct defer {};

/// A default one denies.
using auth_answer = std::variant<deny, allow, forbid, unavailable, defer>;

// ---- the question ----

/// What is to be verified. Views of the host's memory: they live until it is answered.
class auth_request {
public:
   [[nodiscard]] std::string_view token() const noexcept { return detail::view(rq_.token); }
   /// "Bearer".
   [[nodiscard]] std::string_view scheme() const noexcept { return detail::view(rq_.scheme); }
   [[nodiscard]] std::string_view method() const noexcept { return detail::view(rq_.method); }
   /// Under which clients know what is asked for, without query; empty where the host does not know
   /// its public URL.
   [[nodiscard]] std::string_view url() const noexcept { return detail::view(rq_.url); }
   /// Of the connection, which may be a proxy's; or empty.
   [[nodiscard]] std::string_view peer_address() const noexcept {
      return detail::view(rq_.peer_addr);
   }
   /// URL of the protected resource: "https://srv.example/mcp"; or empty, likewise.
   [[nodiscard]] std::string_view resource() const noexcept { return detail::view(rq_.resource); }
   /// Until the host answers the client with 503; nothing: it waits for ever.
   [[nodiscard]] std::optional<std::chrono::milliseconds> time_left() const noexcept {
      if (rq_.deadline_ns == 0) return std::nullopt;
      const uint64_t now = engine_->host().mono_ns(engine_->host().ctx);
      const uint64_t left = now < rq_.deadline_ns ? rq_.deadline_ns - now : 0;
      return std::chrono::milliseconds(static_cast<int64_t>(left / 1'000'000));
   }

   /// For the library only.
   auth_request(detail::engine& of, const fmcp_auth_request& rq) noexcept : engine_(&of), rq_(rq) {}

protected:
   detail::engine* engine_;
   fmcp_auth_request rq_;
};

namespace detail {

/// How answers get to the host.
class auth_port {
public:
   explicit auth_port(engine* of) : engine_(of) {
      if (engine_ == nullptr) return;
      table_ = engine_->service<fmcp_auth_host>("fmcp.auth-host/1");
      if (table_.verified == nullptr) {
         throw refused(FMCP_E_NOT_SUPPORTED, "The host has no service fmcp.auth-host/1.");
      }
   }
   [[nodiscard]] engine& of() const noexcept { return *engine_; }

   void send(fmcp_call c, const auth_answer& a) const noexcept {
      guard_with([&] { std::visit([&](const auto& one) { write(c, one); }, a); },
                 [&](fmcp_status, std::string_view text) {
                    refuse(c, FMCP_AUTH_UNAVAILABLE, why::busy, text);
                 });
   }
   /// Without any allocation.
   void refuse(fmcp_call c, int32_t decision, why reason, std::string_view detail,
               int32_t http_status = 401, std::string_view scopes = {}) const noexcept {
      fmcp_auth_result r{};
      r.size = sizeof r;
      r.decision = decision;
      r.http_status = http_status;
      r.reason = static_cast<int32_t>(reason);
      r.detail = str(detail);
      r.challenge_scope = str(scopes);
      (void)table_.verified(engine_->host().ctx, c, &r);
   }
   void forget(std::string_view token_sha256) const noexcept {
      if (table_.forget != nullptr) {
         (void)table_.forget(engine_->host().ctx, bytes(token_sha256));
      }
   }

private:
   void write(fmcp_call c, const deny& a) const noexcept {
      refuse(c, FMCP_AUTH_DENY, a.reason, a.detail);
   }
   void write(fmcp_call c, const forbid& a) const noexcept {
      refuse(c, FMCP_AUTH_DENY, why::missing_scope, a.detail, 403, a.scopes);
   }
   void write(fmcp_call c, const unavailable& a) const noexcept {
      refuse(c, FMCP_AUTH_UNAVAILABLE, a.reason, a.detail);
   }
   void write(fmcp_call c, const defer&) const noexcept {
      refuse(c, FMCP_AUTH_DEFER, why::none, {});
   }
   void write(fmcp_call c, const allow& a) const {
      const str_list scopes(a.scopes);
      fmcp_principal who{};
      who.size = sizeof who;
      who.subject = str(a.subject);
      who.client_id = str(a.client_id);
      who.issuer = str(a.issuer);
      who.tenant = str(a.tenant);
      who.scopes = scopes.get();
      who.claims_json = str(a.claims_json);
      if (a.expires) who.expires_unix_ms = unix_ms(*a.expires);
      fmcp_auth_result r{};
      r.size = sizeof r;
      r.decision = FMCP_AUTH_ALLOW;
      r.principal = &who;
      r.flags = a.claims_json.empty() ? 0u : uint32_t{FMCP_AUTH_FROM_CLAIMS};
      const auto s = a.cache_for.count();
      r.cache_ttl_s = s <= 0 ? 0 : s > 0xFFFFFFFFLL ? 0xFFFFFFFFu : static_cast<uint32_t>(s);
      (void)table_.verified(engine_->host().ctx, c, &r);
   }
   static int64_t unix_ms(std::chrono::system_clock::time_point t) noexcept {
      const auto since = t.time_since_epoch();
      const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
      return ms == 0 ? 1 : ms; // 0 would be "unknown"
   }

   engine* engine_;
   fmcp_auth_host table_{};
};

} // namespace detail

/// A request that is answered later. Movable; it answers exactly once: answer() does, a second one
/// does nothing, and one that is dropped without says that it cannot tell (503).
///
/// Thread safety: belongs to one thread at a time.
class pending_auth : public auth_request {
public:
   pending_auth(pending_auth&& other) noexcept
       : auth_request(other), port_(std::exchange(other.port_, nullptr)) {}
   pending_auth& operator=(pending_auth&& other) noexcept {
      if (this != &other) {
         drop();
         auth_request::operator=(other);
         port_ = std::exchange(other.port_, nullptr);
      }
      return *this;
   }
   ~pending_auth() { drop(); }

   /// Whether it still has to be answered.
   [[nodiscard]] explicit operator bool() const noexcept { return port_ != nullptr; }

   void answer(const auth_answer& a) noexcept {
      if (port_ != nullptr) std::exchange(port_, nullptr)->send(rq_.call, a);
   }
   /// Answers with what `f()` returns, or with 503 and the words of what it throws: for threads of
   /// one's own, where nobody else catches.
   template <class F>
   void answer_with(F&& f) noexcept {
      detail::guard_with([&] { answer(std::forward<F>(f)()); },
                         [&](fmcp_status, std::string_view text) {
                            const auto* port = std::exchange(port_, nullptr);
                            if (port == nullptr) return;
                            port->refuse(rq_.call, FMCP_AUTH_UNAVAILABLE, why::upstream, text);
                         });
   }

   /// All of a verify() that asks a server: fetches `question` by `client` (http_request and
   /// http_client of http.hpp) and answers with what `judge(const http_response&)` makes of it, on a
   /// thread of the host. This object is empty afterwards.
   ///
   /// The fetch ends a tenth before time_left() does, or after the question's own timeout, so that
   /// the judge still has its say: its sentence is better than the host's about a provider that did
   /// not answer. A fetch that the host does not begin, and what the judge throws, is 503.
   template <class Client, class Question, class Judge>
   void answer_from(const Client& client, Question question, Judge judge) {
      if (const auto left = time_left()) {
         // 0 would be the host's default.
         const auto most = std::max(*left - *left / 10, std::chrono::milliseconds(1));
         if (question.timeout.count() <= 0 || most < question.timeout) question.timeout = most;
      }
      const auto kept = std::make_shared<pending_auth>(std::move(*this));
      try {
         client.fetch(question, [kept, judge = std::move(judge)](const auto& response) mutable {
            kept->answer_with([&] { return judge(response); });
         });
      } catch (const refused& e) {
         kept->answer(unavailable{e.what(), e.status() == FMCP_E_BUSY ? why::busy : why::upstream});
      }
   }

   /// For the library only.
   pending_auth(const detail::auth_port& port, const fmcp_auth_request& rq) noexcept
       : auth_request(port.of(), rq), port_(&port) {}
   void give_back() noexcept { port_ = nullptr; }

private:
   void drop() noexcept {
      if (port_ != nullptr) {
         std::exchange(port_, nullptr)
               ->refuse(rq_.call, FMCP_AUTH_UNAVAILABLE, why::upstream,
                        "The provider ended without an answer.");
      }
   }
   const detail::auth_port* port_; // null: moved from or answered
};

// ---- what a provider says about itself ----

/// For the discovery documents, and what is asked of every token. Empty members are left out.
struct auth_info {
   /// Issuers, exactly as they write themselves.
   std::vector<std::string> authorization_servers = {};
   std::vector<std::string> scopes_supported = {};
   /// Of the protected resource, for people.
   std::string resource_name = {};
   std::string resource_documentation = {};
   /// What every token must have: 403 otherwise.
   std::vector<std::string> required_scopes = {};
   /// What the challenge asks for; empty: the required ones.
   std::vector<std::string> challenge_scopes = {};
   /// Where the authorization server's metadata is; the first good one is served on its behalf.
   std::vector<std::string> as_metadata_urls = {};
   /// Where to read `scopes_supported` when it is empty above.
   std::string scopes_discovery_url = {};
   /// The authorization server's metadata itself, one JSON object, when the provider is the server.
   std::string as_metadata_json = {};

   /// The members of RFC 9728 among these, as a JSON object.
   [[nodiscard]] std::string resource_metadata_json() const {
      std::string out;
      json_writer w(out);
      w.begin_object();
      list(w, "authorization_servers", authorization_servers);
      list(w, "scopes_supported", scopes_supported);
      if (!resource_name.empty()) w.key("resource_name").string(resource_name);
      if (!resource_documentation.empty()) {
         w.key("resource_documentation").string(resource_documentation);
      }
      w.end_object();
      return out;
   }

private:
   static void list(json_writer& w, std::string_view key, const std::vector<std::string>& all) {
      if (all.empty()) return;
      w.key(key).begin_array();
      for (const auto& s : all) w.string(s);
      w.end_array();
   }
};

namespace detail {

/// What auth_provider and auth_provider_with<> have in common.
class auth_base {
public:
   /// What `resource_url` is protected with. Called at start and perhaps again. [control]
   virtual auth_info info(std::string_view resource_url) {
      (void)resource_url;
      return {};
   }
   /// For the library only.
   [[nodiscard]] const auth_port& port() const noexcept { return port_; }

protected:
   auth_base() : port_(being_started().of) {}
   ~auth_base() = default;

   /// The host asks again about this token, if it remembers it; empty: about all of them.
   void forget(std::string_view token_sha256) const noexcept { port_.forget(token_sha256); }

private:
   auth_port port_;
};

} // namespace detail

/// The base of a provider without settings.
class auth_provider : public plugin, public detail::auth_base {
public:
   void add(const tool&) = delete; // a provider has no tools
};

/// The base of a provider with settings.
template <class Settings>
class auth_provider_with : public plugin_with<Settings>, public detail::auth_base {
public:
   void add(const tool&) = delete;

protected:
   auth_provider_with() = default;
   explicit auth_provider_with(Settings s) : plugin_with<Settings>(std::move(s)) {}
};

namespace detail {

template <class T, class = void>
struct verify_of : std::false_type {
   using returns = void;
   using takes = types<>;
};
template <class T>
struct verify_of<T, std::void_t<decltype(&T::verify)>> : signature<decltype(&T::verify)> {};

template <class T, class = void>
struct is_nonblocking : std::false_type {};
template <class T>
struct is_nonblocking<T, std::void_t<decltype(T::nonblocking)>>
    : std::bool_constant<T::nonblocking> {};

/// What info() said last, as the C table wants it.
class auth_info_memory {
public:
   explicit auth_info_memory(auth_info info)
       : info_(std::move(info)), metadata_(info_.resource_metadata_json()),
         required_(info_.required_scopes), challenge_(info_.challenge_scopes),
         urls_(info_.as_metadata_urls) {
      table_.size = sizeof table_;
      table_.resource_metadata_json = str(metadata_);
      table_.as_metadata_json = str(info_.as_metadata_json);
      table_.required_scopes = required_.get();
      table_.challenge_scopes = challenge_.get();
      table_.as_metadata_urls = urls_.get();
      table_.scopes_discovery_url = str(info_.scopes_discovery_url);
   }
   [[nodiscard]] const fmcp_auth_info& table() const noexcept { return table_; }

private:
   auth_info info_;
   std::string metadata_;
   str_list required_, challenge_, urls_;
   fmcp_auth_info table_{};
};

/// The functions of fmcp.auth/1 for one class.
template <class T>
struct auth_of {
   using shape = verify_of<T>;
   static constexpr bool is_sync =
         std::is_same_v<typename shape::takes, types<const auth_request&>> &&
         std::is_convertible_v<typename shape::returns, auth_answer>;
   static constexpr bool is_async = std::is_same_v<typename shape::takes, types<pending_auth&>> &&
                                    std::is_void_v<typename shape::returns>;
   static_assert(is_sync || is_async,
                 "an fmcp::auth_provider has one public function `fmcp::auth_answer verify(const "
                 "fmcp::auth_request&)` or `void verify(fmcp::pending_auth&)`");

   static fmcp_status info(void* p, fmcp_str resource, const fmcp_auth_info** out,
                           fmcp_err* err) noexcept {
      return guard(err, [&]() -> fmcp_status {
         auto& me = instance<T>::self(p);
         me.memory().info =
               std::make_unique<const auth_info_memory>(me.author().info(view(resource)));
         *out = &me.memory().info->table();
         return FMCP_OK;
      });
   }
   static fmcp_status verify(void* p, const fmcp_auth_request* from, fmcp_err* err) noexcept {
      return guard(err, [&]() -> fmcp_status {
         T& author = instance<T>::self(p).author();
         const auth_port& port = author.port();
         const fmcp_auth_request rq = copied(from);
         if constexpr (is_sync) {
            port.send(rq.call, author.verify(auth_request(port.of(), rq)));
            return FMCP_OK;
         } else if constexpr (is_async) {
            return start(author, port, rq);
         } else {
            return FMCP_E_NOT_SUPPORTED;
         }
      });
   }

private:
   static fmcp_status start(T& author, const auth_port& port, const fmcp_auth_request& rq) {
      pending_auth pending(port, rq);
      try {
         author.verify(pending);
      } catch (...) {
         if (pending) {
            pending.give_back();
            throw; // the host answers
         }
         // Whoever it was given to answers.
         port.of().guard_and_log("verify() failed and had given its request away:", [] { throw; });
      }
      return FMCP_PENDING;
   }
};

template <class T>
struct offered<T, std::enable_if_t<std::is_base_of_v<auth_base, T>>> {
   static constexpr bool is_auth = true;
   struct memory {
      std::unique_ptr<const auth_info_memory> info; // [control]
   };
   static const void* facet(std::string_view id) noexcept {
      static constexpr fmcp_auth table{sizeof(fmcp_auth),
                                       is_nonblocking<T>::value ? uint32_t{FMCP_AUTH_NONBLOCKING}
                                                                : 0u,
                                       auth_of<T>::info,
                                       nullptr,
                                       auth_of<T>::verify,
                                       nullptr,
                                       nullptr};
      return id == "fmcp.auth/1" ? &table : nullptr;
   }
};

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
