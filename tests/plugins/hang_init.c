/* init() never returns. */
#include <unistd.h>

#include "tiny.h"

TINY_MANIFEST("hang_init");

static const fmcp_item tools[] = {TINY_TOOL("never_listed")};

static fmcp_status init(void* self, const fmcp_init* in, fmcp_err* err) {
   (void)self;
   (void)in;
   (void)err;
   for (;;) pause();
   return FMCP_OK;
}

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   return tiny_answer(host, rq->call, "unreachable");
}

TINY_PLUGIN(tools, call, init)
