// An HTTP server that does nothing but serve: for measuring the net room alone.
//
//    net_bench_server PORT [MODE [THREADS]]
//
// MODE: `raw` writes head and body into the output (the shape of the hot path), `reply` lets the
// room write the head, `kept` keeps each request and answers it from the loop, as an asynchronous
// tool does. Compare requests per second of server CPU (utime and stime of /proc/PID/stat) with
// another server.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include "net/http_server.hpp"

namespace {

using namespace fmcp;
using core::http::request;
using core::http::responder;

constexpr std::string_view body =
      R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello, world"}],"isError":false}})"
      "                    ";

class constant final : public core::http::handler {
public:
   explicit constant(std::string_view mode) : mode_(mode) {}

   bool on_head(const request&, responder&) override { return true; }

   void on_request(const request& rq, responder& out) override {
      // What any real handler looks at.
      looked_at_ += rq.find("mcp-session-id").size() + rq.find("content-type").size() +
                    rq.find("accept").size() + rq.find("origin").size() +
                    rq.find("authorization").size() + rq.find("mcp-protocol-version").size();
      if (mode_ == "raw") {
         auto& to = out.output();
         to.append("HTTP/1.1 200 OK\r\n").append(out.date_line());
         to.append("Content-Type: application/json\r\nContent-Length: ").append(length_);
         to.append("\r\n\r\n").append(body);
         out.replied_raw();
      } else if (mode_ == "reply") {
         out.reply({.status = 200, .content_type = "application/json", .fields = {}}, body);
      } else {
         auto x = out.keep();
         auto& home = x->home();
         home.post([x = std::move(x)] {
            x->reply({.status = 200, .content_type = "application/json", .fields = {}}, body);
         });
      }
   }

private:
   const std::string mode_;
   const std::string length_ = std::to_string(body.size());
   std::size_t looked_at_ = 0;
};

} // namespace

int main(int argc, char** argv) {
   const std::string mode = argc > 2 ? argv[2] : "raw";
   net::server_options options;
   options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8000);
   options.threads = static_cast<unsigned>(argc > 3 ? std::atoi(argv[3]) : 0);
   auto server = net::server::open(
         options, [&](unsigned, core::executor&) { return std::make_unique<constant>(mode); });
   if (!server) {
      fmt::print(stderr, "{}\n", server.error().message);
      return 1;
   }
   (*server)->start();
   fmt::print("port {}\n", (*server)->port());
   std::fflush(stdout);
   ::pause();
}
