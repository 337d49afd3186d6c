#pragma once

/// The public documents by which a client finds out where to log in.
///
///     /.well-known/oauth-protected-resource[/path]     who issues tokens (RFC 9728), made here
///     /.well-known/oauth-authorization-server[/path]   the issuer's own document: the provider's
///     /.well-known/openid-configuration[/path]         when it is the issuer, else forwarded
///
/// GET and HEAD; any origin may read them (they are public), preflights are answered,
/// `Authorization` is not even looked at. Nobody waits for the network but the first who ask for a
/// document that has never been read; they wait for one fetch, within its time limit. The
/// protected-resource document waits for nothing: while scopes are still to be discovered it is
/// given without them, and is not to be cached.
///
/// One per process. Thread safety: all members, any thread; a request's on its connection's.
/// Lifetimes: made by `make`, kept alive by requests that wait; fetcher and clock outlive it.

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "auth/forwarded_document.hpp"
#include "auth/metadata.hpp"
#include "core/http.hpp"

namespace fmcp::auth {

struct metadata_options {
   resource_names names;             ///< of `name_resource`
   std::string provider_json = "{}"; ///< members for the protected-resource document
   std::vector<std::string> required_scopes{};
   std::string issuer_json{};            ///< the provider is the issuer, and this its document
   std::vector<std::string> forwarded{}; ///< else: URLs of the issuer's document, or none
   std::vector<std::string> discovery{}; ///< URLs of a document with `scopes_supported`, or none;
                                         ///< read only when nobody has named scopes
   core::http::fetcher* fetch = nullptr; ///< not null when there are URLs
   std::shared_ptr<const core::http::fetch_policy> reach{};
   const core::clock* clock = &core::clock::system();
};

class metadata_routes final : public core::http::handler,
                              public std::enable_shared_from_this<metadata_routes> {
public:
   /// Errors: invalid (what the provider hands over is no JSON object), internal (URLs, and nothing
   /// to fetch them with).
   [[nodiscard]] static core::result<std::shared_ptr<metadata_routes>> make(metadata_options o);

   /// Starts to fetch the scopes that are to be discovered, so that even the first client is told of
   /// them. Waits for nothing.
   void begin_discovery();
   /// Whether the path is one of ours; every other variant is somebody else's 404.
   [[nodiscard]] bool serves(std::string_view path) const noexcept;
   bool on_head(const core::http::request& rq, core::http::responder& out) override;
   void on_request(const core::http::request& rq, core::http::responder& out) override;

private:
   enum class page : std::uint8_t { none, resource, issuer };
   explicit metadata_routes(metadata_options o) : options_(std::move(o)) {}
   core::result<void> prepare();
   [[nodiscard]] page page_of(std::string_view path) const noexcept;
   void give_resource(core::http::responder& out);
   void give_issuer(core::http::responder& out);
   [[nodiscard]] bool give_known_issuer(core::http::responder& out,
                                        const std::shared_ptr<const std::string>& text) const;
   [[nodiscard]] std::shared_ptr<const std::string> resource_text(bool& is_final);

   const metadata_options options_;
   std::string issuer_path_; ///< behind the two places of an issuer's document, or empty
   std::shared_ptr<const std::string> plain_;               ///< without discovered scopes
   std::shared_ptr<forwarded_document> issuer_, discovery_; ///< or null

   std::mutex mutex_;
   std::shared_ptr<const std::string> discovered_from_, discovered_; // guarded by mutex_
};

} // namespace fmcp::auth
