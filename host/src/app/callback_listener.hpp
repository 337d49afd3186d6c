#pragma once

/// The user with a browser, for a login: the page is printed and opened, and the answer is awaited
/// on a port of 127.0.0.1.
///
/// Thread safety: one thread. The server has one of its own while it waits.

#include <chrono>
#include <iosfwd>
#include <memory>

#include "client/user_agent.hpp"
#include "net/http_server.hpp"

namespace fmcp::app {

class callback_listener final : public client::user_agent {
public:
   /// `out` is told where the user should go, and outlives this.
   callback_listener(std::ostream& out, bool opens_browser,
                     std::chrono::milliseconds patience = std::chrono::seconds(300));
   ~callback_listener() override;

   core::result<std::uint16_t> listen(std::uint16_t preferred) override;
   void show(const std::string& url) override;
   core::result<std::string>
   wait(std::function<client::callback(std::string_view query)> judge) override;

private:
   struct state;
   std::ostream& out_;
   const bool opens_browser_;
   const std::chrono::milliseconds patience_;
   std::shared_ptr<state> state_;
   std::unique_ptr<net::server> server_;
};

} // namespace fmcp::app
