/* Writes to standard output during a call, where on stdio the protocol runs. */
#include <stdio.h>

#include "tiny.h"

TINY_MANIFEST("printer");

static const fmcp_item tools[] = {TINY_TOOL("printer")};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   puts("printer was here");
   fflush(stdout);
   tiny_answer(host, rq->call, "printed");
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
