/* The note asks for a major version of the ABI that does not exist. */
#include "tiny.h"

__attribute__((section(".note.fmcp"), used, aligned(4))) FMCP_NOTE_PLAIN static const struct {
   uint32_t namesz, descsz, type;
   char name[8];
   uint32_t major, minor_built, minor_needed, flags;
   char text[88];
} note = {7,
          16 + 88,
          FMCP_NOTE_TYPE,
          FMCP_NOTE_NAME,
          999,
          0,
          0,
          0,
          "{\"id\":\"io.fastmcp-host.test.bad_abi\",\"name\":\"bad_abi\",\"version\":\"1.0.0\"}"};

static const fmcp_item tools[] = {TINY_TOOL("bad_abi")};

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   return tiny_answer(host, rq->call, "this version was never agreed on");
}

TINY_PLUGIN(tools, call, NULL)
