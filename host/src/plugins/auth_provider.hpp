#pragma once

/// A loaded authentication provider: interface `fmcp.auth/1` of one plugin file.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/auth_reason.hpp"
#include "core/principal.hpp"
#include "core/result.hpp"
#include "plugins/backends.hpp"
#include "plugins/host.hpp"

namespace fmcp::plugins {

/// A provider file whose note was read; nothing of it has run.
struct auth_candidate {
   std::string file;
   std::string name; ///< the manifest's
   std::string version;
   std::vector<std::string> names;   ///< `auth.names`: short names
   std::vector<std::string> aliases; ///< `auth.aliases`: class paths
   std::string env_prefix;           ///< `DESCOPEPROVIDER`, without underscores around it
   std::vector<std::string> net;     ///< `auth.net`: origins that it may reach
   std::string manifest_json;
   /// Why it cannot be used, one sentence; empty: nothing stands in the way so far. Whether the
   /// services that it needs are there is for `load`, which has them.
   std::string reason;
};

/// Looks at every `*.so` of the directories (pipeline up to the note). Never fails as a whole: a
/// bad file is a candidate with a reason. Sorted by file.
[[nodiscard]] std::vector<auth_candidate> find_auth_providers(const options& o);

/// What the provider says for the discovery documents; checked, bounded, UTF-8.
struct auth_info {
   std::string resource_metadata_json = "{}"; ///< an object: RFC 9728 members to merge
   std::string as_metadata_json;              ///< an object, or empty
   std::vector<std::string> required_scopes, challenge_scopes;
   std::vector<std::string> as_metadata_urls; ///< where another server's metadata may be, in order
   std::string scopes_discovery_url;          ///< or empty
};

struct auth_question {
   std::string_view token{}, scheme = "Bearer", method{}, url{}, peer_address{}, resource{};
   std::chrono::milliseconds patience{5'000};
};
struct auth_verdict {
   core::auth_reason reason = core::auth_reason::denied; ///< none: the token is good
   bool is_deferred = false;                             ///< not its kind of token
   core::caller_ref who{};                               ///< with `none`
   std::chrono::seconds cache_for{0};
   std::string detail{}, challenge_scope{};
   bool is_forbidden = false;
};

/// Thread safety: all members, any thread.
class auth_provider {
public:
   /// Loads one file: everything that a tool plugin goes through, then `info`. Returns within
   /// `o.load_timeout` and a little. Errors: those of the pipeline; the message is one sentence
   /// that names the file. `settings` were decided from the candidate's manifest.
   static core::result<std::unique_ptr<auth_provider>> load(const auth_candidate& which,
                                                            plugin_settings settings,
                                                            const options& o,
                                                            std::string resource_url);
   virtual ~auth_provider() = default;

   [[nodiscard]] virtual const std::string& name() const noexcept = 0;
   /// Where the provider may send requests, and where the host may go for what `info` names.
   [[nodiscard]] virtual std::shared_ptr<const core::http::fetch_policy> reach() const = 0;
   /// What it said when it was loaded, which is when it is asked; the same for ever.
   [[nodiscard]] virtual const auth_info& info() const noexcept = 0;
   /// `done` is called exactly once, possibly inside this call, possibly on any thread, whatever
   /// the plugin does. Nothing but a well-formed ALLOW gives reason `none`.
   virtual void verify(const auth_question& q,
                       std::move_only_function<void(auth_verdict)> done) = 0;
   /// Who is told when the plugin asks to forget a token; an empty digest means all of its tokens.
   /// `f` is quick and does not call back; after `stop` it is not called any more.
   virtual void on_forget(std::function<void(std::string_view token_sha256)> f) = 0;
   /// Refuses new questions, ends open ones as `provider_failed`, stops the plugin for a bounded
   /// time. [once]
   virtual void stop(std::chrono::milliseconds patience) = 0;
};

} // namespace fmcp::plugins
