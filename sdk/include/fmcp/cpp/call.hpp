/// fmcp/cpp/call.hpp - a running call, seen from the tool.
///
/// A tool that asks for `fmcp::call&` is answered by what its function returns. A tool that asks
/// for `fmcp::async_call&` answers later: it moves the call to wherever the work goes on, and the
/// thread is free meanwhile.
///
///    add(fmcp::tool("wait", "Waits a second", [](fmcp::async_call& call) {
///       call.after(1s, [](fmcp::async_call& c) { c.complete("done"); });
///    }));
///
/// An async_call completes exactly once: complete() and fail() do it, a second one does nothing, and
/// one that is dropped without either tells the client that the tool ended without an answer.
///
/// Thread safety: the functions of call may be called from any thread; complete(), fail(), moving
/// and destroying belong to one thread at a time.
/// Lifetimes: string views that it returns live until the call is completed, and no longer.
#ifndef FMCP_CPP_CALL_HPP
#define FMCP_CPP_CALL_HPP

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/convert.hpp"
#include "detail/engine.hpp"

namespace fmcp {
inline namespace v1 {

/// Who makes a request. Views into the request.
class principal {
public:
   explicit principal(const fmcp_principal* from) noexcept : of_(detail::copied(from)) {}

   [[nodiscard]] std::string_view subject() const noexcept { return detail::view(of_.subject); }
   [[nodiscard]] std::string_view client_id() const noexcept { return detail::view(of_.client_id); }
   [[nodiscard]] std::string_view issuer() const noexcept { return detail::view(of_.issuer); }
   [[nodiscard]] std::string_view provider() const noexcept { return detail::view(of_.provider); }
   [[nodiscard]] std::string_view tenant() const noexcept { return detail::view(of_.tenant); }
   [[nodiscard]] std::vector<std::string_view> scopes() const {
      std::vector<std::string_view> out;
      for (uint32_t i = 0; i < of_.scopes.count; ++i) {
         fmcp_str s{};
         const auto* at = static_cast<const char*>(of_.scopes.items);
         std::memcpy(&s, at + std::size_t{i} * of_.scopes.stride, sizeof s);
         out.push_back(detail::view(s));
      }
      return out;
   }
   [[nodiscard]] bool has_scope(std::string_view scope) const {
      for (const auto s : scopes()) {
         if (s == scope) return true;
      }
      return false;
   }
   /// All claims, one object. Errors: json_error.
   [[nodiscard]] json_view claims() const {
      const auto text = detail::view(of_.claims_json);
      return text.empty() ? json_view("{}") : json_view(text);
   }
   [[nodiscard]] std::optional<std::chrono::system_clock::time_point> expires() const {
      if (of_.expires_unix_ms == 0) return std::nullopt;
      return std::chrono::system_clock::time_point(std::chrono::milliseconds(of_.expires_unix_ms));
   }

private:
   fmcp_principal of_;
};

/// While it lives, its function is called when the call is cancelled. Its destructor waits for a
/// function that is running on another thread, so what the function refers to may go afterwards.
class [[nodiscard]] cancel_guard {
public:
   cancel_guard() noexcept = default;
   cancel_guard(detail::engine& of, fmcp_call call, std::function<void()> heard)
       : of_(&of), call_(call), listener_(of.listen(call, std::move(heard))) {}
   cancel_guard(cancel_guard&& other) noexcept
       : of_(std::exchange(other.of_, nullptr)), call_(other.call_),
         listener_(std::move(other.listener_)) {}
   cancel_guard& operator=(cancel_guard&& other) noexcept {
      if (this != &other) {
         reset();
         of_ = std::exchange(other.of_, nullptr);
         call_ = other.call_;
         listener_ = std::move(other.listener_);
      }
      return *this;
   }
   ~cancel_guard() { reset(); }
   void reset() noexcept {
      if (of_ != nullptr) std::exchange(of_, nullptr)->forget(call_, listener_);
      listener_.reset();
   }

private:
   detail::engine* of_ = nullptr;
   fmcp_call call_ = 0;
   std::shared_ptr<detail::cancel_listener> listener_;
};

/// What every kind of call can do.
class call {
public:
   call(const call&) = delete;
   call& operator=(const call&) = delete;

   // ---- the client ----

   /// `done` must rise from one report to the next; `total` 0: not known. Costs nothing when the
   /// client did not ask for it.
   void progress(double done, double total = 0, std::string_view message = {}) const noexcept {
      (void)host().progress(host().ctx, rq_.call, done, total, detail::str(message));
   }
   [[nodiscard]] bool wants_progress() const noexcept { return has(FMCP_RQ_PROGRESS); }
   /// A log message to the client, not to the host's log.
   void client_log(level l, std::string_view text, std::string_view logger = {}) const {
      std::string json;
      append_json_string(json, text);
      send_log(l, json, logger);
   }
   void client_log(level l, const json_text& data, std::string_view logger = {}) const {
      send_log(l, data.str(), logger);
   }

   // ---- time ----

   /// Whether nobody waits for the answer any more: ask in loops, at least every 100 ms.
   [[nodiscard]] bool is_cancelled() const noexcept {
      return is_stopping_ || host().cancelled(host().ctx, rq_.call) != 0;
   }
   /// Errors: cancelled, when it is: the way out of a deep loop.
   void stop_if_cancelled() const {
      if (is_cancelled()) throw cancelled();
   }
   /// Calls `f` from another thread as soon as the call is cancelled, or at once if it is. `f`
   /// wakes up whoever blocks; it must not block itself.
   [[nodiscard]] cancel_guard on_cancel(std::function<void()> f) const {
      return {*engine_, rq_.call, std::move(f)};
   }
   /// Until the host gives the call up; nothing: it never does.
   [[nodiscard]] std::optional<std::chrono::nanoseconds> time_left() const noexcept {
      if (rq_.deadline_ns == 0) return std::nullopt;
      const uint64_t now = host().mono_ns(host().ctx);
      return std::chrono::nanoseconds(
            now < rq_.deadline_ns ? static_cast<int64_t>(rq_.deadline_ns - now) : 0);
   }

   // ---- the request ----

   [[nodiscard]] std::string_view tool_name() const noexcept { return detail::view(rq_.name); }
   /// Nothing: the host runs without authentication.
   [[nodiscard]] std::optional<principal> caller() const noexcept {
      if (rq_.principal == nullptr) return std::nullopt;
      return principal(rq_.principal);
   }
   /// The same for the calls of one session; empty when there are no sessions.
   [[nodiscard]] std::string_view session_id() const noexcept {
      return detail::view(rq_.session_id);
   }
   /// The MCP revision of this request: "2026-07-28".
   [[nodiscard]] std::string_view protocol_version() const noexcept {
      return detail::view(rq_.protocol_version);
   }
   /// JSON objects as the client sent them; "{}" where it sent none. Errors: json_error.
   [[nodiscard]] json_view arguments() const { return object(rq_.args_json); }
   [[nodiscard]] json_view meta() const { return object(rq_.meta_json); }
   [[nodiscard]] json_view client_info() const { return object(rq_.client_info_json); }
   [[nodiscard]] json_view client_capabilities() const { return object(rq_.client_caps_json); }
   [[nodiscard]] std::string_view traceparent() const noexcept {
      return detail::view(rq_.traceparent);
   }
   [[nodiscard]] bool can_sample() const noexcept { return has(FMCP_RQ_CAN_SAMPLE); }
   [[nodiscard]] bool can_elicit() const noexcept { return has(FMCP_RQ_CAN_ELICIT); }
   [[nodiscard]] bool can_elicit_url() const noexcept { return has(FMCP_RQ_CAN_ELICIT_URL); }
   [[nodiscard]] bool can_list_roots() const noexcept { return has(FMCP_RQ_CAN_ROOTS); }

   /// For the library only.
   call(detail::engine& of, const fmcp_request& rq) noexcept : engine_(&of), rq_(rq) {}

protected:
   call(call&& other) noexcept
       : engine_(std::exchange(other.engine_, nullptr)), rq_(other.rq_),
         is_stopping_(other.is_stopping_) {}
   call& operator=(call&& other) noexcept {
      engine_ = std::exchange(other.engine_, nullptr);
      rq_ = other.rq_;
      is_stopping_ = other.is_stopping_;
      return *this;
   }
   ~call() = default;

   [[nodiscard]] const fmcp_host& host() const noexcept { return engine_->host(); }

   detail::engine* engine_; // null: moved from or completed
   fmcp_request rq_;
   bool is_stopping_ = false; // a wait was cut short

private:
   [[nodiscard]] bool has(uint32_t flag) const noexcept { return (rq_.flags & flag) != 0; }
   static json_view object(fmcp_str s) {
      return s.len == 0 ? json_view("{}") : json_view(detail::view(s));
   }
   void send_log(level l, std::string_view json, std::string_view logger) const noexcept {
      (void)host().client_log(host().ctx, rq_.call, static_cast<int32_t>(l), detail::str(logger),
                              detail::str(json));
   }
};

/// A call whose answer, of type R, comes later. Movable; empty once it was moved from or completed,
/// and then only good for being destroyed, assigned to, and asked whether it is empty.
template <class R>
class async_call_for : public call {
public:
   using answer = R;

   async_call_for(async_call_for&& other) noexcept = default;
   async_call_for& operator=(async_call_for&& other) noexcept {
      if (this != &other) {
         drop();
         call::operator=(std::move(other));
      }
      return *this;
   }
   ~async_call_for() { drop(); }

   /// Whether it still has to be completed.
   [[nodiscard]] explicit operator bool() const noexcept { return engine_ != nullptr; }

   /// Ends the call with a value of type R; an async_call takes whatever a tool may return. Errors:
   /// what turning it into JSON throws; the call is open then.
   template <class V = R>
   void complete(V&& value) {
      if (engine_ == nullptr) return;
      (void)engine_->complete(rq_.call, answer_of(std::forward<V>(value)));
      engine_ = nullptr;
   }
   /// Ends the call with an error that the model sees.
   void fail(std::string_view text) noexcept {
      if (engine_ == nullptr) return;
      engine_->complete_with(rq_.call, FMCP_OUT_TOOL_ERROR, 0, text);
      engine_ = nullptr;
   }
   /// Inside a catch block: ends the call with what the exception says.
   void fail_from_exception() noexcept {
      if (engine_ == nullptr) return;
      engine_->complete_from_exception(rq_.call);
      engine_ = nullptr;
   }
   /// Completes with what `f()` returns, or fails with what it throws: for threads of one's own,
   /// where nobody else catches.
   template <class F>
   void complete_with(F&& f) noexcept {
      try {
         complete(std::forward<F>(f)());
      } catch (...) { // not guard_with(): tool_error and rpc_error are answers of their own
         fail_from_exception();
      }
   }

   /// Goes on in `f(async_call_for&)`, on a thread of the host. What `f` throws fails the call; so
   /// does a host that takes no more tasks.
   template <class F>
   void post(F f) {
      go_on(std::move(f), [](detail::engine& e, auto step) { e.post(std::move(step)); });
   }
   /// The same after a time. Earlier when the call is cancelled or the plugin stopped, so that
   /// nobody waits for nothing; is_cancelled() is true then.
   template <class Rep, class Period, class F>
   void after(std::chrono::duration<Rep, Period> time, F f) {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
      go_on(std::move(f), [ms, id = rq_.call](detail::engine& e, auto step) {
         e.after_or_cancelled(id, ms > 0 ? static_cast<uint64_t>(ms) : 0, std::move(step));
      });
   }

   /// For the library only.
   async_call_for(detail::engine& of, const fmcp_request& rq) noexcept : call(of, rq) {}

private:
   void drop() noexcept { fail("The tool ended without an answer."); }

   template <class V>
   static result answer_of(V&& value) {
      using T = std::decay_t<V>;
      if constexpr (std::is_same_v<R, result>) {
         static_assert(detail::is_answer<T>(),
                       "complete() takes text, a described struct or another type that has a JSON "
                       "form, fmcp::structured<T>, fmcp::content or fmcp::result");
         return detail::to_result(std::forward<V>(value));
      } else {
         static_assert(std::is_convertible_v<V, R>,
                       "complete() takes the T of async_call_for<T>, which is what the tool's "
                       "outputSchema promises");
         return detail::to_result(R(std::forward<V>(value)));
      }
   }

   template <class F, class Start>
   void go_on(F f, Start start) {
      static_assert(std::is_invocable_v<F&, async_call_for&>,
                    "the function must take the call: [](fmcp::async_call& call) { ... }");
      if (engine_ == nullptr) return;
      detail::engine& e = *engine_;
      // Shared, so that a host that refuses the task leaves the call to be failed with the reason.
      auto kept = std::make_shared<async_call_for>(std::move(*this));
      try {
         start(e, [kept, f = std::move(f)](bool is_early = false) mutable {
            if (is_early) kept->is_stopping_ = true;
            try {
               f(*kept);
            } catch (...) {
               // Whoever it was moved to completes it, if only by dropping it.
               if (!*kept) throw;
               kept->fail_from_exception();
            }
         });
      } catch (...) {
         kept->fail_from_exception();
      }
   }
};

using async_call = async_call_for<result>;

} // namespace v1
} // namespace fmcp
#endif
