#pragma once

/// An `exchange` whose other side is written down in the test: answers by method and URL, in turn;
/// the last one of a place goes on. What has no answer is a 404. Every request is remembered.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/exchange.hpp"

namespace fmcp::test {

class scripted_exchange {
public:
   using reply = core::http::fetch_reply;
   using fields = std::vector<std::pair<std::string, std::string>>;

   /// `place` is `GET https://…` or `POST https://…`; without a query it answers for all queries
   /// that nothing else is written for.
   scripted_exchange& on(const std::string& place, int status, std::string body,
                         fields headers = {{"content-type", "application/json"}});
   scripted_exchange& fail(const std::string& place, core::error error);
   /// Refers to this object.
   [[nodiscard]] client::exchange get();

   /// `GET https://…` of all requests so far.
   [[nodiscard]] std::vector<std::string> places() const;
   [[nodiscard]] const std::vector<core::http::fetch_request>& requests() const noexcept {
      return requests_;
   }
   /// Of the last request to that place, whose query does not count when `place` has none; fails
   /// the test when there was none.
   [[nodiscard]] core::http::fetch_request last(const std::string& place) const;
   [[nodiscard]] static std::string header(const core::http::fetch_request& rq,
                                           std::string_view name);

private:
   std::map<std::string, std::vector<core::result<reply>>> script_;
   std::map<std::string, std::size_t> asked_;
   std::vector<core::http::fetch_request> requests_;
};

} // namespace fmcp::test
