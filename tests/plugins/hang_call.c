/* `hang_call` never returns to the host, `hang_here` does not either and hangs on the thread of the
 * host's that called it; `hang_async` returns at once and never completes. None listens to
 * cancellation. */
#include <unistd.h>

#include "tiny.h"

TINY_MANIFEST("hang_call");

static const fmcp_item tools[] = {
      TINY_TOOL("hang_call"),
      TINY_TOOL("hang_async"),
      TINY_ITEM("hang_here", FMCP_EX_NONBLOCKING, "{\"type\":\"object\"}", 0),
};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   (void)host;
   static const char note[] = "hanging\n";
   if (tiny_is(rq->name, "hang_async")) return FMCP_PENDING;
   if (write(STDERR_FILENO, note, sizeof note - 1) < 0) return FMCP_E_FAIL;
   for (;;) pause();
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
