#pragma once

/// From a server that refuses to the documents about who issues its tokens.
///
/// Thread safety: none. Blocks on the network, each request for ten seconds at most.

#include <string_view>

#include "client/exchange.hpp"
#include "client/metadata.hpp"
#include "client/reach.hpp"

namespace fmcp::client {

struct discovered {
   resource_document resource;
   issuer_document issuer;
};

/// Asks each place in turn for a document that can be used. A server without the first document is
/// its own issuer, as in the protocol's revision 2025-03-26; one whose document is wrong is not.
/// Errors: not_found, and those of what was found last; the sentence names the place.
[[nodiscard]] core::result<discovered> discover(const exchange& with, const reach& allowed,
                                                std::string_view metadata_of_challenge);

} // namespace fmcp::client
