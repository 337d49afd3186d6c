#pragma once

/// The document in which a protected resource says who issues tokens for it (RFC 9728).
///
/// One function computes where it is, for the challenge and for the routes alike, from what the
/// operator has configured and never from a request's `Host`: a document built from that would let
/// anybody send clients to an authorization server of his own.
///
/// Thread safety: pure functions.
/// Errors: invalid; the sentence names the setting or what the provider has handed over.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace fmcp::auth {

inline constexpr std::string_view resource_metadata_place = "/.well-known/oauth-protected-resource";

/// Of base URL `https://srv/api` and endpoint `/mcp`:
struct resource_names {
   std::string resource;     ///< `https://srv/api/mcp`, in the operator's spelling
   std::string metadata_url; ///< `https://srv/.well-known/oauth-protected-resource/api/mcp`
   std::string path;         ///< the path of that (RFC 9728 section 3.1)
};

/// `base_url`: http or https, a host, perhaps a path; no query, fragment or user. `endpoint` begins
/// with a slash. Slashes at the base's end do not count (style of the other settings, not of RFC
/// 3986).
[[nodiscard]] core::result<resource_names> name_resource(std::string_view base_url,
                                                         std::string_view endpoint);

struct resource_metadata {
   std::string json;
   /// Members of the provider's that were not taken: unknown, of another type, or the host's own.
   std::vector<std::string> left_out{};
};

/// `provider_json`: an object with members of RFC 9728 section 2. Of those that are known and have
/// their type, all are taken but `resource` and `bearer_methods_supported`, which the host knows
/// better, and `signed_metadata`, which could say otherwise. A null and an empty list count as
/// absent. `scopes` is `scopes_supported` where the provider names none; when it is empty, too, the
/// member is left out: with an empty list some clients ask for a scope with an empty name.
[[nodiscard]] core::result<resource_metadata>
make_resource_metadata(std::string_view resource, std::string_view provider_json,
                       std::span<const std::string> scopes);

/// Whether the provider names scopes itself, so that none have to be discovered.
[[nodiscard]] bool names_scopes(std::string_view provider_json);

/// `scopes_supported` of an authorization server's document (RFC 8414 or OpenID Discovery); none
/// when it has no such member. Nothing: it cannot be read, or holds a list without a single scope
/// in it. `offline_access` is left out: whether to ask for it is between client and authorization
/// server (MCP 2026-07-28, authorization).
[[nodiscard]] std::optional<std::vector<std::string>> scopes_of(std::string_view document);

/// The URLs where RFC 8414 and OpenID Discovery put the metadata of an issuer, in the order in
/// which clients try them; for a host that forwards the document.
[[nodiscard]] std::vector<std::string> metadata_places(std::string_view issuer);

} // namespace fmcp::auth
