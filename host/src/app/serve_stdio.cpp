#include "app/serve.hpp"

#include <atomic>
#include <future>
#include <optional>
#include <utility>

#include "core/log.hpp"
#include "net/stdio.hpp"
#include "protocol/stdio_endpoint.hpp"

namespace fmcp::app {
namespace {

/// A client that has gone reads no goodbye; one that is slow gets this long for what is queued.
constexpr std::chrono::milliseconds writing_patience{2000};

class stdio_transport final : public transport {
public:
   stdio_transport(const config::settings& s, protocol::service& service)
       : settings_(s), service_(service) {}

   core::result<void> open(core::unique_fd output) {
      auto input = take_standard_input();
      if (!input) return std::unexpected(std::move(input.error()));
      auto channel = net::line_channel::open(
            std::move(*input), std::move(output), {.max_line_bytes = settings_.max_body_bytes},
            {.line = [this](std::string_view line) { endpoint_->on_line(line); },
             .long_line = [this] { endpoint_->on_long_line(); },
             .end = [this](core::result<void> why) { on_end(std::move(why)); }});
      if (!channel) return std::unexpected(std::move(channel.error()));
      channel_ = std::move(*channel);
      return {};
   }

   int serve(plugins::host&, const stop_signals& signals) override {
      signals_ = &signals;
      endpoint_.emplace(service_, settings_.max_body_bytes,
                        [this](std::string_view line) { (void)channel_->write(line); });
      channel_->start();
      core::log::info("app", "serving {} {}", core::log::kv("transport", "stdio"),
                      core::log::kv("name", settings_.name));
      std::optional<int> signal;
      while (!signal) signal = signals.wait(std::chrono::hours(1));
      if (*signal == stop_signals::woken)
         core::log::info("app", "stopping {}", core::log::kv("reason", "end of input"));
      else
         core::log::info("app", "stopping {}", core::log::kv("signal", name_of_signal(*signal)));
      insist_on_ending(signals, settings_.shutdown_grace + 2 * writing_patience + last_patience);
      // What was asked before is answered; then the subscriptions hear that this is the end.
      if (!endpoint_->wait_for_calls(settings_.shutdown_grace))
         core::log::warn("app", "calls were still running at the end of their grace");
      say_goodbye();
      const bool is_written = channel_->stop(writing_patience);
      endpoint_.reset();
      return is_written && !has_failed_ ? 0 : 1;
   }

private:
   /// On the channel's thread, since writing waits for a client that does not read.
   void say_goodbye() {
      const auto said = std::make_shared<std::promise<void>>();
      auto is_said = said->get_future();
      channel_->home().post([this, said] {
         service_.shut_down();
         said->set_value();
      });
      (void)is_said.wait_for(writing_patience);
   }

   /// On the channel's thread.
   void on_end(core::result<void> why) {
      if (!why) {
         has_failed_ = true;
         core::log::error("app", "{}", why.error().message);
      }
      signals_->wake();
   }

   const config::settings& settings_;
   protocol::service& service_;
   const stop_signals* signals_ = nullptr;
   std::atomic<bool> has_failed_{false};
   std::optional<protocol::stdio_endpoint> endpoint_;
   std::unique_ptr<net::line_channel> channel_; // last: its threads use everything above
};

} // namespace

core::result<std::unique_ptr<transport>>
open_stdio(const config::settings& s, protocol::service& service, core::unique_fd output) {
   auto out = std::make_unique<stdio_transport>(s, service);
   if (auto opened = out->open(std::move(output)); !opened)
      return std::unexpected(std::move(opened.error()));
   return out;
}

} // namespace fmcp::app
