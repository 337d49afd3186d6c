#include "client/discovery.hpp"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "client/challenge.hpp"

namespace fmcp::client {
namespace {

constexpr std::chrono::milliseconds patience{10'000};
constexpr unsigned max_redirects = 3;

/// The first document that `read` takes. What was wrong with the others is told only when none is
/// good: a document that is wrong before one that is not there.
template <class Document, class Read>
core::result<Document> first_good(const exchange& with, const reach& allowed,
                                  const std::vector<std::string>& places, Read read) {
   std::optional<core::error> wrong;
   const auto note = [&](const std::string& place, core::errc code, std::string_view why) {
      if (wrong && (wrong->code != core::errc::not_found || code == core::errc::not_found)) return;
      wrong = core::error{code, fmt::format("{}: {}", excerpt(place), why)};
   };
   for (const auto& place : places) {
      if (const auto ok = allowed.check("a document's place", place); !ok) {
         note(place, ok.error().code, ok.error().message);
         continue;
      }
      const auto reply = with({.url = place,
                               .headers = {{"accept", "application/json"}},
                               .timeout = patience,
                               .max_redirects = max_redirects,
                               .policy = allowed.policy_for(place)});
      if (!reply) {
         note(place, core::errc::io, reply.error().message);
      } else if (reply->status != 200) {
         note(place, reply->status < 500 ? core::errc::not_found : core::errc::io,
              fmt::format("status {}", reply->status));
      } else {
         core::result<Document> document = read(reply->body);
         if (document) return document;
         note(place, document.error().code, document.error().message);
      }
   }
   return std::unexpected(
         wrong.value_or(core::error{core::errc::not_found, "there is no place to look at"}));
}

core::result<issuer_document> find_issuer(const exchange& with, const reach& allowed,
                                          const std::string& issuer) {
   if (auto ok = allowed.check("the authorization server", issuer); !ok)
      return std::unexpected(std::move(ok.error()));
   return first_good<issuer_document>(
         with, allowed, issuer_document_places(issuer),
         [&](std::string_view text) { return read_issuer_document(text, issuer, allowed); });
}

} // namespace

core::result<discovered> discover(const exchange& with, const reach& allowed,
                                  std::string_view metadata_of_challenge) {
   auto resource = first_good<resource_document>(
         with, allowed, resource_document_places(metadata_of_challenge, allowed.server()),
         [&](std::string_view text) { return read_resource_document(text, allowed.server()); });
   if (!resource && resource.error().code != core::errc::not_found) {
      return core::wrap("the server does not say properly who issues its tokens",
                        std::move(resource.error()));
   }
   if (resource) {
      auto issuer = find_issuer(with, allowed, resource->issuers.front());
      if (!issuer) return core::wrap("the login cannot begin", std::move(issuer.error()));
      return discovered{std::move(*resource), std::move(*issuer)};
   }
   // Nothing tells how such an issuer spells itself.
   for (const auto* end : {"", "/"}) {
      auto issuer = find_issuer(with, allowed, allowed.origin() + end);
      if (!issuer) continue;
      return discovered{
            {.resource = allowed.server(), .issuers = {issuer->issuer}, .scopes_supported = {}},
            std::move(*issuer)};
   }
   return core::fail(core::errc::not_found,
                     fmt::format("the server wants a login and says nowhere who issues its tokens "
                                 "(last looked: {})",
                                 resource.error().message));
}

} // namespace fmcp::client
