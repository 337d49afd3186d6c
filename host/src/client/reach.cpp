#include "client/reach.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "client/challenge.hpp"
#include "net/url.hpp"

namespace fmcp::client {
namespace {

/// A text that is no URL, so that nobody can say for sure what of it is a secret: where there is an
/// `@`, any of it but the scheme may be one.
std::string quoted(std::string_view text) {
   if (text.contains('@')) {
      const auto scheme = text.find("://");
      const bool is_scheme = scheme != text.npos && scheme < text.find('@');
      return fmt::format("\"{}…\"", is_scheme ? excerpt(text.substr(0, scheme + 3)) : "");
   }
   const auto end = std::min(text.find_first_of("?#"), text.size());
   return fmt::format("\"{}{}\"", excerpt(text.substr(0, end)), end < text.size() ? "…" : "");
}

} // namespace

core::result<reach> reach::of_server(std::string_view text) {
   const auto url = net::url::parse(text);
   if (!url) return core::wrap(quoted(text), url.error());
   if (!url->is_https() && !url->is_loopback()) {
      return core::fail(core::errc::denied,
                        fmt::format("{} is not on this machine, so it has to be https: over plain "
                                    "http everybody on the way reads tokens and answers",
                                    url->place()));
   }
   reach out;
   out.server_ = url->text();
   if (url->path == "/" && url->query.empty() && !text.ends_with('/')) out.server_.pop_back();
   out.origin_ = url->origin();
   out.is_loopback_ = url->is_loopback();
   return out;
}

std::shared_ptr<const core::http::fetch_policy> reach::policy_for(std::string_view url) const {
   auto policy = std::make_shared<core::http::fetch_policy>();
   policy->any_public_https = true;
   policy->trusted.push_back(origin_);
   const auto target = net::url::parse(url);
   if (is_loopback_ && target && target->is_loopback()) policy->trusted.push_back(target->origin());
   policy->origins = policy->trusted;
   return policy;
}

core::result<void> reach::check(std::string_view what, std::string_view text) const {
   const auto url = net::url::parse(text);
   if (!url)
      return core::fail(core::errc::invalid, fmt::format("{}: {}", what, url.error().message));
   if (url->is_https() || (is_loopback_ && url->is_loopback())) return {};
   return core::fail(core::errc::denied,
                     fmt::format("{} is {}: without https it is used only when it and the server "
                                 "are on this machine",
                                 what, url->place()));
}

bool is_resource_of(std::string_view resource, std::string_view url) {
   const auto inner = net::url::parse(url);
   auto outer = net::url::parse(resource);
   if (!inner || !outer || inner->origin() != outer->origin()) return false;
   if (!outer->query.empty() && outer->query != inner->query) return false;
   auto above = outer->path;
   if (!above.ends_with('/')) above += '/';
   return (inner->path + '/').starts_with(above);
}

} // namespace fmcp::client
