/* A tool whose arguments are repeated in headers (`x-mcp-header`); it answers with its arguments.
 */
#include "tiny.h"

TINY_MANIFEST("routed");

static const fmcp_item tools[] = {
      TINY_TOOL_AS("routed",
                   "{\"type\":\"object\",\"properties\":{"
                   "\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},"
                   "\"level\":{\"type\":\"integer\",\"x-mcp-header\":\"Level\"},"
                   "\"urgent\":{\"type\":\"boolean\",\"x-mcp-header\":\"Urgent\"},"
                   "\"note\":{\"type\":\"string\"}}}",
                   0),
};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   fmcp_content block = {0};
   fmcp_result result = {0};
   block.size = sizeof block;
   block.kind = FMCP_C_TEXT;
   block.data.ptr = rq->args_json.ptr;
   block.data.len = rq->args_json.len;
   result.size = sizeof result;
   result.content.items = &block;
   result.content.count = 1;
   result.content.stride = sizeof block;
   host->complete(host->ctx, rq->call, &result);
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
