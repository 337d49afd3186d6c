/* Completes calls that are not its own: zero, small numbers, neighbours of its own handle, and
 * handles with other generations. Its answer says how many of them the host did not refuse. */
#include <stdio.h>

#include "tiny.h"

TINY_MANIFEST("foreign_complete");

static const fmcp_item tools[] = {TINY_TOOL("foreign_complete")};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   unsigned accepted = 0, bit;
   char text[32];
   fmcp_call other;
   for (other = 0; other < 256; ++other) {
      if (other != rq->call && tiny_answer(host, other, "forged") != FMCP_E_GONE) ++accepted;
   }
   for (bit = 0; bit < 64; ++bit) {
      if (tiny_answer(host, rq->call ^ (UINT64_C(1) << bit), "forged") != FMCP_E_GONE) ++accepted;
   }
   snprintf(text, sizeof text, "accepted %u", accepted);
   tiny_answer(host, rq->call, text);
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
