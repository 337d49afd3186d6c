/// fmcp/cpp/tool.hpp - a tool: a function and what clients are told about it.
///
///    fmcp::tool("forecast", "Says what the weather will be like",
///               [](const forecast_request& in, fmcp::call& call) -> forecast { … })
///
/// The function takes, in this order and as needed,
///
///    its arguments    a described struct (fields.hpp), or json_text for any object
///    its call         fmcp::call& to be answered by what it returns, or
///                     fmcp::async_call& / fmcp::async_call_for<T>& to answer later (then it
///                     returns void)
///
/// and returns what it answers: text, a described struct or anything else that has a JSON form
/// (structured content), fmcp::structured<T>, fmcp::content, fmcp::result, or nothing. inputSchema
/// and outputSchema follow from these types.
///
/// It is called from many threads at a time unless max_concurrency(1) says otherwise, so it must
/// not be a mutable lambda. What it throws becomes an answer, see error.hpp.
#ifndef FMCP_CPP_TOOL_HPP
#define FMCP_CPP_TOOL_HPP

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "call.hpp"

namespace fmcp {
inline namespace v1 {

namespace detail {

template <class... T>
struct types {};

template <class F>
struct signature : std::false_type {};
template <class R, class... A>
struct signature<R (*)(A...)> : std::true_type {
   using returns = R;
   using takes = types<A...>;
};
template <class R, class... A>
struct signature<R (*)(A...) noexcept> : signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) const> : signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) const noexcept> : signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...)> : signature<R (*)(A...)> {
   static constexpr bool is_mutable = true;
};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) noexcept> : signature<R (C::*)(A...)> {};

template <class F, class = void>
struct signature_of : signature<std::decay_t<F>> {};
template <class F>
struct signature_of<F, std::void_t<decltype(&F::operator())>>
    : signature<decltype(&F::operator())> {};

template <class S, class = void>
struct is_mutable : std::false_type {};
template <class S>
struct is_mutable<S, std::enable_if_t<S::is_mutable>> : std::true_type {};

template <class A>
inline constexpr bool is_sync_call =
      std::is_same_v<std::remove_const_t<std::remove_reference_t<A>>, call> &&
      std::is_lvalue_reference_v<A>;
template <class A>
struct async_answer : std::false_type {};
template <class R>
struct async_answer<async_call_for<R>&> : std::true_type {
   using type = R;
};
template <class R>
struct async_answer<async_call_for<R>> : std::true_type {
   using type = R;
   static_assert(always_false<R>::value,
                 "take the call as fmcp::async_call&, and std::move it to where it is completed");
};
template <class A>
inline constexpr bool is_any_call = is_sync_call<A> || async_answer<A>::value;

template <class A>
constexpr bool is_arguments() {
   using T = std::decay_t<A>;
   const bool is_input =
         !std::is_lvalue_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>;
   return is_input && !is_any_call<A> &&
          (is_described<T>::value || map_of<T>::value || std::is_same_v<T, json_text>);
}

/// No arguments: an object without members.
struct no_arguments {
   void describe(fields&) {}
};

// What a list of parameters means.
template <class Takes>
struct parameters : std::false_type {};
template <>
struct parameters<types<>> : std::true_type {
   using arguments = no_arguments;
   using call_type = void;
   static constexpr bool has_arguments = false;
};
template <class A>
struct parameters<types<A>> : std::bool_constant<is_any_call<A> || is_arguments<A>()> {
   static constexpr bool has_arguments = !is_any_call<A>;
   using arguments = std::conditional_t<has_arguments, std::decay_t<A>, no_arguments>;
   using call_type = std::conditional_t<has_arguments, void, A>;
};
template <class A, class C>
struct parameters<types<A, C>> : std::bool_constant<is_arguments<A>() && is_any_call<C>> {
   static constexpr bool has_arguments = true;
   using arguments = std::decay_t<A>;
   using call_type = C;
};

template <class T>
std::string input_schema_of() {
   if constexpr (std::is_same_v<T, json_text>) {
      return R"({"type":"object"})";
   } else {
      return schema_of<T>(true);
   }
}

class sync_call final : public call {
public:
   using call::call;
};

/// How one function is run.
template <class F, class P, class R>
struct runner {
   using arguments = typename P::arguments;
   using call_type = typename P::call_type;
   static constexpr bool is_async = async_answer<call_type>::value;

   static arguments read_arguments(const fmcp_request& rq) {
      const auto text = view(rq.args_json);
      if constexpr (std::is_same_v<arguments, no_arguments>) {
         return {};
      } else {
         try {
            return read_root<arguments>(json_view::unchecked(text.empty() ? "{}" : text));
         } catch (const json_error& e) {
            throw tool_error(std::string("The arguments do not fit: ") + e.what());
         }
      }
   }
   template <class C>
   static decltype(auto) enter(const F& f, const fmcp_request& rq, [[maybe_unused]] C& c) {
      if constexpr (!P::has_arguments && std::is_void_v<call_type>) {
         return f();
      } else if constexpr (!P::has_arguments) {
         return f(c);
      } else if constexpr (std::is_void_v<call_type>) {
         return f(read_arguments(rq));
      } else {
         return f(read_arguments(rq), c);
      }
   }
   static fmcp_status run(const F& f, engine& of, const fmcp_request& rq, fmcp_err* err) {
      if constexpr (is_async) {
         (void)err;
         std::remove_reference_t<call_type> c(of, rq);
         try {
            enter(f, rq, c);
         } catch (...) {
            if (!c) throw; // whoever it was given to completes it; this is for the log
            c.fail_from_exception();
         }
         return FMCP_PENDING;
      } else {
         try {
            sync_call c(of, rq);
            if constexpr (std::is_void_v<R>) {
               enter(f, rq, c);
               of.complete(rq.call, result());
            } else {
               of.complete(rq.call, to_result(enter(f, rq, c)));
            }
            return FMCP_OK;
         } catch (...) {
            return of.complete_from_exception(rq.call, err);
         }
      }
   }
};

} // namespace detail

/// A tool to be given to plugin::add(). A value: it may be built up, copied, and kept.
class tool {
public:
   /// `name`: 1 to 128 of A-Z a-z 0-9 _ - . ; `description`: for the model, what it does and when
   /// to use it.
   template <class F>
   tool(std::string name, std::string description, F function)
       : name_(std::move(name)), description_(std::move(description)) {
      using shape = detail::signature_of<F>;
      static_assert(shape::value,
                    "a tool's function must be a lambda, function object or function pointer that "
                    "is neither generic (auto parameters) nor overloaded");
      if constexpr (shape::value) {
         static_assert(!detail::is_mutable<shape>::value,
                       "a tool's function runs on many threads at a time, so it must be const: "
                       "remove `mutable`, and guard what it changes with a mutex");
         using parameters = detail::parameters<typename shape::takes>;
         static_assert(parameters::value,
                       "a tool's function takes (), (arguments), (call) or (arguments, call): "
                       "arguments by value or const& as a struct with void "
                       "describe(fmcp::fields&), a std::map<std::string, T> or fmcp::json_text; "
                       "the call as fmcp::call& or fmcp::async_call&");
         if constexpr (parameters::value && !detail::is_mutable<shape>::value) {
            take<F, parameters, shape>(std::move(function));
         }
      }
   }

   /// The name for people.
   tool& title(std::string text) {
      title_ = std::move(text);
      return *this;
   }
   /// An https: or data: URL; `sizes` such as "48x48", or "any".
   tool& icon(std::string src, std::string mime = {}, std::vector<std::string> sizes = {}) {
      icons_.push_back({std::move(src), optional_text(std::move(mime)), std::move(sizes)});
      return *this;
   }

   // Hints for clients, which may not believe them.
   /// It changes nothing.
   tool& read_only() {
      hints_.read_only = true;
      return *this;
   }
   /// Whether what it changes may be lost; MCP assumes yes.
   tool& destructive(bool is) {
      hints_.destructive = is;
      return *this;
   }
   /// Doing it twice is as good as once.
   tool& idempotent() {
      hints_.idempotent = true;
      return *this;
   }
   /// Whether it reaches beyond this machine; MCP assumes yes.
   tool& open_world(bool is) {
      hints_.open_world = is;
      return *this;
   }

   // What the host enforces.
   /// Calls at a time; 0: no limit.
   tool& max_concurrency(uint32_t calls) {
      max_concurrency_ = calls;
      return *this;
   }
   /// How long a call may take; else what the operator set.
   template <class Rep, class Period>
   tool& timeout(std::chrono::duration<Rep, Period> time) {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
      timeout_ms_ = ms < 1 ? 1 : ms > 0xFFFFFFFFLL ? 0xFFFFFFFFu : static_cast<uint32_t>(ms);
      return *this;
   }
   /// It returns within about 100 microseconds and waits for nothing: it may run on the thread that
   /// serves the network.
   tool& nonblocking() {
      exec_ = FMCP_EX_NONBLOCKING;
      return *this;
   }
   /// What the caller's token must grant, all of it.
   tool& required_scopes(std::vector<std::string> scopes) {
      scopes_ = std::move(scopes);
      return *this;
   }

   // Instead of what the types say.
   /// For arguments taken as json_text. Passed to clients as it is.
   tool& input_schema(const json_text& schema) {
      input_schema_ = schema.str();
      return *this;
   }
   /// For structured content that a fmcp::result carries.
   tool& output_schema(const json_text& schema) {
      output_schema_ = schema.str();
      return *this;
   }
   /// `_meta` of the tool, an object.
   tool& meta(const json_text& object) {
      meta_ = object.str();
      return *this;
   }

   [[nodiscard]] const std::string& name() const noexcept { return name_; }
   /// The MCP Tool object.
   [[nodiscard]] std::string json() const {
      std::string out;
      json_writer w(out);
      w.begin_object();
      w.key("name").string(name_);
      if (!title_.empty()) w.key("title").string(title_);
      w.key("description").string(description_);
      w.key("inputSchema").raw(input_schema_);
      if (!output_schema_.empty()) w.key("outputSchema").raw(output_schema_);
      if (hints_.is_any()) {
         auto copy = hints_;
         w.key("annotations").raw(detail::json_of(copy));
      }
      if (!icons_.empty()) {
         auto copy = icons_;
         w.key("icons").raw(detail::json_of(copy));
      }
      if (!meta_.empty()) w.key("_meta").raw(meta_);
      w.end_object();
      return out;
   }
   /// For the library only.
   [[nodiscard]] detail::tool_entry entry() const {
      return {name_, json(), scopes_, exec_, max_concurrency_, timeout_ms_, run_};
   }

private:
   struct hints {
      std::optional<bool> read_only, destructive, idempotent, open_world;
      [[nodiscard]] bool is_any() const noexcept {
         return read_only || destructive || idempotent || open_world;
      }
      void describe(fields& f) {
         f("readOnlyHint", read_only);
         f("destructiveHint", destructive);
         f("idempotentHint", idempotent);
         f("openWorldHint", open_world);
      }
   };
   struct icon_info {
      std::string src;
      std::optional<std::string> mime;
      std::vector<std::string> sizes;
      void describe(fields& f) {
         f("src", src);
         f("mimeType", mime);
         if (!sizes.empty()) f("sizes", sizes);
      }
   };
   static std::optional<std::string> optional_text(std::string text) {
      if (text.empty()) return std::nullopt;
      return text;
   }

   template <class F, class P, class Shape>
   void take(F function) {
      using returns = typename Shape::returns;
      if constexpr (detail::async_answer<typename P::call_type>::value) {
         using answer = typename detail::async_answer<typename P::call_type>::type;
         static_assert(std::is_void_v<returns>,
                       "a tool that takes an async_call answers with call.complete(...) and must "
                       "return void");
         static_assert(detail::is_answer<answer>(), "the T of async_call_for<T> has no JSON form");
         output_schema_ = detail::output_schema_of<answer>();
      } else {
         static_assert(detail::is_answer<returns>(),
                       "a tool returns text, a described struct or another type that has a JSON "
                       "form, fmcp::structured<T>, fmcp::content, fmcp::result, or void");
         output_schema_ = detail::output_schema_of<returns>();
      }
      input_schema_ = detail::input_schema_of<typename P::arguments>();
      run_ = [f = std::make_shared<const F>(std::move(function))](
                   detail::engine& of, const fmcp_request& rq, fmcp_err* err) {
         return detail::runner<F, P, returns>::run(*f, of, rq, err);
      };
   }

   std::string name_, title_, description_;
   std::string input_schema_, output_schema_, meta_;
   hints hints_;
   std::vector<icon_info> icons_;
   std::vector<std::string> scopes_;
   uint32_t exec_ = FMCP_EX_MAY_BLOCK;
   uint32_t max_concurrency_ = 0;
   uint32_t timeout_ms_ = 0;
   std::function<fmcp_status(detail::engine&, const fmcp_request&, fmcp_err*)> run_;
};

} // namespace v1
} // namespace fmcp
#endif
