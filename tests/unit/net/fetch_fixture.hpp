#pragma once

/// What the tests of the fetcher share: a fetcher, policies, and answers that are waited for.

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/fetch_now.hpp"
#include "net/fetcher.hpp"
#include "unit/net/raw_client.hpp"
#include "unit/net/scripted_server.hpp"

namespace fmcp::test {

using core::errc;
using core::http::fetch_policy;
using core::http::fetch_reply;
using core::http::fetch_request;
using outcome = core::result<fetch_reply>;

inline std::shared_ptr<const fetch_policy> trusting(std::vector<std::string> origins) {
   return std::make_shared<fetch_policy>(
         fetch_policy{.origins = origins, .trusted = origins, .any_public_https = false});
}

/// As from a manifest: allowed, and not by the operator.
inline std::shared_ptr<const fetch_policy> allowing(std::vector<std::string> origins) {
   return std::make_shared<fetch_policy>(
         fetch_policy{.origins = std::move(origins), .trusted = {}, .any_public_https = false});
}

inline std::unique_ptr<core::http::fetcher> open_or_fail(net::fetcher_options options = {}) {
   auto made = net::open_fetcher(std::move(options));
   if (!made) {
      ADD_FAILURE() << made.error().message;
      return nullptr;
   }
   return std::move(*made);
}

/// The answer to a request that does not stay unanswered.
inline std::future<outcome> start(core::http::fetcher& with, fetch_request rq,
                                  std::uint64_t* handle = nullptr) {
   auto answer = std::make_shared<std::promise<outcome>>();
   auto waits = answer->get_future();
   const auto id =
         with.start(std::move(rq), [answer](outcome r) { answer->set_value(std::move(r)); });
   if (handle != nullptr) *handle = id;
   return waits;
}

inline outcome wait_for(std::future<outcome>& answer) {
   if (answer.wait_for(std::chrono::milliseconds(patience_ms)) != std::future_status::ready) {
      return core::fail(errc::internal, "(no answer came)");
   }
   return answer.get();
}

class FetchFixture : public testing::Test {
protected:
   /// A request to a server of this test, which the operator named.
   static fetch_request to(const std::string& origin, std::string path = "/") {
      return {.url = origin + path, .policy = trusting({origin})};
   }
   outcome fetch(fetch_request rq) {
      auto answer = start(*client, std::move(rq));
      return wait_for(answer);
   }
   /// The error's sentence, after a look at its kind.
   std::string failure(fetch_request rq, errc code) {
      const auto r = fetch(std::move(rq));
      if (r) return "(it was answered with " + std::to_string(r->status) + ")";
      EXPECT_EQ(static_cast<int>(r.error().code), static_cast<int>(code)) << r.error().message;
      return r.error().message;
   }

   std::unique_ptr<core::http::fetcher> client = open_or_fail();
};

/// Whether `text` has `part`, with the whole text in the failure's message.
inline testing::AssertionResult has(const std::string& text, std::string_view part) {
   if (text.find(part) != text.npos) return testing::AssertionSuccess();
   return testing::AssertionFailure() << "no \"" << part << "\" in: " << text;
}

} // namespace fmcp::test
