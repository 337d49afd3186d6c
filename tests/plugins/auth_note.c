/* A provider of authentication of which only the note matters: settings of several types, and a
 * constructor that leaves a trace, since nobody who only looks may run it. It offers no interface.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tiny.h"

FMCP_MANIFEST(
      "{\"id\":\"io.fastmcp-host.test.auth_note\",\"name\":\"auth_note\",\"version\":\"1.0.0\","
      "\"kind\":[\"auth\"],\"provides\":[\"fmcp.auth/1\"],"
      "\"auth\":{\"names\":[\"auth_note\"],\"env_prefix\":\"NOTE\"},"
      "\"settings\":[{\"name\":\"url\",\"type\":\"url\",\"required\":true},"
      "{\"name\":\"limit\",\"type\":\"int\"},{\"name\":\"scopes\",\"type\":\"list\"},"
      "{\"name\":\"key\",\"type\":\"secret\"}]}");

static const fmcp_item tools[] = {TINY_TOOL("auth_note")};

__attribute__((constructor)) static void leave_a_trace(void) {
   const char* path = getenv("FMCP_TEST_CONSTRUCTOR_FILE");
   FILE* file = path != NULL ? fopen(path, "w") : NULL;
   if (file != NULL) {
      fputs("the constructor ran\n", file);
      fclose(file);
   }
}

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   tiny_answer(host, rq->call, "noted");
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
