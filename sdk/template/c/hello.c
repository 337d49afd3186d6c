/* A plugin with one tool, in C. Rename "hello" and "com.example" and go on from here.
 *
 * Arguments arrive as JSON text that the host has checked against inputSchema. This tool has none;
 * one that has some brings a JSON reader of its choice. */
#include <stdlib.h>
#include <string.h>

#include <fmcp/call.h>

FMCP_MANIFEST("{\"id\":\"com.example.hello\",\"name\":\"hello\",\"version\":\"1.0.0\","
              "\"kind\":[\"tools\"],\"provides\":[\"fmcp.tools/1\"]}");

typedef struct hello {
   const fmcp_host* host;
   fmcp_plugin plugin;
} hello;

static fmcp_status call(void* self, const fmcp_request* rq, fmcp_err* err) {
   const hello* me = self;
   fmcp_content text = {0};
   fmcp_result result = {0};
   (void)err;
   text.size = sizeof text;
   text.kind = FMCP_C_TEXT;
   text.data.ptr = "Hello from C!";
   text.data.len = sizeof "Hello from C!" - 1;
   result.size = sizeof result;
   result.content.items = &text;
   result.content.count = 1;
   result.content.stride = sizeof text;
   me->host->complete(me->host->ctx, rq->call, &result);
   return FMCP_OK;
}

/* By name, since these structs may get more members; what is left out is zero. */
static const fmcp_item items[] = {{
      .size = sizeof(fmcp_item),
      .exec = FMCP_EX_NONBLOCKING,
      .name = FMCP_STR_INIT("hello"),
      .json =
            FMCP_STR_INIT("{\"name\":\"hello\",\"description\":\"Says hello\","
                          "\"inputSchema\":{\"type\":\"object\",\"additionalProperties\":false}}"),
}};

static fmcp_status list(void* self, fmcp_list* out, fmcp_err* err) {
   (void)self;
   (void)err;
   out->items = items;
   out->count = sizeof items / sizeof items[0];
   out->stride = sizeof items[0];
   return FMCP_OK;
}

static const fmcp_tools tools = {.size = sizeof(fmcp_tools), .list = list, .call = call};

static const void* facet(void* self, fmcp_str id) {
   static const char name[] = "fmcp.tools/1";
   (void)self;
   return id.len == sizeof name - 1 && memcmp(id.ptr, name, sizeof name - 1) == 0 ? &tools : NULL;
}

static void destroy(void* self) {
   free(self);
}

static fmcp_status create(const fmcp_host* host, fmcp_str instance, const fmcp_plugin** out,
                          fmcp_err* err) {
   hello* me;
   (void)instance;
   (void)err;
   if (!FMCP_CAN(fmcp_host, host, complete)) return FMCP_E_NOT_SUPPORTED;
   if ((me = calloc(1, sizeof *me)) == NULL) return FMCP_E_NO_MEMORY;
   me->host = host;
   me->plugin.size = sizeof me->plugin;
   me->plugin.self = me;
   me->plugin.facet = facet;
   me->plugin.destroy = destroy;
   *out = &me->plugin;
   return FMCP_OK;
}

static const fmcp_entry entry = {
      .size = sizeof(fmcp_entry),
      .abi_major = FMCP_ABI_MAJOR,
      .abi_minor_built = FMCP_ABI_MINOR,
      .create = create,
};

const fmcp_entry* fmcp_plugin_entry_v1(void) {
   return &entry;
}
