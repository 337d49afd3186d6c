#include "app/serve.hpp"

#include <utility>

#include "app/room_options.hpp"
#include "app/router.hpp"
#include "core/log.hpp"
#include "net/http_server.hpp"

namespace fmcp::app {
namespace {

constexpr std::chrono::milliseconds beat{1000};
constexpr int beats_between_sweeps = 60;

class http_transport final : public transport {
public:
   http_transport(const config::settings& s, protocol::service& service, authentication* guard)
       : settings_(s), service_(service), guard_(guard) {}

   core::result<void> open() {
      auto server = net::server::open(server_options(settings_),
                                      [this](unsigned, core::executor&) { return make_handler(); });
      if (!server) return std::unexpected(std::move(server.error()));
      server_ = std::move(*server);
      return {};
   }

   int serve(plugins::host& plugins, const stop_signals& signals) override {
      health_.plugins = &plugins;
      server_->start();
      core::log::info("app", "listening {} {}",
                      core::log::kv("url", endpoint_url(settings_, server_->port())),
                      core::log::kv("name", settings_.name));
      const int signal = beat_until_stopped(signals);
      core::log::info("app", "stopping {}", core::log::kv("signal", name_of_signal(signal)));
      insist_on_ending(signals, settings_.shutdown_grace + last_patience);
      health_.is_stopping = true;
      service_.shut_down(); // streams that would never end by themselves
      server_->stop(settings_.shutdown_grace);
      return 0;
   }

private:
   std::unique_ptr<core::http::handler> make_handler() {
      auto gate = guard_ != nullptr ? guard_->make_gate() : nullptr;
      auto endpoint = std::make_unique<protocol::http_endpoint>(
            service_,
            protocol::http_endpoint::options{.guard = guard_options(settings_, server_->port()),
                                             .max_body_bytes = settings_.max_body_bytes,
                                             .gate = gate.get()});
      return std::make_unique<router>(
            settings_.path, health_,
            router::guarded{.gate = std::move(gate),
                            .endpoint = std::move(endpoint),
                            .documents = guard_ != nullptr ? guard_->routes() : nullptr});
   }

   int beat_until_stopped(const stop_signals& signals) {
      for (int beats = 1;; ++beats) {
         if (const auto signal = signals.wait(beat)) return *signal;
         server_->for_each_thread(
               [](unsigned, core::http::handler& h) { static_cast<router&>(h).tick(); });
         if (beats % beats_between_sweeps == 0) service_.sessions().sweep();
      }
   }

   const config::settings& settings_;
   protocol::service& service_;
   authentication* const guard_;
   health health_;
   std::unique_ptr<net::server> server_; // last: its threads use everything above
};

} // namespace

core::result<std::unique_ptr<transport>>
open_http(const config::settings& s, protocol::service& service, authentication* guard) {
   auto out = std::make_unique<http_transport>(s, service, guard);
   if (auto opened = out->open(); !opened) return std::unexpected(std::move(opened.error()));
   return out;
}

} // namespace fmcp::app
