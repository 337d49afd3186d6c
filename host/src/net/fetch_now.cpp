#include "net/fetch_now.hpp"

#include <future>

namespace fmcp::net {

core::result<core::http::fetch_reply> fetch_now(core::http::fetcher& with,
                                                core::http::fetch_request rq,
                                                std::chrono::milliseconds slack) {
   using outcome = core::result<core::http::fetch_reply>;
   const auto patience = rq.timeout + slack;
   std::promise<outcome> answer; // goes with the callback, which may come later than we stay
   auto waits = answer.get_future();
   const auto handle = with.start(std::move(rq), [answer = std::move(answer)](outcome r) mutable {
      answer.set_value(std::move(r));
   });
   if (waits.wait_for(patience) == std::future_status::ready) return waits.get();
   with.cancel(handle);
   return core::fail(core::errc::timeout, "a request had no answer in time: its client is busy");
}

} // namespace fmcp::net
