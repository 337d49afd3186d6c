// Calls that take their time and stop when they are told to.

#include <condition_variable>
#include <mutex>

#include <fmcp/cpp/plugin.hpp>

namespace {

struct wait_for {
   std::int64_t ms = 0;
   void describe(fmcp::fields& f) { f("ms", ms, "How long, in milliseconds").range(0, 600'000); }
};

/// A sleep that somebody can end.
class nap {
public:
   /// Whether it was slept to its end.
   bool sleep(std::chrono::milliseconds time) {
      std::unique_lock<std::mutex> lock(mutex_);
      return !woken_.wait_for(lock, time, [&] { return is_over_; });
   }
   void wake() {
      {
         const std::lock_guard<std::mutex> lock(mutex_);
         is_over_ = true;
      }
      woken_.notify_all();
   }

private:
   std::mutex mutex_;
   std::condition_variable woken_;
   bool is_over_ = false; // guarded by mutex_
};

class slow : public fmcp::plugin {
public:
   slow() {
      add(fmcp::tool("slow", "Blocks a thread for a while",
                     [](const wait_for& in, fmcp::call& call) {
                        nap n;
                        const auto guard = call.on_cancel([&n] { n.wake(); });
                        if (!n.sleep(std::chrono::milliseconds(in.ms))) throw fmcp::cancelled();
                        return "slept " + std::to_string(in.ms) + " ms";
                     }));
      add(fmcp::tool("slow_polling", "Blocks a thread and looks every 10 ms whether to stop",
                     [](const wait_for& in, fmcp::call& call) {
                        nap n;
                        for (std::int64_t done = 0; done < in.ms; done += 10) {
                           call.stop_if_cancelled();
                           call.progress(static_cast<double>(done), static_cast<double>(in.ms));
                           n.sleep(std::chrono::milliseconds(10));
                        }
                        return "slept " + std::to_string(in.ms) + " ms";
                     }));
      add(fmcp::tool("slow_async", "Answers after a while and blocks no thread",
                     [](const wait_for& in, fmcp::async_call& call) {
                        call.after(std::chrono::milliseconds(in.ms), [in](fmcp::async_call& c) {
                           if (c.is_cancelled()) throw fmcp::cancelled();
                           c.complete("slept " + std::to_string(in.ms) + " ms");
                        });
                     }));
      add(fmcp::tool("slow_one_at_a_time", "Blocks, and is never called twice at a time",
                     [](const wait_for& in) {
                        nap().sleep(std::chrono::milliseconds(in.ms));
                        return "slept " + std::to_string(in.ms) + " ms";
                     })
                .max_concurrency(1));
      add(fmcp::tool("slow_short_deadline", "Has a deadline of 100 ms",
                     [](const wait_for& in, fmcp::call& call) {
                        nap n;
                        const auto guard = call.on_cancel([&n] { n.wake(); });
                        if (!n.sleep(std::chrono::milliseconds(in.ms))) throw fmcp::cancelled();
                        return "slept " + std::to_string(in.ms) + " ms";
                     })
                .timeout(std::chrono::milliseconds(100)));
   }
};

} // namespace

FMCP_PLUGIN(slow, "io.fastmcp-host.test.slow", "slow", "1.0.0");
