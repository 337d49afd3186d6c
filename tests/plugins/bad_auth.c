/* An authentication provider that does as its setting `mode` says. "good" is a provider of one
 * sentence: the token "good" is Alice's, "later" is too but takes a detour, and everybody else is
 * nobody. The others break one rule each; whatever they do, nobody may get in. */
#include <stdlib.h>
#include <unistd.h>

#include <fmcp/auth.h>

#include "tiny.h"

FMCP_MANIFEST(
      "{\"id\":\"io.fastmcp-host.test.bad_auth\",\"name\":\"bad_auth\",\"version\":\"1.0.0\","
      "\"kind\":[\"auth\"],\"provides\":[\"fmcp.auth/1\"],"
      "\"auth\":{\"names\":[\"bad\",\"good\"],\"aliases\":[\"tests.auth.BadProvider\"],"
      "\"env_prefix\":\"BAD_AUTH\",\"net\":[\"https://idp.example\"]},"
      "\"settings\":[{\"name\":\"mode\",\"type\":\"string\",\"default\":\"good\"},"
      "{\"name\":\"base_url\",\"type\":\"url\"}]}");

static const fmcp_host* host;
static const fmcp_auth_host* answers;
static const fmcp_exec* tasks;
static char mode[64] = "good";
static int* volatile nowhere = NULL;

static int is_mode(const char* name) {
   return strcmp(mode, name) == 0;
}

static fmcp_str text(const char* words) {
   fmcp_str out = {words, strlen(words)};
   return out;
}

/* The string member "mode" of the settings, which hold nothing that needs escapes here. */
static void read_mode(fmcp_str config) {
   static const char key[] = "\"mode\":\"";
   uint64_t i;
   for (i = 0; i + sizeof key - 1 < config.len; ++i) {
      uint64_t n = 0;
      if (memcmp(config.ptr + i, key, sizeof key - 1) != 0) continue;
      for (i += sizeof key - 1; i < config.len && config.ptr[i] != '"' && n < sizeof mode - 1;
           ++i) {
         mode[n++] = config.ptr[i];
      }
      mode[n] = '\0';
      return;
   }
}

/* ---- answers ---- */

static fmcp_status allow(fmcp_call call, const fmcp_principal* who) {
   fmcp_auth_result r = {0};
   r.size = sizeof r;
   r.decision = FMCP_AUTH_ALLOW;
   r.principal = who;
   r.cache_ttl_s = 60;
   return answers->verified(host->ctx, call, &r);
}

static fmcp_status allow_alice(fmcp_call call) {
   static const fmcp_str scopes[] = {FMCP_STR_INIT("read"), FMCP_STR_INIT("write")};
   fmcp_principal who = {0};
   who.size = sizeof who;
   who.subject = text("alice");
   who.issuer = text("https://idp.example");
   who.scopes.items = scopes;
   who.scopes.count = 2;
   who.scopes.stride = sizeof scopes[0];
   who.claims_json = text("{\"sub\":\"alice\"}");
   return allow(call, &who);
}

static fmcp_status deny(fmcp_call call) {
   fmcp_auth_result r = {0};
   r.size = sizeof r;
   r.reason = FMCP_AUTH_WHY_BAD_SIGNATURE;
   r.detail = text("This token is nobody's.");
   return answers->verified(host->ctx, call, &r);
}

static fmcp_status allow_with_scopes(fmcp_call call, uint32_t count) {
   static fmcp_str scopes[4096];
   fmcp_principal who = {0};
   uint32_t i;
   for (i = 0; i < count; ++i) scopes[i] = text("scope");
   who.size = sizeof who;
   who.subject = text("alice");
   who.scopes.items = scopes;
   who.scopes.count = count;
   who.scopes.stride = sizeof scopes[0];
   return allow(call, &who);
}

/* A question is readable until it is answered, so each goes with its own. */
static void answer_later(void* user) {
   const fmcp_auth_request* rq = user;
   allow_alice(rq->call);
}

/* Waits until the host has given the question up, and allows it then. */
static void answer_late(void* user) {
   const fmcp_auth_request* rq = user;
   while (!host->cancelled(host->ctx, rq->call)) tiny_rest();
   if (!tiny_is(rq->token, "good")) abort();
   allow_alice(rq->call);
}

/* ---- fmcp.auth/1 ---- */

static fmcp_status info(void* self, fmcp_str resource_url, const fmcp_auth_info** out,
                        fmcp_err* err) {
   static fmcp_auth_info said;
   static const fmcp_str scopes[] = {FMCP_STR_INIT("read")};
   (void)self;
   (void)resource_url;
   (void)err;
   if (is_mode("hang_info")) {
      for (;;) pause();
   }
   said.size = sizeof said;
   said.resource_metadata_json = text(
         is_mode("garbage_info") ? "[1" : "{\"authorization_servers\":[\"https://idp.example\"]}");
   said.required_scopes.items = scopes;
   said.required_scopes.count = 1;
   said.required_scopes.stride = sizeof scopes[0];
   *out = &said;
   return FMCP_OK;
}

static fmcp_status verify(void* self, const fmcp_auth_request* rq, fmcp_err* err) {
   fmcp_principal who = {0};
   (void)self;
   (void)err;
   who.size = sizeof who;
   who.subject = text("alice");
   if (is_mode("hang_verify")) {
      for (;;) pause();
   }
   if (is_mode("never_complete")) return FMCP_PENDING;
   if (is_mode("no_answer")) return FMCP_OK;
   if (is_mode("error")) return FMCP_E_IO;
   if (is_mode("crash")) *nowhere = 1;
   if (is_mode("double_complete")) {
      deny(rq->call);
      allow_alice(rq->call);
      return FMCP_OK;
   }
   if (is_mode("foreign")) {
      /* Handles of nobody, and of questions before and behind this one. */
      fmcp_call c;
      for (c = 0; c < 64; ++c) {
         allow_alice(c);
         allow_alice(rq->call + c + 1);
         allow_alice(rq->call ^ ((fmcp_call)1 << c));
      }
      return deny(rq->call);
   }
   if (is_mode("late")) {
      return tasks->post(host->ctx, answer_late, (void*)(uintptr_t)rq) == FMCP_OK ? FMCP_PENDING
                                                                                  : FMCP_E_BUSY;
   }
   if (is_mode("complete")) { /* as a tool would */
      fmcp_result r = {0};
      r.size = sizeof r;
      host->complete(host->ctx, rq->call, &r);
      return FMCP_OK;
   }
   if (is_mode("garbage_decision")) {
      fmcp_auth_result r = {0};
      r.size = sizeof r;
      r.decision = 1;
      r.principal = &who;
      answers->verified(host->ctx, rq->call, &r);
      return FMCP_OK;
   }
   if (is_mode("garbage_size")) {
      fmcp_auth_result r = {0};
      r.size = 3;
      r.decision = FMCP_AUTH_ALLOW;
      r.principal = &who;
      answers->verified(host->ctx, rq->call, &r);
      return FMCP_OK;
   }
   if (is_mode("no_result")) {
      answers->verified(host->ctx, rq->call, NULL);
      return FMCP_OK;
   }
   if (is_mode("allow_without_principal")) {
      allow(rq->call, NULL);
      return FMCP_OK;
   }
   if (is_mode("allow_nobody")) {
      who.subject = text("");
      allow(rq->call, &who);
      return FMCP_OK;
   }
   if (is_mode("allow_bad_utf8")) {
      who.subject = text("\xc3\x28");
      allow(rq->call, &who);
      return FMCP_OK;
   }
   if (is_mode("allow_bad_claims")) {
      who.claims_json = text("[\"sub\"]");
      allow(rq->call, &who);
      return FMCP_OK;
   }
   if (is_mode("allow_expired")) {
      who.expires_unix_ms = INT64_MIN;
      allow(rq->call, &who);
      return FMCP_OK;
   }
   if (is_mode("huge_subject")) {
      who.subject.len = (uint64_t)1 << 40;
      allow(rq->call, &who);
      return FMCP_OK;
   }
   if (is_mode("huge_scopes")) {
      allow_with_scopes(rq->call, 4096);
      return FMCP_OK;
   }
   if (is_mode("answer_then_error")) {
      deny(rq->call);
      return FMCP_E_FAIL;
   }
   if (tiny_is(rq->token, "good")) {
      allow_alice(rq->call);
      return FMCP_OK;
   }
   if (tiny_is(rq->token, "later")) {
      return tasks->after(host->ctx, 1, answer_later, (void*)(uintptr_t)rq, NULL) == FMCP_OK
                   ? FMCP_PENDING
                   : FMCP_E_BUSY;
   }
   if (tiny_is(rq->token, "forget")) {
      static const uint8_t digest[32] = "0123456789abcdef0123456789abcdef";
      const fmcp_bytes one = {digest, sizeof digest}, all = {NULL, 0};
      answers->forget(host->ctx, one);
      answers->forget(host->ctx, all);
   }
   deny(rq->call);
   return FMCP_OK;
}

static fmcp_auth auth;

/* ---- the plugin ---- */

static fmcp_status init(void* self, const fmcp_init* in, fmcp_err* err) {
   (void)self;
   (void)err;
   read_mode(in->config_json);
   if (is_mode("hang_init")) {
      for (;;) pause();
   }
   if (is_mode("inline")) auth.flags = FMCP_AUTH_NONBLOCKING;
   answers = host->service(host->ctx, text("fmcp.auth-host/1"));
   tasks = host->service(host->ctx, text("fmcp.exec/1"));
   return answers != NULL && tasks != NULL ? FMCP_OK : FMCP_E_NOT_SUPPORTED;
}

static const void* facet(void* self, fmcp_str id) {
   (void)self;
   if (!tiny_is(id, "fmcp.auth/1") || is_mode("no_facet")) return NULL;
   auth.size = sizeof auth;
   auth.info = info;
   auth.verify = verify;
   return &auth;
}

static fmcp_plugin plugin;

static fmcp_status create(const fmcp_host* given, fmcp_str instance, const fmcp_plugin** out,
                          fmcp_err* err) {
   (void)instance;
   (void)err;
   host = given;
   plugin.size = sizeof plugin;
   plugin.init = init;
   plugin.facet = facet;
   *out = &plugin;
   return FMCP_OK;
}

static const fmcp_entry entry = {sizeof(fmcp_entry), FMCP_ABI_MAJOR, FMCP_ABI_MINOR, 0, create};

const fmcp_entry* fmcp_plugin_entry_v1(void) {
   return &entry;
}
