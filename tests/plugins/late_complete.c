/* `late_complete` has 100 ms, goes on until the host has given it up, and then completes all the
 * same. `late_complete_count` tells how often that was refused with FMCP_E_GONE; it waits until
 * no `late_complete` is inside. */
#include <stdatomic.h>
#include <stdio.h>

#include "tiny.h"

TINY_MANIFEST("late_complete");

static const fmcp_item tools[] = {
      TINY_TOOL_AS("late_complete", "{\"type\":\"object\"}", 100),
      TINY_TOOL("late_complete_count"),
};

static atomic_uint refused, inside;

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   char text[32];
   if (tiny_is(rq->name, "late_complete_count")) {
      while (inside != 0) tiny_rest();
      snprintf(text, sizeof text, "refused %u", (unsigned)refused);
      tiny_answer(host, rq->call, text);
      return FMCP_OK;
   }
   ++inside;
   while (!host->cancelled(host->ctx, rq->call)) tiny_rest();
   if (tiny_answer(host, rq->call, "too late") == FMCP_E_GONE) ++refused;
   --inside;
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
