/* What a C plugin needs beside its one idea. Each test plugin that breaks a rule at the level of
 * the C table includes this; the well-behaved ones use the C++ wrapper. */
#ifndef TINY_H
#define TINY_H

#include <string.h>
#include <time.h>

#include <fmcp/call.h>

#define TINY_MANIFEST(name)                                                                        \
   FMCP_MANIFEST("{\"id\":\"io.fastmcp-host.test." name "\",\"name\":\"" name                      \
                 "\",\"version\":\"1.0.0\",\"kind\":[\"tools\"],\"provides\":[\"fmcp.tools/1\"]}")

/* A tool whose only property of interest is its name. */
#define TINY_ITEM(tool, where, schema, deadline)                                                   \
   {.size = sizeof(fmcp_item),                                                                     \
    .exec = where,                                                                                 \
    .name = FMCP_STR_INIT(tool),                                                                   \
    .json = FMCP_STR_INIT("{\"name\":\"" tool                                                      \
                          "\",\"description\":\"A test\",\"inputSchema\":" schema "}"),            \
    .timeout_ms = deadline}
#define TINY_TOOL_AS(tool, schema, deadline) TINY_ITEM(tool, FMCP_EX_MAY_BLOCK, schema, deadline)
#define TINY_TOOL(tool) TINY_TOOL_AS(tool, "{\"type\":\"object\"}", 0)

static inline int tiny_is(fmcp_str s, const char* text) {
   return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* A millisecond between two looks at something. */
static inline void tiny_rest(void) {
   struct timespec rest = {0, 1000000};
   nanosleep(&rest, NULL);
}

/* Completes `call` with one text block. */
static inline fmcp_status tiny_answer(const fmcp_host* host, fmcp_call call, const char* text) {
   fmcp_content block = {0};
   fmcp_result result = {0};
   block.size = sizeof block;
   block.kind = FMCP_C_TEXT;
   block.data.ptr = text;
   block.data.len = strlen(text);
   result.size = sizeof result;
   result.content.items = &block;
   result.content.count = 1;
   result.content.stride = sizeof block;
   return host->complete(host->ctx, call, &result);
}

/* The rest of the plugin: one instance per file, which is all that these tests make.
 * `array` is one of fmcp_item; call_fn is fmcp_status(const fmcp_host*, const fmcp_request*);
 * init_fn is null or an init function of the plugin table. */
#define TINY_PLUGIN(array, call_fn, init_fn)                                                       \
   static const fmcp_host* tiny_host;                                                              \
   static fmcp_plugin tiny_plugin;                                                                 \
   static fmcp_status tiny_list(void* self, fmcp_list* out, fmcp_err* err) {                       \
      (void)self;                                                                                  \
      (void)err;                                                                                   \
      out->items = array;                                                                          \
      out->count = sizeof(array) / sizeof(array)[0];                                               \
      out->stride = sizeof(array)[0];                                                              \
      return FMCP_OK;                                                                              \
   }                                                                                               \
   static fmcp_status tiny_call(void* self, const fmcp_request* rq, fmcp_err* err) {               \
      (void)self;                                                                                  \
      (void)err;                                                                                   \
      return call_fn(tiny_host, rq);                                                               \
   }                                                                                               \
   static const fmcp_tools tiny_tools = {sizeof(fmcp_tools), 0, tiny_list, tiny_call};             \
   static const void* tiny_facet(void* self, fmcp_str id) {                                        \
      (void)self;                                                                                  \
      return tiny_is(id, "fmcp.tools/1") ? &tiny_tools : NULL;                                     \
   }                                                                                               \
   static fmcp_status tiny_create(const fmcp_host* host, fmcp_str instance,                        \
                                  const fmcp_plugin** out, fmcp_err* err) {                        \
      (void)instance;                                                                              \
      (void)err;                                                                                   \
      tiny_host = host;                                                                            \
      tiny_plugin.size = sizeof tiny_plugin;                                                       \
      tiny_plugin.init = init_fn;                                                                  \
      tiny_plugin.facet = tiny_facet;                                                              \
      *out = &tiny_plugin;                                                                         \
      return FMCP_OK;                                                                              \
   }                                                                                               \
   static const fmcp_entry tiny_entry = {sizeof(fmcp_entry), FMCP_ABI_MAJOR, FMCP_ABI_MINOR, 0,    \
                                         tiny_create};                                             \
   const fmcp_entry* fmcp_plugin_entry_v1(void) {                                                  \
      return &tiny_entry;                                                                          \
   }

#endif
