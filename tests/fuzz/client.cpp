// What a server says to the client commands: challenges, event streams, callbacks, documents. The
// input's first byte chooses.

#include <algorithm>
#include <string>
#include <vector>

#include "client/callback.hpp"
#include "client/challenge.hpp"
#include "client/event_stream.hpp"
#include "client/metadata.hpp"
#include "client/oauth_messages.hpp"
#include "client/token_file.hpp"
#include "fuzz.hpp"

using namespace fmcp;
using client::reach;

namespace {

bool is_printable(std::string_view text) {
   return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

void challenges(std::string_view text) {
   const auto c = client::find_challenge({{"www-authenticate", std::string(text)}});
   fuzz::must(is_printable(c.error) && is_printable(c.error_description), "words are printable");
   fuzz::must(c.scopes.size() <= 100, "scopes are bounded");
   for (const auto& scope : c.scopes)
      fuzz::must(!scope.empty() && is_printable(scope) && !scope.contains(' '), "scopes are words");
}

/// In one piece or byte by byte: the same events.
void streams(std::string_view text) {
   std::vector<std::string> whole, pieces;
   const auto into = [](std::vector<std::string>& out) {
      return [&out](const client::event_stream::event& e) {
         out.push_back(std::string(e.type) + "\n" + std::string(e.data));
      };
   };
   client::event_stream a(1024), b(1024);
   const bool is_whole = a.feed(text, into(whole));
   bool is_pieced = true;
   for (const char& c : text) is_pieced = b.feed({&c, 1}, into(pieces)) && is_pieced;
   fuzz::must(is_whole == is_pieced && whole == pieces && a.last_id() == b.last_id(),
              "pieces make no difference");
}

void callbacks(std::string_view text) {
   const auto c = client::read_callback(
         text, {.state = "state", .issuer = "https://as", .must_name_issuer = true});
   if (c.what != client::callback::kind::foreign)
      fuzz::must(text.contains("state"), "only with the state");
   if (c.what == client::callback::kind::granted)
      fuzz::must(text.contains("iss=") && !c.text.empty(), "only from the issuer");
   else
      fuzz::must(is_printable(c.text), "words are printable");
   const auto page = client::callback_page(c);
   fuzz::must(page.contains("</html>") && std::ranges::count(page, '<') == 10,
              "no markup of others");
}

void documents(std::string_view text) {
   const auto allowed = reach::of_server("https://srv/mcp").value();
   if (const auto d = client::read_resource_document(text, allowed.server()))
      fuzz::must(client::is_resource_of(d->resource, allowed.server()) && !d->issuers.empty(),
                 "a document about this server");
   if (const auto d = client::read_issuer_document(text, "https://as", allowed)) {
      fuzz::must(d->issuer == "https://as", "the issuer itself");
      for (const auto* url : {&d->authorization_endpoint, &d->token_endpoint})
         fuzz::must(allowed.check("x", *url).has_value(), "endpoints that may be used");
   }
   const core::http::fetch_reply reply{
         .status = 200, .headers = {}, .body = std::string(text), .final_url = {}};
   if (const auto t = client::read_token_answer(reply))
      fuzz::must(client::is_bearer_token(t->access_token) && t->lifetime_s >= 0, "a token");
   if (const auto who = client::read_registration(reply))
      fuzz::must(!who->id.empty() && is_printable(who->id), "a client");
   if (const auto kept = client::read_logins(text))
      fuzz::must(client::read_logins(client::write_logins(*kept)) == *kept, "kept as it was");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   auto text = fuzz::text_of(data, size);
   if (text.empty()) return 0;
   const char which = text.front();
   text.remove_prefix(1);
   switch (which) {
   case 'w': challenges(text); break;
   case 'e': streams(text); break;
   case 'c': callbacks(text); break;
   case 'd': documents(text); break;
   default: break;
   }
   return 0;
}
