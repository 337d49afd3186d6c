#include "plugins/auth_provider.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "plugins/auth_answer.hpp"
#include "plugins/grown.hpp"
#include "plugins/setup.hpp"

// A provider is an instance like any other: the same pipeline, tables, pool, slots and deadlines.
// What differs is the call. A question is a call whose answer comes through fmcp.auth-host/1; its
// slot decides who answers the asker, and the question itself, with the token, lives until the
// plugin has let go of it too.

namespace fmcp::plugins {
namespace {

using core::auth_reason;
using core::errc;
using core::fail;
using std::chrono::milliseconds;

constexpr milliseconds late_patience{5000};
constexpr milliseconds destructor_patience{2000};
constexpr milliseconds stop_slack{100}; // for the thread that retires to be started and to tell
constexpr milliseconds longest_question{60'000};

/// One question on its way into the plugin and back.
class asked final : public call {
public:
   using done = std::move_only_function<void(auth_verdict)>;

   asked(const auth_question& q, const instance& of, done to)
       : provider_(of.name()), audiences_(of.audiences()), done_(std::move(to)) {
      memory_.reserve(q.token.size() + q.scheme.size() + q.method.size() + q.url.size() +
                      q.peer_address.size() + q.resource.size());
      rq_.size = sizeof rq_;
      rq_.token = keep(q.token);
      rq_.scheme = keep(q.scheme);
      rq_.method = keep(q.method);
      rq_.url = keep(q.url);
      rq_.peer_addr = keep(q.peer_address);
      rq_.resource = keep(q.resource);
      request.name = str("verify"); // what messages call it
   }
   ~asked() override { ::explicit_bzero(memory_.data(), memory_.size()); }
   asked(const asked&) = delete;
   asked& operator=(const asked&) = delete;

   fmcp_status enter(const facets& to, void* self, fmcp_err* err) noexcept override {
      rq_.call = request.call;
      rq_.deadline_ns = request.deadline_ns;
      return to.auth.verify(self, &rq_, err);
   }

   const char* on_verified(const fmcp_auth_result& r) noexcept override {
      auth_verdict verdict;
      try {
         if (const char* fault = read_answer(
                   r, {.provider = provider_, .token = token(), .audiences = audiences_},
                   verdict)) {
            reason_if_misbehaved_ = verdict.reason;
            return fault;
         }
      } catch (const std::exception&) {
         return "an answer that there is no memory for";
      }
      tell(std::move(verdict));
      return nullptr;
   }
   void on_result(const fmcp_result&) noexcept override {
      answer(
            auth_reason::provider_failed,
            "The provider answered through complete(), which is for tools, instead of verified().");
   }
   void on_failure(call_failure why, std::string_view message) noexcept override {
      switch (why) {
      case call_failure::busy: return answer(auth_reason::busy, message);
      case call_failure::misbehaved: return answer(reason_if_misbehaved_, message);
      default: return answer(auth_reason::provider_failed, message);
      }
   }
   void on_progress(double, double, std::string_view) noexcept override {}
   void on_log(std::int32_t, std::string_view, std::string_view) noexcept override {}

private:
   fmcp_str keep(std::string_view text) {
      const auto at = memory_.size();
      memory_ += text;
      return {memory_.data() + at, text.size()};
   }
   [[nodiscard]] std::string_view token() const noexcept {
      return {rq_.token.ptr, static_cast<std::size_t>(rq_.token.len)};
   }
   /// Whatever is said here denies.
   void answer(auth_reason why, std::string_view words) noexcept {
      auth_verdict out;
      out.reason = why == auth_reason::none ? auth_reason::provider_failed : why;
      try {
         out.detail = log_words(words, token());
      } catch (const std::exception&) {
         out.detail.clear();
      }
      tell(std::move(out));
   }
   /// The asker is not held longer than it waits, though the plugin may keep the question for ever.
   void tell(auth_verdict verdict) noexcept { std::exchange(done_, {})(std::move(verdict)); }

   std::string memory_; // never grows beyond what was reserved, so that no copy of it stays behind
   fmcp_auth_request rq_{};
   const std::string_view provider_;              // of the instance, which holds the question
   const std::span<const std::string> audiences_; // likewise
   auth_reason reason_if_misbehaved_ = auth_reason::provider_failed;
   done done_;
};

/// One plugin that is loaded, with what it said last.
class provider final : public auth_provider, public instance_host {
public:
   explicit provider(std::shared_ptr<timer> deadlines)
       : timer_(std::move(deadlines)), line_(std::make_shared<host_line>(*this)) {}
   ~provider() override { halt(destructor_patience); }

   [[nodiscard]] const std::shared_ptr<host_line>& line() const noexcept { return line_; }
   void serve(std::shared_ptr<instance> plugin, auth_info said) {
      plugin_ = std::move(plugin);
      info_ = std::move(said);
   }

   // ---- auth_provider ----

   [[nodiscard]] const std::string& name() const noexcept override { return plugin_->name(); }
   [[nodiscard]] std::shared_ptr<const core::http::fetch_policy> reach() const override {
      return plugin_->granted().reach;
   }
   [[nodiscard]] const auth_info& info() const noexcept override { return info_; }
   void verify(const auth_question& q, asked::done done) override {
      const auto patience = std::clamp(q.patience, milliseconds(1), longest_question);
      plugin_->ask(std::make_shared<asked>(q, *plugin_, std::move(done)), patience);
   }
   void on_forget(std::function<void(std::string_view)> f) override {
      const std::lock_guard lock(forget_mutex_);
      forget_ = std::move(f);
   }
   void stop(milliseconds patience) override { halt(patience); }

   // ---- instance_host ----

   void forget(std::string_view token_sha256) override {
      const std::lock_guard lock(forget_mutex_);
      if (forget_) forget_(token_sha256);
   }
   void list_changed(instance&) override {}
   void resource_updated(std::string_view, std::string_view) override {}
   core::result<std::shared_ptr<const void>> prepare(std::string_view,
                                                     const json::value&) override {
      return nullptr;
   }
   void post(core::task) override {}

private:
   void halt(milliseconds patience);

   const std::shared_ptr<timer> timer_;
   const std::shared_ptr<host_line> line_;
   std::shared_ptr<instance> plugin_; // null when it could not be loaded
   std::atomic<bool> is_stopped_{false};
   auth_info info_;
   std::mutex forget_mutex_;
   std::function<void(std::string_view)> forget_; // guarded by forget_mutex_
};

void provider::halt(milliseconds patience) {
   if (is_stopped_.exchange(true)) return;
   if (plugin_) {
      plugin_->refuse_calls();
      plugin_->cancel_all(call_failure::stopped, FMCP_CANCEL_SHUTDOWN);
      auto done = std::make_shared<std::promise<void>>();
      auto is_over = done->get_future();
      retire_apart(plugin_, patience, [done] { done->set_value(); });
      is_over.wait_for(patience + stop_slack);
   }
   line_->cut();
   timer_->stop();
}

// ---- finding ----

auth_candidate look_at_file(const candidate& c, const options& o) {
   auth_candidate out;
   out.file = c.file;
   const auto about = read_about(c, o);
   if (!about) {
      out.reason = about.error().message;
      return out;
   }
   out.name = about->name;
   out.version = about->version;
   out.manifest_json = about->text;
   const auto refuse = [&](std::string_view predicate) {
      out.reason = about_plugin(c.file, about->name, predicate);
      return out;
   };
   const bool is_provider = std::ranges::find(about->kinds, "auth") != about->kinds.end();
   if (!is_provider || !about->offers("fmcp.auth/1")) {
      return refuse(
            "is no authentication provider: its manifest has no \"auth\" under \"kind\", or "
            "no fmcp.auth/1 under \"provides\".");
   }
   auto member = read_auth_member(*about);
   if (!member) return refuse(member.error().message);
   out.names = std::move(member->names);
   out.aliases = std::move(member->aliases);
   out.env_prefix = std::move(member->env_prefix);
   out.net = std::move(member->net);
   return out;
}

// ---- loading ----

/// With the placeholder filled in. Errors: invalid; the message is a predicate.
core::result<std::vector<std::string>> audiences_of(const auth_manifest& m,
                                                    const std::string& resource_url) {
   auto out = m.audience;
   const std::string placeholder = "{resource}";
   if (std::ranges::find(out, placeholder) != out.end() && resource_url.empty()) {
      return fail(errc::invalid, "accepts tokens for this server's public URL only, which is not "
                                 "known; set FASTMCP_BASE_URL.");
   }
   std::ranges::replace(out, placeholder, resource_url);
   return out;
}

/// What the loading thread and the one that waits for it share.
struct loading {
   std::mutex mutex;
   bool is_given_up = false; // guarded by mutex
   std::promise<core::result<auth_info>> outcome;
};

/// On a thread of its own; may never come back.
void bring_up(const std::shared_ptr<instance>& plugin, sealed_copy code, plugin_settings settings,
              const std::string& resource_url, loading& to) {
   auto up = plugin->bring_up(std::move(code), std::move(settings), {});
   auto said = up ? plugin->info(resource_url) : std::unexpected(up.error());
   const bool is_useless = !said.has_value();
   bool is_wanted = false;
   {
      const std::lock_guard lock(to.mutex);
      is_wanted = !to.is_given_up;
      if (is_wanted) to.outcome.set_value(std::move(said));
   }
   if ((is_useless || !is_wanted) && !plugin->retire(late_patience)) {
      instance::keep_for_ever(plugin);
   }
}

} // namespace

std::vector<auth_candidate> find_auth_providers(const options& o) {
   std::vector<auth_candidate> out;
   const auto found = discover(o);
   for (const auto& c : found.files) out.push_back(look_at_file(c, o));
   for (const auto& p : found.problems) {
      auth_candidate unreadable;
      unreadable.file = p.file;
      unreadable.reason = p.reason;
      out.push_back(std::move(unreadable));
   }
   std::ranges::stable_sort(out, {}, &auth_candidate::file);
   return out;
}

core::result<std::unique_ptr<auth_provider>> auth_provider::load(const auth_candidate& which,
                                                                 plugin_settings settings,
                                                                 const options& o,
                                                                 std::string resource_url) {
   if (!which.reason.empty()) return fail(errc::invalid, which.reason);
   auto file = stage(resolve(which.file), o);
   if (!file) return std::unexpected(std::move(file.error()));
   const auto sentence = [&](std::string_view predicate) {
      return about_plugin(which.file, which.name, predicate);
   };
   if (file->about.text != which.manifest_json) {
      return fail(errc::conflict, sentence("was replaced while it was being loaded; start again."));
   }
   if (const auto ok = check_services(file->about, o.services, role::provider); !ok) {
      return fail(ok.error().code, sentence(ok.error().message));
   }
   auto member = read_auth_member(file->about);
   if (!member) return fail(member.error().code, sentence(member.error().message));
   auto audiences = audiences_of(*member, resource_url);
   if (!audiences) return fail(audiences.error().code, sentence(audiences.error().message));

   const auto deadlines = std::make_shared<timer>(*o.clock);
   auto out = std::make_unique<provider>(deadlines);
   auto c = configure(*file, settings, o, role::provider, std::move(member->net));
   c.audiences = std::move(*audiences);
   c.deadlines = deadlines;
   c.to_host = out->line();
   const auto plugin = instance::make(std::move(c));
   const auto shared = std::make_shared<loading>();
   auto comes = shared->outcome.get_future();
   const bool is_running =
         run_apart("fmcp:load", [plugin, shared, code = std::move(file->code),
                                 settings = std::move(settings), resource_url]() mutable {
            bring_up(plugin, std::move(code), std::move(settings), resource_url, *shared);
         });
   core::result<auth_info> said =
         fail(errc::io, "could not be loaded: the system gives no more threads; raise its limit.");
   if (is_running) {
      if (comes.wait_for(o.load_timeout) == std::future_status::timeout) {
         const std::lock_guard lock(shared->mutex);
         shared->is_given_up = comes.wait_for(milliseconds(0)) == std::future_status::timeout;
      }
      if (shared->is_given_up) {
         said =
               fail(errc::timeout,
                    fmt::format("was given up after {} s: its {} has not returned; have it do slow "
                                "work later or raise the load timeout.",
                                static_cast<double>(o.load_timeout.count()) / 1000,
                                instance::name_of(plugin->at())));
      } else {
         said = comes.get();
      }
   }
   if (!said) return fail(said.error().code, sentence(said.error().message));
   out->serve(plugin, std::move(*said));
   core::log::info("plugins", "provider active {} {} {}", core::log::kv("plugin", which.name),
                   core::log::kv("version", which.version), core::log::kv("file", which.file));
   return out;
}

} // namespace fmcp::plugins
