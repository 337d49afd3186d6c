/* `pause` takes `ms` milliseconds, in ten steps that it reports as progress, and stops early when
 * it is cancelled. `pause_count` tells how many pauses began, ended, and were cancelled. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tiny.h"

TINY_MANIFEST("pause");

static const fmcp_item tools[] = {
      TINY_TOOL_AS("pause",
                   "{\"type\":\"object\",\"properties\":{\"ms\":{\"type\":\"integer\","
                   "\"minimum\":0,\"maximum\":60000}},\"required\":[\"ms\"],"
                   "\"additionalProperties\":false}",
                   0),
      TINY_TOOL("pause_count"),
};

static atomic_uint begun, ended, cancelled;

/* The schema has checked them: one member, a whole number. */
static long milliseconds(fmcp_str arguments) {
   char text[64] = "";
   const char* colon;
   memcpy(text, arguments.ptr, arguments.len < sizeof text ? arguments.len : sizeof text - 1);
   colon = strchr(text, ':');
   return colon != NULL ? strtol(colon + 1, NULL, 10) : 0;
}

static int sleep_in_steps(const fmcp_host* host, const fmcp_request* rq, long ms) {
   int step;
   for (step = 0; step < 10; ++step) {
      struct timespec rest = {ms / 10000, ms % 10000 * 100000};
      const fmcp_str text = FMCP_STR_INIT("pausing");
      if (host->cancelled(host->ctx, rq->call)) return 0;
      while (nanosleep(&rest, &rest) != 0) continue;
      host->progress(host->ctx, rq->call, step + 1, 10, text);
   }
   return !host->cancelled(host->ctx, rq->call);
}

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   char text[64];
   if (tiny_is(rq->name, "pause_count")) {
      snprintf(text, sizeof text, "begun %u, ended %u, cancelled %u", (unsigned)begun,
               (unsigned)ended, (unsigned)cancelled);
      return tiny_answer(host, rq->call, text);
   }
   ++begun;
   if (sleep_in_steps(host, rq, milliseconds(rq->args_json))) {
      ++ended;
   } else {
      ++cancelled;
   }
   tiny_answer(host, rq->call, "paused");
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
