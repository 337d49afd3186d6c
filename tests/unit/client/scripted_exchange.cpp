#include "unit/client/scripted_exchange.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/text.hpp"

namespace fmcp::test {

namespace {

std::string without_query(const std::string& place) {
   return place.substr(0, place.find('?'));
}

} // namespace

scripted_exchange& scripted_exchange::on(const std::string& place, int status, std::string body,
                                         fields headers) {
   script_[place].push_back(reply{.status = status,
                                  .headers = std::move(headers),
                                  .body = std::move(body),
                                  .final_url = {}});
   return *this;
}

scripted_exchange& scripted_exchange::fail(const std::string& place, core::error error) {
   script_[place].push_back(std::unexpected(std::move(error)));
   return *this;
}

client::exchange scripted_exchange::get() {
   return [this](core::http::fetch_request rq) -> core::result<reply> {
      auto place = rq.method + " " + rq.url;
      EXPECT_NE(rq.policy, nullptr) << place;
      requests_.push_back(std::move(rq));
      if (!script_.contains(place)) place = without_query(place);
      const auto found = script_.find(place);
      if (found == script_.end())
         return reply{.status = 404, .headers = {}, .body = {}, .final_url = {}};
      const auto turn = asked_[place]++;
      const auto& answer = found->second[std::min(turn, found->second.size() - 1)];
      if (const auto& told = requests_.back().on_piece; told && answer && answer->status == 200) {
         const std::string_view body = answer->body;
         told(body.substr(0, body.size() / 2));
         told(body.substr(body.size() / 2));
      }
      return answer;
   };
}

std::vector<std::string> scripted_exchange::places() const {
   std::vector<std::string> out;
   for (const auto& rq : requests_) out.push_back(rq.method + " " + rq.url);
   return out;
}

core::http::fetch_request scripted_exchange::last(const std::string& place) const {
   const auto it = std::find_if(requests_.rbegin(), requests_.rend(), [&](const auto& rq) {
      const auto asked = rq.method + " " + rq.url;
      return asked == place || without_query(asked) == place;
   });
   if (it != requests_.rend()) return *it;
   ADD_FAILURE() << "nobody asked for " << place;
   return {};
}

std::string scripted_exchange::header(const core::http::fetch_request& rq, std::string_view name) {
   for (const auto& [n, v] : rq.headers) {
      if (core::iequals(n, name)) return v;
   }
   return {};
}

} // namespace fmcp::test
