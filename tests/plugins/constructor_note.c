/* A constructor that leaves a trace: it writes the file that FMCP_TEST_CONSTRUCTOR_FILE names. Who
 * only looks at the plugin must not cause that. */
#include <stdio.h>
#include <stdlib.h>

#include "tiny.h"

TINY_MANIFEST("constructor_note");

static const fmcp_item tools[] = {TINY_TOOL("constructor_note")};

__attribute__((constructor)) static void leave_a_trace(void) {
   const char* path = getenv("FMCP_TEST_CONSTRUCTOR_FILE");
   FILE* file = path != NULL ? fopen(path, "w") : NULL;
   if (file != NULL) {
      fputs("the constructor ran\n", file);
      fclose(file);
   }
}

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   tiny_answer(host, rq->call, "constructed");
   return FMCP_OK;
}

TINY_PLUGIN(tools, call, NULL)
