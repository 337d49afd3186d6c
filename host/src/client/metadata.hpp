#pragma once

/// The two documents that lead from a server to the one that issues its tokens, and where they are:
/// protected resource metadata (RFC 9728) and authorization server metadata (RFC 8414, OpenID
/// Connect Discovery 1.0).
///
/// Thread safety: pure functions.
/// Errors: invalid; each sentence goes on from the document's URL, which the caller puts in front.

#include <string>
#include <string_view>
#include <vector>

#include "client/reach.hpp"
#include "core/result.hpp"

namespace fmcp::client {

struct resource_document {
   std::string resource;             ///< as it is written there
   std::vector<std::string> issuers; ///< at least one
   std::vector<std::string> scopes_supported;
};

/// Refused: no JSON object, no issuer, more than sixteen, a `resource` that is not `server` or a
/// path above it (else a server could have us fetch tokens for another one).
[[nodiscard]] core::result<resource_document> read_resource_document(std::string_view text,
                                                                     std::string_view server);

struct issuer_document {
   std::string issuer;
   std::string authorization_endpoint;
   std::string token_endpoint;
   std::string registration_endpoint; ///< or empty
   std::vector<std::string> scopes_supported;
   bool accepts_metadata_urls = false; ///< client_id_metadata_document_supported
   bool names_itself = false; ///< authorization_response_iss_parameter_supported (RFC 9207)
};

/// Refused: another `issuer` than `expected` to the letter (RFC 8414 section 3.3), endpoints that
/// `allowed` does not let us use, no PKCE by S256 (the protocol has clients insist on it).
[[nodiscard]] core::result<issuer_document>
read_issuer_document(std::string_view text, std::string_view expected, const reach& allowed);

/// Where the first document may be, in the order of trying: what the challenge names, then the path
/// form, then the root form of RFC 9728 section 3.1.
[[nodiscard]] std::vector<std::string> resource_document_places(std::string_view from_challenge,
                                                                std::string_view server);
/// The same for the second: RFC 8414 with the path inserted, OpenID with the path inserted, OpenID
/// with it appended; of an issuer without path the two at the root.
[[nodiscard]] std::vector<std::string> issuer_document_places(std::string_view issuer);

} // namespace fmcp::client
