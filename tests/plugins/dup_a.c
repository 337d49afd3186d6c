/* Offers the tool `dup`, as does its twin. */
#include "tiny.h"

TINY_MANIFEST("dup_a");

static const fmcp_item tools[] = {TINY_TOOL("dup")};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   tiny_answer(host, rq->call, "dup_a");
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
