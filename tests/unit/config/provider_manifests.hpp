#pragma once

/// Provider files as they would be found, with manifests like those of the real ones.

#include <string>
#include <vector>

#include "config/auth_candidate.hpp"

namespace fmcp::test {

inline config::auth_candidate descope() {
   return {.file = "/auth/descope.so",
           .name = "descope",
           .version = "1.0.0",
           .names = {"descope"},
           .aliases = {"fastmcp.server.auth.providers.descope.DescopeProvider"},
           .env_prefix = "DESCOPEPROVIDER",
           .net = {"https://api.descope.com"},
           .manifest_json = R"({"name":"descope","any_of":[["config_url","project_id"]],"settings":[
   {"name":"base_url","type":"url","required":true,"help":"Public URL of this server."},
   {"name":"project_id","type":"string"},
   {"name":"descope_base_url","type":"url","default":"https://api.descope.com","assume_scheme":"https"},
   {"name":"config_url","type":"url"},
   {"name":"required_scopes","type":"list"},
   {"name":"audience","type":"list","split":false}]})",
           .reason = {}};
}

inline config::auth_candidate jwt() {
   return {.file = "/auth/jwt.so",
           .name = "jwt",
           .version = "1.0.0",
           .names = {},
           .aliases = {"fastmcp.server.auth.providers.jwt.JWTVerifier",
                       "fastmcp.server.auth.providers.bearer.BearerAuthProvider"},
           .env_prefix = "JWT",
           .net = {},
           .manifest_json = R"({"name":"jwt","one_of":[["public_key","jwks_uri"]],"settings":[
   {"name":"public_key","type":"secret"},{"name":"jwks_uri","type":"url"},
   {"name":"issuer","type":"list","split":false},{"name":"audience","type":"list","split":false},
   {"name":"algorithm","type":"enum","values":["RS256","ES256","HS256"],"default":"RS256"},
   {"name":"required_scopes","type":"list"},
   {"name":"leeway","type":"duration","default":"0s","max":"60s"},
   {"name":"strict","type":"bool","default":true},
   {"name":"base_url","type":"url"}]})",
           .reason = {}};
}

inline config::auth_candidate introspection() {
   return {.file = "/auth/introspection.so",
           .name = "introspection",
           .version = "1.0.0",
           .names = {"rfc7662"},
           .aliases = {"fastmcp.server.auth.providers.introspection.IntrospectionTokenVerifier"},
           .env_prefix = "INTROSPECTION",
           .net = {},
           .manifest_json = R"({"name":"introspection","settings":[
   {"name":"introspection_url","type":"url","required":true},
   {"name":"client_id","type":"string","required":true,"help":"Who asks."},
   {"name":"client_secret","type":"secret","required":true,"min":8},
   {"name":"timeout_seconds","type":"int","min":1,"max":120,"default":10},
   {"name":"required_scopes","type":"list","default":["user"]},
   {"name":"base_url","type":"url"}]})",
           .reason = {}};
}

/// Tokens from a file; has no prefix of its own.
inline config::auth_candidate fixed() {
   return {.file = "/auth/static.so",
           .name = "static",
           .version = "1.0.0",
           .manifest_json = R"({"name":"static","settings":[
   {"name":"tokens_file","type":"path","required":true},{"name":"tokens","type":"map"}]})"};
}

inline std::vector<config::auth_candidate> providers() {
   return {descope(), introspection(), jwt(), fixed()};
}

} // namespace fmcp::test
