/* One NONBLOCKING tool that answers with its argument: the floor under every benchmark.
 *
 * The answer is a slice of the request: nothing is allocated or copied here unless the text holds
 * JSON escapes. */

#include <stdlib.h>
#include <string.h>

#include <fmcp/call.h>

FMCP_MANIFEST("{\"id\":\"io.fastmcp-host.test.echo\",\"name\":\"echo\",\"version\":\"1.0.0\","
              "\"kind\":[\"tools\"],\"provides\":[\"fmcp.tools/1\"]}");

typedef struct instance {
   const fmcp_host* host;
   fmcp_plugin plugin;
} instance;

/* ---- JSON, as little of it as an object of strings needs ---- */

static const char* skip_space(const char* p, const char* end) {
   while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
   return p;
}

/* `p` is behind the opening quote; returns the closing one, or null. */
static const char* string_end(const char* p, const char* end, int* escaped) {
   const char* quote = memchr(p, '"', (size_t)(end - p));
   *escaped = quote != NULL && memchr(p, '\\', (size_t)(quote - p)) != NULL;
   if (!*escaped) return quote;
   for (; p < end; ++p) {
      if (*p == '"') return p;
      if (*p == '\\') ++p;
   }
   return NULL;
}

static const char* skip_char(const char* p, const char* end, char c) {
   p = skip_space(p, end);
   return p < end && *p == c ? p + 1 : NULL;
}

/* Finds the value of the last member; the schema allows only the one that is called `text`. */
static int find_text(fmcp_str json, fmcp_str* out, int* escaped) {
   const char *p = json.ptr, *end = p + json.len, *from;
   p = skip_char(p, end, '{');
   while (p != NULL) {
      if ((p = skip_char(p, end, '"')) == NULL) return 0;
      if ((p = string_end(p, end, escaped)) == NULL) return 0;
      if ((p = skip_char(p + 1, end, ':')) == NULL) return 0;
      if ((from = skip_char(p, end, '"')) == NULL) return 0;
      if ((p = string_end(from, end, escaped)) == NULL) return 0;
      out->ptr = from;
      out->len = (uint64_t)(p - from);
      p = skip_space(p + 1, end);
      if (p < end && *p == '}') return 1;
      p = skip_char(p, end, ',');
   }
   return 0;
}

static unsigned hex4(const char* p) {
   unsigned value = 0;
   int i;
   for (i = 0; i < 4; ++i) {
      const unsigned char c = (unsigned char)p[i];
      value = value * 16 + (c <= '9' ? c - 48u : (c | 0x20u) - 87u); /* '0'; 'a' less ten */
   }
   return value;
}

static char* put_utf8(char* out, unsigned c) {
   if (c < 0x80) {
      *out++ = (char)c;
      return out;
   }
   if (c < 0x800) {
      *out++ = (char)(0xC0 | c >> 6);
   } else {
      if (c < 0x10000) {
         *out++ = (char)(0xE0 | c >> 12);
      } else {
         *out++ = (char)(0xF0 | c >> 18);
         *out++ = (char)(0x80 | (c >> 12 & 0x3F));
      }
      *out++ = (char)(0x80 | (c >> 6 & 0x3F));
   }
   *out++ = (char)(0x80 | (c & 0x3F));
   return out;
}

/* Decodes the inside of a JSON string to `out`, which has room for as many bytes; returns its end.
 * No escape is shorter than what it stands for. */
static char* unescape(fmcp_str in, char* out) {
   static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
   const char *p = in.ptr, *end = p + in.len;
   while (p < end) {
      if (*p != '\\' || ++p == end) {
         *out++ = *p++;
      } else if (*p != 'u') {
         const char* simple = memchr(from, *p, sizeof from - 1);
         *out++ = simple != NULL ? to[simple - from] : *p;
         ++p;
      } else if (end - p < 5) {
         break;
      } else {
         unsigned c = hex4(p + 1);
         p += 5;
         if (c >= 0xD800 && c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
            const unsigned low = hex4(p + 2);
            if (low >= 0xDC00 && low < 0xE000) {
               c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
               p += 6;
            }
         }
         if (c >= 0xD800 && c < 0xE000) c = 0xFFFD; /* half of a pair stands for nothing */
         out = put_utf8(out, c);
      }
   }
   return out;
}

/* ---- the plugin ---- */

static void release(void* owner, const void* ptr, uint64_t len) {
   (void)ptr;
   (void)len;
   free(owner);
}

static fmcp_status call(void* self, const fmcp_request* rq, fmcp_err* err) {
   const instance* me = self;
   fmcp_content block = {0};
   fmcp_result result = {0};
   fmcp_str text;
   int escaped;
   (void)err;

   if (!find_text(rq->args_json, &text, &escaped)) return FMCP_E_INVALID;
   block.size = sizeof block;
   block.kind = FMCP_C_TEXT;
   block.data.ptr = text.ptr;
   block.data.len = text.len;
   if (escaped) {
      char* decoded = malloc(text.len);
      if (decoded == NULL) return FMCP_E_NO_MEMORY;
      block.data.ptr = decoded;
      block.data.len = (uint64_t)(unescape(text, decoded) - decoded);
      block.data.release = release;
      block.data.owner = decoded;
   }

   result.size = sizeof result;
   result.content.items = &block;
   result.content.count = 1;
   result.content.stride = sizeof block;
   me->host->complete(me->host->ctx, rq->call, &result);
   return FMCP_OK;
}

static const fmcp_item item = {
      .size = sizeof(fmcp_item),
      .exec = FMCP_EX_NONBLOCKING,
      .name = FMCP_STR_INIT("echo"),
      .json = FMCP_STR_INIT(
            "{\"name\":\"echo\",\"description\":\"Answers with the text it is given\","
            "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":"
            "\"string\"}},\"required\":[\"text\"],\"additionalProperties\":false}}"),
};

static fmcp_status list(void* self, fmcp_list* out, fmcp_err* err) {
   (void)self;
   (void)err;
   out->items = &item;
   out->count = 1;
   out->stride = sizeof item;
   return FMCP_OK;
}

static const fmcp_tools tools = {sizeof(fmcp_tools), 0, list, call};

static const void* facet(void* self, fmcp_str id) {
   static const char name[] = "fmcp.tools/1";
   (void)self;
   return id.len == sizeof name - 1 && memcmp(id.ptr, name, sizeof name - 1) == 0 ? &tools : NULL;
}

static void destroy(void* self) {
   free(self);
}

static fmcp_status create(const fmcp_host* host, fmcp_str name, const fmcp_plugin** out,
                          fmcp_err* err) {
   instance* me;
   (void)name;
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

static const fmcp_entry entry = {sizeof(fmcp_entry), FMCP_ABI_MAJOR, FMCP_ABI_MINOR, 0, create};

const fmcp_entry* fmcp_plugin_entry_v1(void) {
   return &entry;
}
