#pragma once

/// A host of C tables for one authentication provider, in the hands of a test: what the provider
/// asks for is recorded, what it gets is scripted, and callbacks run when the test says so.
///
/// Thread safety: none; everything happens on the test's thread.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fmcp/auth.h>
#include <openssl/sha.h>

namespace fmcp::test {

inline std::string text_at(fmcp_str s) {
   return s.len == 0 ? std::string() : std::string(s.ptr, s.len);
}
inline fmcp_str as_str(std::string_view s) {
   return {s.data(), s.size()};
}
inline std::vector<std::string> texts_at(const fmcp_list& list) {
   std::vector<std::string> out;
   for (std::uint32_t i = 0; i < list.count; ++i) {
      out.push_back(text_at(*reinterpret_cast<const fmcp_str*>(
            static_cast<const char*>(list.items) + std::size_t{i} * list.stride)));
   }
   return out;
}

struct seen_verdict {
   std::int32_t decision = -1, http_status = 0, reason = 0;
   std::uint32_t flags = 0, cache_ttl_s = 0;
   std::string detail, challenge_scope;
   std::string subject, client_id, issuer, tenant, claims_json;
   std::vector<std::string> scopes;
   std::int64_t expires_unix_ms = 0;
};

struct seen_policy {
   std::uint32_t flags = 0, leeway_s = 0;
   std::string jwks_uri, jwks_json, pem, shared_secret;
   std::vector<std::string> issuers, audiences, algorithms, types;
};

struct seen_fetch {
   std::string method, url, body;
   std::map<std::string, std::string> headers;
   std::uint32_t timeout_ms = 0, max_body = 0, max_redirects = 0;
   fmcp_fetch_cb cb = nullptr;
   void* user = nullptr;
};

struct seen_kv {
   std::string what, key, value;
   std::uint64_t ttl_ms = 0, if_version = 0;
   fmcp_value_cb cb = nullptr;
   void* user = nullptr;
};

struct scripted_jwt {
   fmcp_status status = FMCP_OK;
   std::int32_t reason = FMCP_AUTH_WHY_NONE;
   std::string claims_json = R"({"sub":"s"})", detail;
};

class fake_auth_host {
public:
   fake_auth_host() {
      host_.size = sizeof host_;
      host_.ctx = this;
      host_.service = service;
      host_.log = log;
      host_.log_enabled = [](void*, std::int32_t) noexcept { return std::int32_t{1}; };
      host_.mono_ns = [](void* c) noexcept { return of(c).mono_ns; };
      host_.unix_ms = [](void* c) noexcept { return of(c).unix_ms; };
      host_.complete = [](void*, fmcp_call, const fmcp_result*) noexcept {
         return fmcp_status{FMCP_E_GONE};
      };
   }
   fake_auth_host(const fake_auth_host&) = delete;
   fake_auth_host& operator=(const fake_auth_host&) = delete;

   [[nodiscard]] const fmcp_host* table() const { return &host_; }

   // ---- the script ----
   std::vector<std::string> missing;         ///< services that this host does not have
   std::uint64_t mono_ns = 1'000'000'000;    ///< its clocks
   std::int64_t unix_ms = 1'700'000'000'000; ///< 2023-11-14
   fmcp_status policy_status = FMCP_OK;
   scripted_jwt jwt;                   ///< what verify_now answers; FMCP_PENDING: see `waiting`
   fmcp_status start_status = FMCP_OK; ///< of fetch, of verify, of post

   // ---- what happened ----
   std::vector<seen_policy> policies;
   std::vector<seen_fetch> fetches;
   std::vector<seen_kv> kv;
   std::vector<std::pair<fmcp_jwt_cb, void*>> waiting;
   std::vector<std::pair<fmcp_task, void*>> tasks;
   std::multimap<fmcp_call, seen_verdict> verdicts;
   std::vector<std::string> forgotten;
   std::vector<std::pair<std::int32_t, std::string>> lines;

   void run_tasks() {
      for (auto [fn, user] : std::exchange(tasks, {})) fn(user);
   }
   void key_arrives(const scripted_jwt& how) {
      for (auto [cb, user] : std::exchange(waiting, {})) {
         cb(user, how.status, how.reason, as_str(how.claims_json), as_str(how.detail));
      }
   }
   void answer_fetch(std::size_t i, int http_status, std::string_view body) {
      const auto& f = fetches.at(i);
      fmcp_fetched r{};
      r.size = sizeof r;
      r.http_status = http_status;
      r.body = {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()};
      f.cb(f.user, FMCP_OK, &r, {});
   }
   void fail_fetch(std::size_t i, fmcp_status st, std::string_view error) {
      const auto& f = fetches.at(i);
      f.cb(f.user, st, nullptr, as_str(error));
   }
   /// All that was logged.
   [[nodiscard]] std::string log_text() const {
      std::string out;
      for (const auto& [level, line] : lines) out += line + "\n";
      return out;
   }

private:
   static fake_auth_host& of(void* ctx) noexcept { return *static_cast<fake_auth_host*>(ctx); }

   static const void* service(void* ctx, fmcp_str id) noexcept {
      const auto name = text_at(id);
      for (const auto& gone : of(ctx).missing) {
         if (gone == name) return nullptr;
      }
      static constexpr fmcp_exec exec{sizeof(fmcp_exec), 0, post, nullptr, nullptr};
      static constexpr fmcp_auth_host auth{sizeof(fmcp_auth_host), 0, verified, nullptr, forget};
      static constexpr fmcp_jwt jwt{sizeof(fmcp_jwt), 0, policy, verify_now, verify};
      static constexpr fmcp_http http{sizeof(fmcp_http), 0, fetch, nullptr};
      static constexpr fmcp_crypto crypto{
            sizeof(fmcp_crypto), 0, random, seal, open, sha256, equal};
      static constexpr fmcp_kvstore kv{sizeof(fmcp_kvstore), 0, get, put, take, del};
      if (name == "fmcp.exec/1") return &exec;
      if (name == "fmcp.auth-host/1") return &auth;
      if (name == "fmcp.jwt/1") return &jwt;
      if (name == "fmcp.http/1") return &http;
      if (name == "fmcp.crypto/1") return &crypto;
      if (name == "fmcp.kv/1") return &kv;
      return nullptr;
   }
   static void log(void* ctx, std::int32_t level, fmcp_str text, fmcp_str) noexcept {
      of(ctx).lines.emplace_back(level, text_at(text));
   }
   static fmcp_status post(void* ctx, fmcp_task fn, void* user) noexcept {
      if (of(ctx).start_status == FMCP_OK) of(ctx).tasks.emplace_back(fn, user);
      return of(ctx).start_status;
   }

   static fmcp_status verified(void* ctx, fmcp_call c, const fmcp_auth_result* r) noexcept {
      seen_verdict v;
      v.decision = r->decision;
      v.http_status = r->http_status;
      v.reason = r->reason;
      v.flags = r->flags;
      v.cache_ttl_s = r->cache_ttl_s;
      v.detail = text_at(r->detail);
      v.challenge_scope = text_at(r->challenge_scope);
      if (const auto* who = r->principal) {
         v.subject = text_at(who->subject);
         v.client_id = text_at(who->client_id);
         v.issuer = text_at(who->issuer);
         v.tenant = text_at(who->tenant);
         v.claims_json = text_at(who->claims_json);
         v.scopes = texts_at(who->scopes);
         v.expires_unix_ms = who->expires_unix_ms;
      }
      of(ctx).verdicts.emplace(c, std::move(v));
      return FMCP_OK;
   }
   static fmcp_status forget(void* ctx, fmcp_bytes digest) noexcept {
      of(ctx).forgotten.emplace_back(reinterpret_cast<const char*>(digest.ptr), digest.len);
      return FMCP_OK;
   }

   static fmcp_status policy(void* ctx, const fmcp_jwt_policy* p, std::uint64_t* id,
                             fmcp_err* err) noexcept {
      auto& me = of(ctx);
      if (me.policy_status != FMCP_OK) {
         constexpr std::string_view why = "issuers is empty.";
         std::memcpy(err->msg, why.data(), why.size());
         err->len = why.size();
         return me.policy_status;
      }
      seen_policy s;
      s.flags = p->flags;
      s.leeway_s = p->leeway_s;
      s.jwks_uri = text_at(p->jwks_uri);
      s.jwks_json = text_at(p->jwks_json);
      s.pem = text_at(p->pem);
      s.shared_secret.assign(reinterpret_cast<const char*>(p->shared_secret.ptr),
                             p->shared_secret.len);
      s.issuers = texts_at(p->issuers);
      s.audiences = texts_at(p->audiences);
      s.algorithms = texts_at(p->algorithms);
      s.types = texts_at(p->types);
      me.policies.push_back(std::move(s));
      *id = me.policies.size();
      return FMCP_OK;
   }
   static fmcp_status verify_now(void* ctx, std::uint64_t id, fmcp_str, fmcp_buf* claims,
                                 std::int32_t* reason, fmcp_err* err) noexcept {
      auto& me = of(ctx);
      if (id == 0 || id > me.policies.size()) return FMCP_E_INVALID;
      *reason = me.jwt.reason;
      const auto n = std::min<std::size_t>(err->cap, me.jwt.detail.size());
      std::memcpy(err->msg, me.jwt.detail.data(), n);
      err->len = static_cast<std::uint32_t>(n);
      if (me.jwt.status == FMCP_OK) {
         *claims = give(me.jwt.claims_json);
      }
      return me.jwt.status;
   }
   static fmcp_status verify(void* ctx, std::uint64_t, fmcp_str, fmcp_jwt_cb cb,
                             void* user) noexcept {
      if (of(ctx).start_status == FMCP_OK) of(ctx).waiting.emplace_back(cb, user);
      return of(ctx).start_status;
   }

   static fmcp_status fetch(void* ctx, const fmcp_fetch* rq, fmcp_fetch_cb cb, void* user,
                            fmcp_op* op) noexcept {
      auto& me = of(ctx);
      if (me.start_status != FMCP_OK) return me.start_status;
      seen_fetch f;
      f.method = text_at(rq->method);
      f.url = text_at(rq->url);
      f.body.assign(reinterpret_cast<const char*>(rq->body.ptr), rq->body.len);
      for (std::uint32_t i = 0; i < rq->headers.count; ++i) {
         const auto& h = *reinterpret_cast<const fmcp_http_header*>(
               static_cast<const char*>(rq->headers.items) + std::size_t{i} * rq->headers.stride);
         f.headers[text_at(h.name)] = text_at(h.value);
      }
      f.timeout_ms = rq->timeout_ms;
      f.max_body = rq->max_body;
      f.max_redirects = rq->max_redirects;
      f.cb = cb;
      f.user = user;
      me.fetches.push_back(std::move(f));
      if (op != nullptr) *op = me.fetches.size();
      return FMCP_OK;
   }

   static fmcp_status keep(void* ctx, seen_kv op) noexcept {
      if (of(ctx).start_status == FMCP_OK) of(ctx).kv.push_back(std::move(op));
      return of(ctx).start_status;
   }
   static fmcp_status get(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user) noexcept {
      return keep(ctx, {"get", text_at(key), {}, 0, 0, cb, user});
   }
   static fmcp_status put(void* ctx, fmcp_str key, fmcp_bytes v, std::uint64_t ttl_ms,
                          std::uint64_t if_version, fmcp_value_cb cb, void* user) noexcept {
      return keep(ctx, {"put", text_at(key), bytes_at(v), ttl_ms, if_version, cb, user});
   }
   static fmcp_status take(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user) noexcept {
      return keep(ctx, {"take", text_at(key), {}, 0, 0, cb, user});
   }
   static fmcp_status del(void* ctx, fmcp_str key, fmcp_value_cb cb, void* user) noexcept {
      return keep(ctx, {"del", text_at(key), {}, 0, 0, cb, user});
   }

   static std::string bytes_at(fmcp_bytes b) {
      return b.len == 0 ? std::string() : std::string(reinterpret_cast<const char*>(b.ptr), b.len);
   }
   static fmcp_buf give(std::string text) {
      auto* owned = new std::string(std::move(text));
      return {owned->data(), owned->size(),
              [](void* o, const void*, std::uint64_t) noexcept {
                 delete static_cast<std::string*>(o);
              },
              owned};
   }
   static fmcp_status random(void*, std::uint8_t* out, std::uint64_t n) noexcept {
      std::fill_n(out, n, std::uint8_t{'r'});
      return FMCP_OK;
   }
   /// No encryption: "aad|ttl|plain".
   static fmcp_status seal(void*, fmcp_bytes plain, fmcp_bytes aad, std::uint64_t ttl_ms,
                           fmcp_buf* out) noexcept {
      if (ttl_ms == 0) return FMCP_E_INVALID;
      *out = give(bytes_at(aad) + "|" + std::to_string(ttl_ms) + "|" + bytes_at(plain));
      return FMCP_OK;
   }
   static fmcp_status open(void*, fmcp_bytes sealed, fmcp_bytes aad, fmcp_buf* out) noexcept {
      const auto text = bytes_at(sealed), with = bytes_at(aad) + "|";
      const auto end = text.rfind('|');
      if (text.compare(0, with.size(), with) != 0 || end < with.size()) return FMCP_E_DENIED;
      *out = give(text.substr(end + 1));
      return FMCP_OK;
   }
   static fmcp_status sha256(void*, fmcp_bytes in, std::uint8_t out[32]) noexcept {
      ::SHA256(in.ptr, in.len, out);
      return FMCP_OK;
   }
   static std::int32_t equal(void*, fmcp_bytes a, fmcp_bytes b) noexcept {
      return a.len == b.len && std::memcmp(a.ptr, b.ptr, a.len) == 0 ? 1 : 0;
   }

   fmcp_host host_{};
};

/// One instance of a provider in such a host.
class fake_hosted_provider {
public:
   using secrets = std::vector<std::pair<std::string, std::string>>;

   fake_hosted_provider(fake_auth_host& host, const fmcp_entry* entry,
                        std::string_view config_json = "{}", const secrets& hidden = {})
       : host_(host) {
      char room[1024];
      fmcp_err err{0, sizeof room, 0, 0, room};
      if (entry->create(host.table(), as_str("subject"), &plugin_, &err) != FMCP_OK) {
         plugin_ = nullptr;
         problem_.assign(room, err.len);
         return;
      }
      std::vector<fmcp_kv> kv;
      for (const auto& [key, value] : hidden) kv.push_back({as_str(key), as_str(value)});
      fmcp_init in{};
      in.size = sizeof in;
      in.instance = as_str("subject");
      in.config_json = as_str(config_json);
      in.secrets = {kv.data(), static_cast<std::uint32_t>(kv.size()), sizeof(fmcp_kv)};
      if (plugin_->init != nullptr && plugin_->init(plugin_->self, &in, &err) != FMCP_OK) {
         problem_.assign(room, err.len);
         return;
      }
      auth_ = static_cast<const fmcp_auth*>(plugin_->facet(plugin_->self, as_str("fmcp.auth/1")));
      if (auth_ == nullptr) problem_ = "no facet";
   }
   fake_hosted_provider(const fake_hosted_provider&) = delete;
   fake_hosted_provider& operator=(const fake_hosted_provider&) = delete;
   ~fake_hosted_provider() {
      if (plugin_ == nullptr) return;
      if (auth_ != nullptr && plugin_->quiesce != nullptr) plugin_->quiesce(plugin_->self);
      if (plugin_->destroy != nullptr) plugin_->destroy(plugin_->self);
   }

   /// Why it did not start, or empty.
   [[nodiscard]] const std::string& problem() const { return problem_; }
   [[nodiscard]] const fmcp_auth& auth() const { return *auth_; }
   [[nodiscard]] const fmcp_plugin& plugin() const { return *plugin_; }

   const fmcp_auth_info& info(std::string_view resource = "https://srv.example/mcp") {
      const fmcp_auth_info* out = nullptr;
      char room[256];
      fmcp_err err{0, sizeof room, 0, 0, room};
      if (auth_->info(plugin_->self, as_str(resource), &out, &err) != FMCP_OK) {
         throw std::runtime_error(std::string(room, err.len));
      }
      return *out;
   }
   /// Asks; what verify() returned is in `status`, its words in `words`. The number of the call.
   fmcp_call ask(std::string_view token, std::uint64_t deadline_ns = 0) {
      token_ = token;
      fmcp_auth_request rq{};
      rq.size = sizeof rq;
      rq.call = ++calls_;
      rq.deadline_ns = deadline_ns;
      rq.token = as_str(token_);
      rq.scheme = as_str("Bearer");
      rq.method = as_str("POST");
      rq.url = as_str("https://srv.example/mcp");
      rq.resource = as_str("https://srv.example/mcp");
      char room[1024];
      fmcp_err err{0, sizeof room, 0, 0, room};
      status = auth_->verify(plugin_->self, &rq, &err);
      words.assign(room, err.len);
      return rq.call;
   }
   /// Asks and expects one answer at once.
   seen_verdict verify(std::string_view token) { return answer_of(ask(token)); }
   /// Of that call, which must have exactly one answer.
   seen_verdict answer_of(fmcp_call c) {
      if (host_.verdicts.count(c) != 1) {
         throw std::runtime_error("there are " + std::to_string(host_.verdicts.count(c)) +
                                  " answers and not one; " + words);
      }
      return host_.verdicts.find(c)->second;
   }

   fmcp_status status = FMCP_OK;
   std::string words;

private:
   fake_auth_host& host_;
   const fmcp_plugin* plugin_ = nullptr;
   const fmcp_auth* auth_ = nullptr;
   std::string problem_, token_;
   fmcp_call calls_ = 0;
};

/// A built file, loaded by the system's loader as long as this lives.
class loaded_file {
public:
   explicit loaded_file(const std::string& path)
       : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      if (handle_ == nullptr) throw std::runtime_error(::dlerror());
   }
   loaded_file(const loaded_file&) = delete;
   loaded_file& operator=(const loaded_file&) = delete;
   ~loaded_file() { ::dlclose(handle_); }
   [[nodiscard]] const fmcp_entry* entry() const {
      using entry_fn = const fmcp_entry* (*)();
      auto* fn = reinterpret_cast<entry_fn>(::dlsym(handle_, "fmcp_plugin_entry_v1"));
      if (fn == nullptr) throw std::runtime_error("no entry");
      return fn();
   }

private:
   void* handle_;
};

} // namespace fmcp::test
