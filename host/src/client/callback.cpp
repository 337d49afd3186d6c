#include "client/callback.hpp"

#include <fmt/format.h>

#include "client/challenge.hpp"
#include "client/form.hpp"
#include "crypto/digest.hpp"

namespace fmcp::client {
namespace {

constexpr std::size_t max_query = 8u << 10;

callback refused(std::string sentence) {
   return {.what = callback::kind::refused, .text = std::move(sentence)};
}

std::string html_escaped(std::string_view text) {
   std::string out;
   for (const char c : text) {
      switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
      }
   }
   return out;
}

} // namespace

callback read_callback(std::string_view query, const expected_callback& expected) {
   const auto parameters = query.size() > max_query ? std::nullopt : form_decoded(query);
   const auto state = parameters ? single(*parameters, "state") : std::nullopt;
   if (!state || !crypto::equal_constant_time(*state, expected.state))
      return {.what = callback::kind::foreign,
              .text = "This is not the login that fastmcp-host waits for."};
   // Of two, who knows which one counts (RFC 6749 section 3.1). A second `state` was foreign above.
   for (const auto* name : {"iss", "error", "code"}) {
      if (is_repeated(*parameters, name))
         return refused(fmt::format("the answer to the login has more than one \"{}\", so it was "
                                    "not used",
                                    name));
   }
   const auto issuer = single(*parameters, "iss");
   if (issuer ? *issuer != expected.issuer : expected.must_name_issuer) {
      return refused(fmt::format(
            "the answer to the login came from \"{}\" and not from {}, so it was not used",
            issuer ? excerpt(*issuer) : "nobody", excerpt(expected.issuer)));
   }
   if (const auto error = single(*parameters, "error")) {
      const auto why = single(*parameters, "error_description").value_or("");
      return refused(fmt::format("the authorization server refused the login: {}{}{}",
                                 excerpt(*error), why.empty() ? "" : ": ", excerpt(why)));
   }
   auto code = single(*parameters, "code");
   if (!code || code->empty())
      return refused("the authorization server answered the login without a code");
   return {.what = callback::kind::granted, .text = std::move(*code)};
}

std::string callback_page(const callback& c) {
   const bool is_good = c.what == callback::kind::granted;
   return fmt::format(
         "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
         "<title>fastmcp-host</title><h1 id=\"{}\">{}</h1><p>{}</p></html>\n",
         is_good ? "logged-in" : "not-logged-in", is_good ? "Logged in" : "Not logged in",
         is_good ? "You may close this window and go back to the terminal." : html_escaped(c.text));
}

} // namespace fmcp::client
