#include "auth/metadata.hpp"

#include <algorithm>
#include <array>

#include "auth/challenge.hpp"
#include "json/document.hpp"
#include "json/uri.hpp"
#include "json/writer.hpp"

namespace fmcp::auth {
namespace {

enum class form : std::uint8_t { text, url, texts, urls, boolean };

struct row {
   std::string_view name;
   form type;
};
/// RFC 9728 section 2. Clients of Python FastMCP have seen the first ones in this order.
constexpr std::array first_rows{row{"authorization_servers", form::urls},
                                row{"scopes_supported", form::texts}};
constexpr std::array other_rows{row{"resource_name", form::text},
                                row{"resource_documentation", form::url},
                                row{"resource_policy_uri", form::url},
                                row{"resource_tos_uri", form::url},
                                row{"jwks_uri", form::url},
                                row{"resource_signing_alg_values_supported", form::texts},
                                row{"tls_client_certificate_bound_access_tokens", form::boolean},
                                row{"authorization_details_types_supported", form::texts},
                                row{"dpop_signing_alg_values_supported", form::texts},
                                row{"dpop_bound_access_tokens_required", form::boolean}};

constexpr json::limits bounds{.max_depth = 16, .max_bytes = 64u << 10, .max_values = 10'000};

bool is_web_url(std::string_view text) noexcept {
   return text.starts_with("https://") || text.starts_with("http://");
}

bool has_form(const json::value& v, form type) {
   const auto is_text = [](const json::value& item) { return item.is(json::kind::string); };
   const auto is_url = [&](const json::value& item) {
      return is_text(item) && is_web_url(item.string());
   };
   switch (type) {
   case form::text: return is_text(v);
   case form::url: return is_url(v);
   case form::boolean: return v.is(json::kind::boolean);
   case form::texts: return v.is(json::kind::array) && std::ranges::all_of(v.items(), is_text);
   case form::urls: return v.is(json::kind::array) && std::ranges::all_of(v.items(), is_url);
   }
   return false;
}

bool counts_as_absent(const json::value& v) noexcept {
   return v.is(json::kind::null) || (v.is(json::kind::array) && v.items().empty());
}

bool is_known(std::string_view name) noexcept {
   const auto has_name = [&](const row& r) { return r.name == name; };
   return std::ranges::any_of(first_rows, has_name) || std::ranges::any_of(other_rows, has_name);
}

/// Writes one member of the provider's, whose escapes and blanks are made ours.
bool add(json::writer& w, const json::value& from, const row& r,
         std::vector<std::string>& left_out) {
   const auto* v = from.find(r.name);
   if (v == nullptr || counts_as_absent(*v)) return false;
   if (!has_form(*v, r.type)) {
      left_out.emplace_back(r.name);
      return false;
   }
   w.key(r.name);
   if (v->is(json::kind::boolean)) {
      w.boolean(v->boolean());
   } else if (v->is(json::kind::string)) {
      w.string(v->string());
   } else {
      w.begin_array();
      for (const auto& item : v->items()) w.string(item.string());
      w.end_array();
   }
   return true;
}

struct split_url {
   std::string_view origin, path; ///< the path without slashes at its end
};
/// Nothing: not http or https, no host, or more than a host and a path.
std::optional<split_url> split(std::string_view url) {
   const json::uri_parts parts(url);
   if (!is_web_url(url) || !parts.authority || parts.authority->empty() || parts.query ||
       parts.fragment || parts.authority->contains('@') ||
       url.find_first_of("\"\\ \t\r\n") != url.npos)
      return std::nullopt;
   const auto origin = url.substr(0, parts.scheme->size() + 3 + parts.authority->size());
   auto path = parts.path;
   while (path.ends_with('/')) path.remove_suffix(1);
   return split_url{origin, path};
}

} // namespace

core::result<resource_names> name_resource(std::string_view base_url, std::string_view endpoint) {
   const auto base = split(base_url);
   if (!base) {
      return core::fail(core::errc::invalid,
                        "the base URL has to be http or https with a host and perhaps a path, "
                        "without user, query and fragment");
   }
   if (endpoint == "/") endpoint = {}; // a URL without path stays as it was written
   std::string path(base->path);
   path += endpoint;
   resource_names out;
   out.resource.append(base->origin).append(path);
   out.path.append(resource_metadata_place).append(path);
   out.metadata_url.append(base->origin).append(out.path);
   return out;
}

core::result<resource_metadata> make_resource_metadata(std::string_view resource,
                                                       std::string_view provider_json,
                                                       std::span<const std::string> scopes) {
   json::document d;
   const auto parsed = d.parse_copy(provider_json, bounds);
   if (!parsed || !(*parsed)->is(json::kind::object)) {
      return core::fail(core::errc::invalid,
                        "the provider's resource metadata is no JSON object" +
                              (parsed ? std::string() : ": " + parsed.error().message));
   }
   const auto& from = **parsed;
   resource_metadata out;
   for (const auto& m : from.members()) {
      if (!is_known(m.key) && !m.val.is(json::kind::null)) out.left_out.emplace_back(m.key);
   }
   json::writer w(out.json);
   w.begin_object().key("resource").string(resource);
   (void)add(w, from, first_rows[0], out.left_out);
   if (!add(w, from, first_rows[1], out.left_out) && !scopes.empty())
      w.key(first_rows[1].name).strings(scopes);
   w.key("bearer_methods_supported").begin_array().string("header").end_array();
   for (const auto& r : other_rows) (void)add(w, from, r, out.left_out);
   w.end_object();
   return out;
}

bool names_scopes(std::string_view provider_json) {
   json::document d;
   const auto parsed = d.parse_copy(provider_json, bounds);
   const auto* v = parsed ? (*parsed)->find("scopes_supported") : nullptr;
   return v != nullptr && !counts_as_absent(*v) && has_form(*v, form::texts);
}

std::optional<std::vector<std::string>> scopes_of(std::string_view document) {
   json::document d;
   const auto parsed = d.parse_copy(document, bounds);
   if (!parsed || !(*parsed)->is(json::kind::object)) return std::nullopt;
   std::vector<std::string> out;
   const auto* list = (*parsed)->find("scopes_supported");
   if (list == nullptr || list->is(json::kind::null)) return out;
   if (!list->is(json::kind::array)) return std::nullopt;
   bool has_scope = list->items().empty();
   for (const auto& item : list->items()) {
      if (!item.is(json::kind::string) || !is_scope_token(item.string())) continue;
      has_scope = true;
      if (item.string() != "offline_access") out.emplace_back(item.string());
   }
   return has_scope ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<std::string> metadata_places(std::string_view issuer) {
   const auto url = split(issuer);
   if (!url) return {};
   const std::string origin(url->origin), path(url->path);
   const std::string oauth = "/.well-known/oauth-authorization-server";
   const std::string openid = "/.well-known/openid-configuration";
   if (path.empty()) return {origin + oauth, origin + openid};
   return {origin + oauth + path, origin + openid + path, origin + path + openid,
           origin + path + oauth};
}

} // namespace fmcp::auth
