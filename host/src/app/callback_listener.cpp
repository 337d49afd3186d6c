#include "app/callback_listener.hpp"

#include <array>
#include <future>
#include <ostream>
#include <utility>

#include <fmt/format.h>

#include "app/browser.hpp"

namespace fmcp::app {
namespace {

using client::callback;
using core::http::field;

/// Time for the last page to reach the browser.
constexpr std::chrono::milliseconds grace{2'000};

constexpr std::array page_fields{
      field{"Cache-Control", "no-store"},
      field{"Referrer-Policy", "no-referrer"}, // the page's own URL has the code in it
      field{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};

} // namespace

/// Shared with the thread of the server. `judge` is set before that thread begins.
struct callback_listener::state {
   std::function<callback(std::string_view)> judge;
   std::promise<callback> answer;
   bool is_answered = false; // the server's thread alone
};

namespace {

template <class State>
class page_handler final : public core::http::handler {
public:
   explicit page_handler(std::shared_ptr<State> state) : state_(std::move(state)) {}

   bool on_head(const core::http::request& rq, core::http::responder& out) override {
      on_request(rq, out); // nothing here takes a body
      return false;
   }

   void on_request(const core::http::request& rq, core::http::responder& out) override {
      if (rq.path != "/callback" || rq.verb != core::http::method::get)
         return reply(out, rq.path == "/callback" ? 405 : 404,
                      {.what = callback::kind::foreign, .text = "There is nothing here."});
      auto c = state_->is_answered
                     ? callback{.what = callback::kind::foreign, .text = "This login is over."}
                     : state_->judge(rq.query);
      reply(out, c.what == callback::kind::granted ? 200 : 400, c);
      if (c.what == callback::kind::foreign) return;
      state_->is_answered = true;
      state_->answer.set_value(std::move(c));
   }

private:
   static void reply(core::http::responder& out, int status, const callback& c) {
      out.reply(
            {.status = status, .content_type = "text/html; charset=utf-8", .fields = page_fields},
            client::callback_page(c));
   }
   std::shared_ptr<State> state_;
};

} // namespace

callback_listener::callback_listener(std::ostream& out, bool opens_browser,
                                     std::chrono::milliseconds patience)
    : out_(out), opens_browser_(opens_browser), patience_(patience) {}

callback_listener::~callback_listener() = default;

core::result<std::uint16_t> callback_listener::listen(std::uint16_t preferred) {
   server_.reset();
   state_ = std::make_shared<state>();
   const auto open = [&](std::uint16_t port) {
      net::server_options options;
      options.address = "127.0.0.1";
      options.port = port;
      options.threads = 1;
      options.bounds.max_body_bytes = 1024;
      options.bounds.max_connections = 16;
      options.bounds.idle_timeout = std::chrono::seconds(10);
      return net::server::open(options, [shared = state_](unsigned, core::executor&) {
         return std::make_unique<page_handler<callback_listener::state>>(shared);
      });
   };
   auto opened = open(preferred);
   if (!opened && preferred != 0) opened = open(0);
   if (!opened) return core::wrap("waiting for the login's answer", std::move(opened.error()));
   server_ = std::move(*opened);
   return server_->port();
}

void callback_listener::show(const std::string& url) {
   out_ << "To log in, open this page:\n\n  " << url << "\n\n" << std::flush;
   if (opens_browser_ && !open_browser(url))
      out_ << "No browser could be started here; open the page yourself.\n" << std::flush;
}

core::result<std::string>
callback_listener::wait(std::function<callback(std::string_view query)> judge) {
   state_->judge = std::move(judge);
   auto answer = state_->answer.get_future();
   server_->start();
   const bool is_answered = answer.wait_for(patience_) == std::future_status::ready;
   server_->stop(grace);
   server_.reset();
   if (!is_answered) {
      return core::fail(
            core::errc::timeout,
            fmt::format("nobody logged in within {} seconds",
                        std::chrono::duration_cast<std::chrono::seconds>(patience_).count()));
   }
   auto c = answer.get();
   if (c.what != callback::kind::granted) return core::fail(core::errc::denied, std::move(c.text));
   return std::move(c.text);
}

} // namespace fmcp::app
