#pragma once

/// Outbound HTTP as the rooms speak of it: `net` does it, `auth` and `plugins` need it, and neither
/// includes `net`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace fmcp::core::http {

/// Where a request may go. Immutable, shared by many requests.
///
/// Addresses are judged after the name was resolved, and the connection is made to the address that
/// was judged: private, loopback, link-local and other special ones are refused, unless the host of
/// a `trusted` origin resolves to them, since the operator said so himself.
struct fetch_policy {
   /// `https://api.example.com`, `http://127.0.0.1:9000`: scheme, host and port, without path.
   /// Empty together with `any_public_https`: nothing is allowed.
   std::vector<std::string> origins{};
   /// Those of `origins` that the operator configured, and not only a manifest.
   std::vector<std::string> trusted{};
   /// Any other `https` origin with a public address: for URLs from documents (client-id metadata).
   bool any_public_https = false;
   /// Takes none of the places that a fetcher keeps for others. The host says so of what tools may
   /// reach, so that their exchanges, however many hang, keep no key and no verification waiting.
   bool leaves_room = false;
};

struct fetch_request {
   std::string method = "GET";
   std::string url; ///< absolute; http only to loopback
   std::vector<std::pair<std::string, std::string>> headers{};
   std::string body{};
   std::chrono::milliseconds timeout{10'000}; ///< of the whole exchange, redirects included
   std::size_t max_body = 64u << 10;          ///< of the answer, after decoding; more is `limit`
   unsigned max_redirects = 0; ///< each is judged like the first URL; credentials do not follow
   std::shared_ptr<const fetch_policy> policy{}; ///< never null
   /// Is given the body of an answer with status 200 piece by piece, decoded, as it comes; the
   /// reply has all of it as well. On the fetcher's thread, before `done`; it should be quick.
   std::function<void(std::string_view)> on_piece{};
};

struct fetch_reply {
   int status = 0;
   std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
   std::string body;
   std::string final_url;

   /// The first field of that name (lower case), or empty.
   [[nodiscard]] std::string_view find(std::string_view name) const noexcept {
      for (const auto& [n, v] : headers) {
         if (n == name) return v;
      }
      return {};
   }
};

using fetch_done = std::move_only_function<void(core::result<fetch_reply>)>;

/// Thread safety: any thread.
class fetcher {
public:
   virtual ~fetcher() = default;
   /// Starts one exchange; `done` is called exactly once, on a thread of the fetcher's, never
   /// inside this call. It should be quick, and may start others. Any status is a reply. Errors:
   /// denied (policy), invalid (URL), limit, timeout, io, unsupported (no libcurl); `internal` when
   /// the fetcher ends. Their sentences name origin and path, never a query, header or body.
   virtual std::uint64_t start(fetch_request rq, fetch_done done) = 0;
   /// Ends it early: `done` then gets `timeout`. A handle that is over does nothing.
   virtual void cancel(std::uint64_t handle) = 0;
};

} // namespace fmcp::core::http
