/* A tool that writes through a null pointer. */
#include "tiny.h"

TINY_MANIFEST("crash");

static const fmcp_item tools[] = {TINY_TOOL("crash")};

static int* volatile nowhere = NULL;

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   *nowhere = 1;
   return tiny_answer(host, rq->call, "still alive");
}

TINY_PLUGIN(tools, call, NULL)
