#pragma once

/// An HTTP server inside the test program, that answers as a test says and misbehaves as identity
/// providers do: down, silent, slow, endless, garbage, somewhere else.
///
///    scripted_server idp;
///    idp.serve("/jwks", jwks({key.jwk()}));
///    idp.behave(scripted_server::mode::refuse);
///    EXPECT_EQ(idp.asked("/jwks"), 1u);
///
/// On 127.0.0.1 and a port of its own, which it keeps while it refuses connections, so that no
/// other test can take it. Thread safety: every member from any thread; handlers run on threads of
/// the server. Errors: what cannot be opened throws.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/raw_http.hpp"

namespace fmcp::test {

class scripted_server {
public:
   enum class mode {
      ok,
      refuse,   ///< nobody listens: ECONNREFUSED
      reset,    ///< a connection is accepted and reset
      silent,   ///< a request is read and never answered
      slow,     ///< a good answer, after half a second
      endless,  ///< 200, and 50 MB of a JSON text
      garbage,  ///< 200, and bytes that are no JSON
      redirect, ///< 302 to `redirect_to`
      failing,  ///< 500
   };
   struct request {
      std::string method, target;
      headers fields;
      std::string body;
      [[nodiscard]] std::string header(std::string_view name) const; ///< empty when absent
   };
   struct reply {
      int status = 200;
      std::string body = {};
      headers fields = {{"Content-Type", "application/json"}};
   };
   using handler = std::function<reply(const request&)>;

   scripted_server();
   ~scripted_server();
   scripted_server(const scripted_server&) = delete;
   scripted_server& operator=(const scripted_server&) = delete;

   /// `http://127.0.0.1:PORT`
   [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
   [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

   void serve(std::string path, handler answer);
   void serve(std::string path, std::string json);
   void behave(mode m);
   void redirect_to(std::string url);

   /// How many requests came for this path, in whatever mode; those of connections that were
   /// refused or reset are not seen.
   [[nodiscard]] std::size_t asked(std::string_view path) const;
   [[nodiscard]] std::vector<request> requests() const;
   /// Waits until that many came; false when patience ends.
   [[nodiscard]] bool wait_until_asked(std::string_view path, std::size_t times) const;
   /// How many silent requests are held whose client still waits.
   [[nodiscard]] std::size_t holding() const;
   /// How many bytes of an endless answer were taken, at most.
   [[nodiscard]] std::size_t most_taken() const;

private:
   struct client {
      int fd = -1;
      std::thread thread;
   };
   void open_listener();
   void close_listener();
   void accept_all(int listener);
   void talk(int fd);
   bool answer(int fd, const request& rq);
   bool send_endless(int fd);
   /// Until the client goes, the server ends, or it behaves otherwise.
   void hold(int fd);
   /// False when the server ends or behaves otherwise meanwhile.
   bool rest(mode while_it_is, std::chrono::milliseconds limit);

   mutable std::mutex guard_;
   mutable std::condition_variable changed_;
   std::map<std::string, handler, std::less<>> handlers_;
   std::vector<request> requests_;
   std::string redirect_to_;
   mode mode_ = mode::ok;
   std::size_t most_taken_ = 0, holding_ = 0;
   bool ends_ = false;
   int holder_ = -1, listener_ = -1;
   std::uint16_t port_ = 0;
   std::string origin_;
   std::thread acceptor_;
   std::list<client> clients_;
};

} // namespace fmcp::test
