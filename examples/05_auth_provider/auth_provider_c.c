/* The smallest authentication provider in C: one key for everybody who has it.
 *
 *    FASTMCP_SERVER_AUTH=shared_key
 *    FASTMCP_SERVER_AUTH_SHAREDKEY_KEY=...
 *
 * It compares digests in constant time, so that how long an answer takes tells nothing, and keeps
 * no copy of the key itself. */
#include <stdlib.h>
#include <string.h>

#include <fmcp/auth.h>

FMCP_MANIFEST("{\"id\":\"com.example.shared-key\",\"name\":\"shared_key\",\"version\":\"1.0.0\","
              "\"kind\":[\"auth\"],\"provides\":[\"fmcp.auth/1\"],"
              "\"uses\":[\"fmcp.auth-host/1\",\"fmcp.crypto/1\"],"
              "\"auth\":{\"names\":[\"shared_key\"],\"env_prefix\":\"SHAREDKEY\"},"
              "\"settings\":[{\"name\":\"key\",\"type\":\"secret\",\"required\":true,\"min\":16,"
              "\"help\":\"What callers have to show\"}]}");

typedef struct state {
   const fmcp_host* host;
   const fmcp_auth_host* answers;
   const fmcp_crypto* crypto;
   fmcp_plugin plugin;
   uint8_t digest[32];
} state;

static int is(fmcp_str s, const char* text) {
   return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

static fmcp_status hash(const state* me, fmcp_str text, uint8_t* out) {
   fmcp_bytes in;
   in.ptr = (const uint8_t*)text.ptr;
   in.len = text.len;
   return me->crypto->sha256(me->host->ctx, in, out);
}

static fmcp_status verify(void* self, const fmcp_auth_request* rq, fmcp_err* err) {
   static const fmcp_str nobody_special = FMCP_STR_INIT("shared");
   const state* me = self;
   uint8_t digest[32];
   fmcp_bytes theirs = {0}, ours = {0};
   fmcp_principal who = {0};
   fmcp_auth_result r = {0}; /* which denies */
   (void)err;
   if (hash(me, rq->token, digest) != FMCP_OK) return FMCP_E_FAIL;
   theirs.ptr = digest;
   ours.ptr = me->digest;
   theirs.len = ours.len = sizeof digest;
   r.size = sizeof r;
   r.reason = FMCP_AUTH_WHY_INACTIVE;
   if (me->crypto->equal(me->host->ctx, theirs, ours) != 0) {
      who.size = sizeof who;
      who.client_id = nobody_special;
      r.decision = FMCP_AUTH_ALLOW;
      r.reason = FMCP_AUTH_WHY_NONE;
      r.principal = &who;
      r.cache_ttl_s = 3600;
   }
   me->answers->verified(me->host->ctx, rq->call, &r);
   return FMCP_OK;
}

static fmcp_status info(void* self, fmcp_str resource_url, const fmcp_auth_info** out,
                        fmcp_err* err) {
   static const fmcp_auth_info nothing = {.size = sizeof(fmcp_auth_info)};
   (void)self;
   (void)resource_url;
   (void)err;
   *out = &nothing;
   return FMCP_OK;
}

static const fmcp_auth table = {
      .size = sizeof(fmcp_auth),
      .flags = FMCP_AUTH_NONBLOCKING,
      .info = info,
      .verify = verify,
};

static const void* facet(void* self, fmcp_str id) {
   (void)self;
   return is(id, "fmcp.auth/1") ? &table : NULL;
}

/* The key is the only secret there is, and what the host hands over is wiped after this. */
static fmcp_status init(void* self, const fmcp_init* in, fmcp_err* err) {
   state* me = self;
   static const fmcp_str auth_id = FMCP_STR_INIT("fmcp.auth-host/1");
   static const fmcp_str crypto_id = FMCP_STR_INIT("fmcp.crypto/1");
   uint32_t i;
   (void)err;
   me->answers = me->host->service(me->host->ctx, auth_id);
   me->crypto = me->host->service(me->host->ctx, crypto_id);
   if (!FMCP_CAN(fmcp_auth_host, me->answers, verified)) return FMCP_E_NOT_SUPPORTED;
   if (!FMCP_CAN(fmcp_crypto, me->crypto, equal)) return FMCP_E_NOT_SUPPORTED;
   for (i = 0; i < in->secrets.count; ++i) {
      const fmcp_kv* kv = (const void*)((const char*)in->secrets.items + i * in->secrets.stride);
      if (is(kv->key, "key")) return hash(me, kv->value, me->digest);
   }
   return FMCP_E_CONFIG;
}

static void destroy(void* self) {
   free(self);
}

static fmcp_status create(const fmcp_host* host, fmcp_str instance, const fmcp_plugin** out,
                          fmcp_err* err) {
   state* me;
   (void)instance;
   (void)err;
   if ((me = calloc(1, sizeof *me)) == NULL) return FMCP_E_NO_MEMORY;
   me->host = host;
   me->plugin.size = sizeof me->plugin;
   me->plugin.self = me;
   me->plugin.init = init;
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
