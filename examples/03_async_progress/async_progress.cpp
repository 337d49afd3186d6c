// A tool that takes its time without taking a thread: each step runs on a thread of the host, says
// how far it is, and arranges the next one.
//
// When the client cancels, after() fires at once, so that the step finds out and stops. If a step
// throws, or forgets the call, the client gets an error instead of silence.

#include <fmcp/cpp/plugin.hpp>

struct countdown {
   int from = 10;

   void describe(fmcp::fields& f) {
      f("from", from, "Where to begin, in seconds").range(1, 3600).optional();
   }
};

class counting : public fmcp::plugin {
public:
   counting() {
      add(fmcp::tool(
                "count_down", "Counts seconds down to zero and reports each",
                [](const countdown& in, fmcp::async_call& call) { step(call, in.from, in.from); })
                .read_only()
                .timeout(std::chrono::hours(2)));
   }

private:
   static void step(fmcp::async_call& call, int left, int all) {
      if (call.is_cancelled()) return call.complete(fmcp::result::stopped());
      call.progress(all - left, all, std::to_string(left) + " seconds left");
      if (left == 0) return call.complete("Lift-off!");
      call.after(std::chrono::seconds(1),
                 [left, all](fmcp::async_call& c) { step(c, left - 1, all); });
   }
};

FMCP_PLUGIN(counting, "com.example.async-progress", "async_progress", "1.0.0");
