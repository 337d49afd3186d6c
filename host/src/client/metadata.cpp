#include "client/metadata.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "client/challenge.hpp"
#include "client/text_member.hpp"
#include "net/url.hpp"
#include "json/document.hpp"

namespace fmcp::client {
namespace {

constexpr json::limits bounds{.max_depth = 16, .max_bytes = 256u << 10, .max_values = 20'000};
constexpr std::size_t max_issuers = 16;

std::unexpected<core::error> refuse(std::string message) {
   return core::fail(core::errc::invalid, std::move(message));
}

core::result<const json::value*> parse_object(json::document& d, std::string_view text) {
   auto root = d.parse_copy(text, bounds);
   if (!root) return refuse(fmt::format("it is no JSON: {}", root.error().message));
   if (!(*root)->is(json::kind::object)) return refuse("it is no JSON object");
   return root;
}

std::vector<std::string> strings(const json::value* list) {
   std::vector<std::string> out;
   if (list == nullptr || !list->is(json::kind::array)) return out;
   for (const auto& item : list->items()) {
      if (item.is(json::kind::string)) out.emplace_back(item.string());
   }
   return out;
}

bool is_true(const json::value& from, std::string_view name) {
   const auto* v = from.find(name);
   return v != nullptr && v->is(json::kind::boolean) && v->boolean();
}

core::result<void> check_endpoints(const issuer_document& d, const reach& allowed) {
   for (const auto& [name, url, is_needed] :
        {std::tuple{"authorization_endpoint", &d.authorization_endpoint, true},
         std::tuple{"token_endpoint", &d.token_endpoint, true},
         std::tuple{"registration_endpoint", &d.registration_endpoint, false}}) {
      if (url->empty() && is_needed) return refuse(fmt::format("it names no {}", name));
      if (url->empty()) continue;
      if (auto ok = allowed.check(fmt::format("its {}", name), *url); !ok) return ok;
   }
   return {};
}

} // namespace

core::result<resource_document> read_resource_document(std::string_view text,
                                                       std::string_view server) {
   json::document d;
   const auto root = parse_object(d, text);
   if (!root) return std::unexpected(root.error());
   resource_document out{
         .resource = text_of(**root, "resource"),
         .issuers = strings((*root)->find("authorization_servers")),
         .scopes_supported = split_scopes(join_scopes(strings((*root)->find("scopes_supported"))))};
   if (!is_resource_of(out.resource, server)) {
      return refuse(fmt::format("it is about the resource \"{}\", which is not {} and no path "
                                "above it",
                                excerpt(out.resource), server));
   }
   if (out.issuers.empty()) return refuse("it names no authorization server");
   if (out.issuers.size() > max_issuers) return refuse("it names too many authorization servers");
   return out;
}

core::result<issuer_document> read_issuer_document(std::string_view text, std::string_view expected,
                                                   const reach& allowed) {
   json::document d;
   const auto root = parse_object(d, text);
   if (!root) return std::unexpected(root.error());
   const auto& from = **root;
   issuer_document out{
         .issuer = text_of(from, "issuer"),
         .authorization_endpoint = text_of(from, "authorization_endpoint"),
         .token_endpoint = text_of(from, "token_endpoint"),
         .registration_endpoint = text_of(from, "registration_endpoint"),
         .scopes_supported = strings(from.find("scopes_supported")),
         .accepts_metadata_urls = is_true(from, "client_id_metadata_document_supported"),
         .names_itself = is_true(from, "authorization_response_iss_parameter_supported")};
   if (out.issuer != expected) {
      return refuse(
            fmt::format("its issuer is \"{}\" and has to be \"{}\" to the letter; otherwise "
                        "one authorization server could pass for another",
                        excerpt(out.issuer), excerpt(expected)));
   }
   if (auto ok = check_endpoints(out, allowed); !ok) return std::unexpected(std::move(ok.error()));
   const auto methods = strings(from.find("code_challenge_methods_supported"));
   if (std::ranges::find(methods, "S256") == methods.end())
      return refuse("it does not say that it supports PKCE with S256, without which codes can be "
                    "stolen");
   return out;
}

std::vector<std::string> resource_document_places(std::string_view from_challenge,
                                                  std::string_view server) {
   constexpr std::string_view well_known = "/.well-known/oauth-protected-resource";
   std::vector<std::string> out;
   const auto add = [&out](std::string place) {
      if (std::ranges::find(out, place) == out.end()) out.push_back(std::move(place));
   };
   if (!from_challenge.empty()) add(std::string(from_challenge));
   if (const auto url = net::url::parse(server)) {
      const auto path = url->path == "/" ? std::string() : url->path;
      add(fmt::format("{}{}{}{}", url->origin(), well_known, path, url->query));
      add(fmt::format("{}{}", url->origin(), well_known));
   }
   return out;
}

std::vector<std::string> issuer_document_places(std::string_view issuer) {
   const auto url = net::url::parse(issuer);
   if (!url || !url->query.empty()) return {};
   auto path = url->path;
   while (path.ends_with('/')) path.pop_back();
   const auto origin = url->origin();
   std::vector<std::string> out{
         fmt::format("{}/.well-known/oauth-authorization-server{}", origin, path),
         fmt::format("{}/.well-known/openid-configuration{}", origin, path)};
   if (!path.empty())
      out.push_back(fmt::format("{}{}/.well-known/openid-configuration", origin, path));
   return out;
}

} // namespace fmcp::client
