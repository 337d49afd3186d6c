#include <chrono>
#include <ostream>

#include <fmt/format.h>

#include "cli/client_options.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

std::string_view era_name(client::era e) {
   return e == client::era::old ? "old" : "new";
}

void print_json(std::ostream& out, const client::server_facts& s, double ms) {
   std::string text;
   json::writer w(text);
   w.begin_object().key("era").string(era_name(s.spoken)).key("revision").string(s.revision);
   w.key("name").string(s.name).key("title").string(s.title).key("version").string(s.version);
   w.key("instructions").string(s.instructions).key("ms").number(ms).end_object();
   out << text << '\n';
}

void print_text(std::ostream& out, const client::server_facts& s, double ms) {
   const auto name = s.title.empty() ? s.name : s.title;
   out << plain(fmt::format("{}{}{} answers: {} in {:.1f} ms, revision {} ({} era)\n",
                            name.empty() ? "The server" : name, s.version.empty() ? "" : " ",
                            s.version, s.spoken == client::era::old ? "ping" : "server/discover",
                            ms, s.revision, era_name(s.spoken)));
}

} // namespace

int client_ping(const context& c, const words& w) {
   int code = failed;
   const auto command = understand(
         c,
         {.words = {.operand = "URL"},
          .synopsis = "ping URL [--auth oauth | --bearer - | --bearer-file FILE] [options]",
          .purpose = "Says whether the MCP server at URL answers, and what it speaks. In the new\n"
                     "era of the protocol, which has no ping, it asks with server/discover.\n\n"
                     "  --json               the same for programs\n"},
         w, code);
   if (!command) return code;
   const auto server = connect(c, *command);
   if (!server) return failed;
   const auto begun = std::chrono::steady_clock::now();
   if (const auto alive = server->ping(); !alive) return report(c, alive.error());
   const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
   command->given.has("--json") ? print_json(c.io.out, server->server(), took.count())
                                : print_text(c.io.out, server->server(), took.count());
   return done;
}

} // namespace fmcp::cli
