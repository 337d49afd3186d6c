/* Answers with the private directory that init() was given. */
#include "tiny.h"

TINY_MANIFEST("data_dir");

static const fmcp_item tools[] = {TINY_TOOL("data_dir")};

static char directory[4096];

static fmcp_status init(void* self, const fmcp_init* in, fmcp_err* err) {
   (void)self;
   (void)err;
   if (in->data_dir.len >= sizeof directory) return FMCP_E_LIMIT;
   if (in->data_dir.len != 0) memcpy(directory, in->data_dir.ptr, in->data_dir.len);
   directory[in->data_dir.len] = '\0';
   return FMCP_OK;
}

static fmcp_status call(const fmcp_host* host, const fmcp_request* rq) {
   return tiny_answer(host, rq->call, directory);
}

TINY_PLUGIN(tools, call, init)
