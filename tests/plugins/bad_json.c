/* Lists a tool whose inputSchema is JSON but not a schema. */
#include "tiny.h"

TINY_MANIFEST("bad_json");

static const fmcp_item tools[] = {
      TINY_TOOL_AS("bad_json", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":12}}}", 0),
};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   tiny_answer(host, rq->call, "never listed");
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
