/// fmcp/cpp/plugin.hpp - the C++ side of the plugin ABI: include this one.
///
///    #include <fmcp/cpp/plugin.hpp>
///
///    struct greeting {
///       std::string who;
///       void describe(fmcp::fields& f) { f("who", who, "Whom to greet"); }
///    };
///
///    class greeter : public fmcp::plugin {
///    public:
///       greeter() {
///          add(fmcp::tool("greet", "Greets somebody by name",
///                         [](const greeting& in) { return "Hello, " + in.who + "!"; }));
///       }
///    };
///
///    FMCP_PLUGIN(greeter, "com.example.greeter", "greeter", "1.0.0");
///
/// Life: the class is constructed when the host initialises the plugin, which is when its settings
/// are known; it may throw to refuse. stop() is called when the plugin is to end its threads, the
/// destructor when the last call has come back.
///
/// Header-only, C++17, nothing but the standard library, no exception leaves it, no global with a
/// destructor. Build it with fmcp_add_plugin(), which makes a file that really unloads.
#ifndef FMCP_CPP_PLUGIN_HPP
#define FMCP_CPP_PLUGIN_HPP

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "detail/note.hpp"
#include "settings.hpp"
#include "tool.hpp"

namespace fmcp {
inline namespace v1 {

namespace detail {

/// What the class that is just being constructed on this thread belongs to.
struct starting {
   engine* of = nullptr;
   const fmcp_init* with = nullptr;
};
inline starting& being_started() noexcept {
   static thread_local starting now; // trivial: nothing is left behind on a thread
   return now;
}

struct access;

} // namespace detail

/// The base of a plugin without settings.
///
/// Thread safety: everything may be called from any thread once the constructor is through; in it,
/// tasks and threads may be started, and must not touch what is not constructed yet.
/// Errors: refused, where a function says so. Constructed outside a host, as in a test of one's
/// own, it does nothing and refuses tasks.
class plugin {
public:
   using settings_type = detail::no_settings;

   plugin(const plugin&) = delete;
   plugin& operator=(const plugin&) = delete;
   virtual ~plugin() = default;

   /// Ends threads and timers. No call starts after it; those that run may still finish. [control]
   virtual void stop() {}

protected:
   plugin() : engine_(detail::being_started().of) {
      if (const auto* in = detail::being_started().with) {
         instance_ = detail::view(in->instance);
         data_dir_ = detail::view(in->data_dir);
         base_url_ = detail::view(in->base_url);
         mcp_path_ = detail::view(in->mcp_path);
      }
   }

   // ---- tools ----

   /// At any time; clients that listen are told. Errors: std::invalid_argument, there is one of
   /// that name.
   void add(const tool& t) {
      if (engine_ != nullptr) engine_->add(t.entry());
   }
   /// Calls of it that run go on. False: there was none.
   bool remove(const std::string& name) { return engine_ != nullptr && engine_->remove(name); }

   // ---- the host ----

   /// To the host's log. `fields_json`: empty, or an object of further fields.
   void log(level l, std::string_view text, std::string_view fields_json = {}) const noexcept {
      if (engine_ != nullptr) engine_->log(l, text, fields_json);
   }
   /// Whether a line of this level would be written: ask before formatting.
   [[nodiscard]] bool logs(level l) const noexcept {
      return engine_ != nullptr &&
             engine_->host().log_enabled(engine_->host().ctx, static_cast<int32_t>(l)) != 0;
   }
   /// The host's monotonic clock.
   [[nodiscard]] std::chrono::nanoseconds monotonic_time() const noexcept {
      if (engine_ == nullptr) return std::chrono::steady_clock::now().time_since_epoch();
      const uint64_t ns = engine_->host().mono_ns(engine_->host().ctx);
      return std::chrono::nanoseconds(static_cast<int64_t>(ns));
   }
   /// What time it is.
   [[nodiscard]] std::chrono::system_clock::time_point wall_time() const noexcept {
      using clock = std::chrono::system_clock;
      if (engine_ == nullptr) return clock::now();
      return clock::time_point(
            std::chrono::milliseconds(engine_->host().unix_ms(engine_->host().ctx)));
   }
   /// Runs `f()` soon on a thread of the host; what it throws is logged. Errors: refused, and `f`
   /// is gone.
   template <class F>
   void post(F f) {
      engine().post(std::move(f));
   }
   /// The same after a time, or early when the plugin is stopped. The handle is for bring_forward().
   template <class Rep, class Period, class F>
   fmcp_op after(std::chrono::duration<Rep, Period> time, F f) {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
      return engine().after(ms > 0 ? static_cast<uint64_t>(ms) : 0, std::move(f));
   }
   /// Runs a waiting task now. Any handle is safe.
   void bring_forward(fmcp_op task) const noexcept {
      if (engine_ != nullptr) engine_->bring_forward(task);
   }
   /// Clients that subscribed to `uri` are told that it changed.
   void resource_updated(std::string_view uri) const noexcept {
      if (engine_ != nullptr) engine_->resource_updated(uri);
   }
   /// A service's table, cut or filled with zeros to this SDK's size; what it lacks is null. All
   /// null: there is no such service. http.hpp, jwt.hpp, kv.hpp and crypto.hpp have classes for some.
   template <class Table>
   [[nodiscard]] Table service(std::string_view id) const noexcept {
      return engine_ == nullptr ? Table{} : engine_->service<Table>(id);
   }
   /// First argument of the functions of a service.
   [[nodiscard]] void* service_context() const noexcept {
      return engine_ == nullptr ? nullptr : engine_->host().ctx;
   }

   /// "weather-eu": one file may serve several instances.
   [[nodiscard]] const std::string& instance() const noexcept { return instance_; }
   /// A private directory, or empty.
   [[nodiscard]] const std::string& data_dir() const noexcept { return data_dir_; }
   /// Under which clients reach the host, or empty.
   [[nodiscard]] const std::string& base_url() const noexcept { return base_url_; }
   [[nodiscard]] const std::string& mcp_path() const noexcept { return mcp_path_; }

private:
   friend struct detail::access;
   [[nodiscard]] detail::engine& engine() const {
      if (engine_ == nullptr) throw refused(FMCP_E_NOT_SUPPORTED, "There is no host.");
      return *engine_;
   }

   detail::engine* engine_;
   std::string instance_, data_dir_, base_url_, mcp_path_;
};

/// The base of a plugin with settings, see settings.hpp.
template <class Settings>
class plugin_with : public plugin {
public:
   using settings_type = Settings;

protected:
   plugin_with() : settings_(read()) {}
   /// For tests: as if these had been set.
   explicit plugin_with(Settings s) : settings_(std::move(s)) {}
   [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

private:
   static Settings read() {
      Settings out{};
      const auto* in = detail::being_started().with;
      if (in == nullptr) return out;
      const auto text = detail::view(in->config_json);
      const auto config = text.empty() ? json_view("{}") : json_view(text);
      std::apply([&](const auto&... s) { (s.read(config, in->secrets, out), ...); },
                 Settings::settings());
      return out;
   }
   Settings settings_;
};

namespace detail {

/// For the parts of the library that are no base of the author's class.
struct access {
   /// Errors: refused, when there is no host.
   static detail::engine& engine(const plugin& of) { return of.engine(); }
};

/// Which interface a plugin's class offers; auth.hpp knows another one. `memory` is what an
/// instance keeps for it.
template <class T, class = void>
struct offered {
   static constexpr bool is_auth = false;
   struct memory {};
   static const void* facet(std::string_view id) noexcept;
};

/// The table of one instance, and the author's object once it is initialised.
template <class T>
class instance {
public:
   static const fmcp_entry* entry() noexcept {
      static constexpr fmcp_entry data{sizeof(fmcp_entry), FMCP_ABI_MAJOR, FMCP_ABI_MINOR, 0,
                                       create};
      return &data;
   }

   static instance& self(void* p) noexcept { return *static_cast<instance*>(p); }
   [[nodiscard]] T& author() noexcept { return *author_; }
   [[nodiscard]] detail::engine& of() noexcept { return engine_; }
   [[nodiscard]] typename offered<T>::memory& memory() noexcept { return memory_; }

private:
   static_assert(std::is_base_of_v<plugin, T>,
                 "FMCP_PLUGIN wants a class that derives from fmcp::plugin or "
                 "fmcp::plugin_with<settings>");
   static_assert(!std::is_abstract_v<T> && std::is_default_constructible_v<T>,
                 "FMCP_PLUGIN wants a class with a public constructor that takes nothing: "
                 "settings come from fmcp::plugin_with<settings>");

   explicit instance(const fmcp_host* host) : engine_(host) {
      table_.size = sizeof table_;
      table_.self = this;
      table_.init = init;
      table_.destroy = destroy;
      table_.facet = facet;
      table_.cancel = cancel;
      table_.quiesce = quiesce;
   }

   static fmcp_status create(const fmcp_host* host, fmcp_str, const fmcp_plugin** out,
                             fmcp_err* err) noexcept {
      return guard(err, [&]() -> fmcp_status {
         auto made = std::unique_ptr<instance>(new instance(host));
         if (!made->engine_.can_complete()) {
            return say(err, FMCP_E_NOT_SUPPORTED, "The host's table has no complete().");
         }
         *out = &made.release()->table_;
         return FMCP_OK;
      });
   }
   static fmcp_status init(void* p, const fmcp_init* in, fmcp_err* err) noexcept {
      return guard(err, [&]() -> fmcp_status {
         instance& me = self(p);
         const fmcp_init with = copied(in);
         struct scope {
            ~scope() { being_started() = {}; }
         } const end;
         being_started() = {&me.engine_, &with};
         me.author_ = std::make_unique<T>();
         me.engine_.ready();
         return FMCP_OK;
      });
   }
   static void destroy(void* p) noexcept { delete static_cast<instance*>(p); }
   static const void* facet(void* p, fmcp_str id) noexcept {
      return self(p).author_ ? offered<T>::facet(view(id)) : nullptr;
   }
   static void cancel(void* p, fmcp_call c, int32_t) noexcept { self(p).engine_.tell(c); }
   static void quiesce(void* p) noexcept {
      instance& me = self(p);
      if (!me.author_) return;
      me.engine_.guard_and_log("stop() failed:", [&] { me.author_->stop(); });
   }

   engine engine_;
   fmcp_plugin table_{};
   typename offered<T>::memory memory_{};
   std::unique_ptr<T> author_; // after the engine, which it uses until its end
};

template <class T>
struct tools_of {
   static fmcp_status list(void* p, fmcp_list* out, fmcp_err* err) noexcept {
      return guard(err, [&] { return instance<T>::self(p).of().list(out); });
   }
   static fmcp_status call(void* p, const fmcp_request* rq, fmcp_err* err) noexcept {
      return guard(err, [&] { return instance<T>::self(p).of().call(rq, err); });
   }
};

template <class T, class Enable>
const void* offered<T, Enable>::facet(std::string_view id) noexcept {
   static constexpr fmcp_tools tools{sizeof(fmcp_tools), 0, tools_of<T>::list, tools_of<T>::call};
   return id == "fmcp.tools/1" ? &tools : nullptr;
}

} // namespace detail
} // namespace v1
} // namespace fmcp

// A static libstdc++ keeps memory for exceptions when there is none left, and leaks it when the
// plugin is unloaded. Given back as the last of all destructors.
#if defined(FMCP_STATIC_LIBSTDCXX) && defined(__GLIBCXX__)
namespace __gnu_cxx {
extern void __freeres();
}
#define FMCP_FREE_AT_UNLOAD                                                                        \
   __attribute__((destructor(101))) void give_memory_back() noexcept {                             \
      __gnu_cxx::__freeres();                                                                      \
   }
#else
#define FMCP_FREE_AT_UNLOAD
#endif

/// Ends the one source file of a plugin that defines its class, at namespace scope:
///
///    FMCP_PLUGIN(my_class, "com.example.weather", "weather", "1.4.2");
///    FMCP_PLUGIN(my_class, fmcp::manifest("com.example.weather", "weather", "1.4.2")
///                                .license("Apache-2.0"));
///
/// Makes the manifest note and the exported entry.
#define FMCP_PLUGIN(type, ...)                                                                     \
   namespace {                                                                                     \
   namespace fmcp_plugin_file {                                                                    \
   using settings = type::settings_type;                                                           \
   constexpr ::fmcp::manifest about{__VA_ARGS__};                                                  \
   static_assert(about.is_auth() == ::fmcp::detail::offered<type>::is_auth,                        \
                 "an fmcp::auth_provider, and nothing else, says .env_prefix(...) in its "         \
                 "fmcp::manifest");                                                                \
   constexpr auto size = ::fmcp::detail::note_size<settings>(about);                               \
   __attribute__((section(".note.fmcp"), used,                                                     \
                  aligned(4))) FMCP_NOTE_PLAIN constexpr ::fmcp::detail::note<size>                \
         note = ::fmcp::detail::make_note<settings, size>(about);                                  \
   FMCP_FREE_AT_UNLOAD                                                                             \
   }                                                                                               \
   }                                                                                               \
   extern "C" const fmcp_entry* FMCP_CALL fmcp_plugin_entry_v1(void) FMCP_NX {                     \
      return ::fmcp::detail::instance<type>::entry();                                              \
   }                                                                                               \
   static_assert(true, "FMCP_PLUGIN ends with a semicolon")

#endif
