/* Completes its call twice; the first text counts. `double_complete_count` then tells how often the
 * second one was refused with FMCP_E_GONE and how often its buffer was released. The client has its
 * answer before the second completion is made, so the counting tool waits until that is over. */
#include <stdatomic.h>
#include <stdio.h>

#include "tiny.h"

TINY_MANIFEST("double_complete");

static const fmcp_item tools[] = {TINY_TOOL("double_complete"), TINY_TOOL("double_complete_count")};

static atomic_uint refused, released, inside;

static void release(void* owner, const void* ptr, uint64_t len) {
   (void)owner;
   (void)ptr;
   (void)len;
   ++released;
}

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   fmcp_result second = {0};
   char text[64];
   if (tiny_is(rq->name, "double_complete_count")) {
      while (inside != 0) tiny_rest();
      snprintf(text, sizeof text, "refused %u, released %u", (unsigned)refused, (unsigned)released);
      tiny_answer(host, rq->call, text);
      return FMCP_OK;
   }
   ++inside;
   tiny_answer(host, rq->call, "first");
   second.size = sizeof second;
   second.structured_json.ptr = "{\"n\":2}";
   second.structured_json.len = 7;
   second.structured_json.release = release;
   if (host->complete(host->ctx, rq->call, &second) == FMCP_E_GONE) ++refused;
   --inside;
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
