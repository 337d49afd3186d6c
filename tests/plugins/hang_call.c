/* `hang_call` never returns to the host; `hang_async` returns at once and never completes. Neither
 * listens to cancellation. */
#include <unistd.h>

#include "tiny.h"

TINY_MANIFEST("hang_call");

static const fmcp_item tools[] = {TINY_TOOL("hang_call"), TINY_TOOL("hang_async")};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   (void)host;
   if (tiny_is(rq->name, "hang_async")) return FMCP_PENDING;
   for (;;) pause();
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
