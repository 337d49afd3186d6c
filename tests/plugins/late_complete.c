/* `late_complete` has 100 ms and takes 400, deaf to cancellation, and then completes all the same.
 * `late_complete_count` tells how often that was refused with FMCP_E_GONE. */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "tiny.h"

TINY_MANIFEST("late_complete");

static const fmcp_item tools[] = {
      TINY_TOOL_AS("late_complete", "{\"type\":\"object\"}", 100),
      TINY_TOOL("late_complete_count"),
};

static atomic_uint refused;

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   struct timespec rest = {0, 400000000};
   char text[32];
   if (tiny_is(rq->name, "late_complete_count")) {
      snprintf(text, sizeof text, "refused %u", (unsigned)refused);
      tiny_answer(host, rq->call, text);
      return FMCP_OK;
   }
   while (nanosleep(&rest, &rest) != 0) continue;
   if (tiny_answer(host, rq->call, "too late") == FMCP_E_GONE) ++refused;
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
