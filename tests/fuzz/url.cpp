// A URL that is taken is written as libcurl will read it: what is written is taken again and is the
// same, its host is one of the three kinds, and a redirection from it leads to such a URL or
// nowhere. The input is a URL, and behind a line break where a redirection leads.

#include <algorithm>

#include "fuzz.hpp"
#include "net/url.hpp"

using namespace fmcp;

namespace {

void check(const net::url& u) {
   const auto text = u.text();
   fuzz::must(std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; }),
              "a URL is visible ASCII");
   fuzz::must(text.find('#') == std::string::npos, "fragments are refused");
   const auto authority_end = text.find('/', text.find("//") + 2);
   fuzz::must(text.substr(0, authority_end).find('@') == std::string::npos, "user-info is refused");
   fuzz::must(u.path.starts_with('/'), "the path begins with a slash");
   const auto again = net::url::parse(text);
   fuzz::must(again.has_value() && *again == u, "what is written is the same URL");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   const auto input = fuzz::text_of(data, size);
   const auto line = input.find('\n');
   const auto u = net::url::parse(input.substr(0, line));
   if (!u) return 0;
   check(*u);
   if (line == input.npos) return 0;
   if (const auto next = net::follow(*u, input.substr(line + 1))) check(*next);
   return 0;
}
