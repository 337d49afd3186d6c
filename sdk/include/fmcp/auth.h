/* fmcp/auth.h - authentication providers: interface "fmcp.auth/1".
 *
 * A provider decides who a bearer is. It is a plugin like any other, but lies in the host's auth
 * directory, and its manifest has, beside the members that abi.h tells of, `"kind":["auth"]` and
 *
 *    "auth": {"names":["acme"],              what FASTMCP_SERVER_AUTH may say; default: the name
 *             "aliases":["acme.auth.Acme"],  or so: class paths that mean this provider
 *             "env_prefix":"ACME",           settings are FASTMCP_SERVER_AUTH_ACME_<FIELD>
 *             "net":["https://acme.example"],  origins that it may reach through fmcp.http/1 and
 *                                              fmcp.jwt/1, beside those of its url settings
 *             "audience":["{resource}"],     whom tokens have to be for: after each ALLOW the host
 *                                            looks whether `aud` of claims_json has one of these,
 *                                            and refuses (401) otherwise, also where there are no
 *                                            claims. {resource} is the URL of the protected
 *                                            resource. Absent: the provider sees to that itself
 *             "headers":["x-acme-device"]}   DRAFT: request headers that it is to see
 *
 * Two settings are read by the host as well. `base_url`, of type url: under what clients reach the
 * host; the URL of the protected resource begins with it. `leeway`, of type duration: what the
 * provider grants to clocks that differ; the host, which judges the expiry of cached answers, grants
 * the same, up to 300 seconds.
 *
 * The life of a verification:
 *
 *    host                                 provider
 *    verify(self, rq, err)  ----------->  looks at rq->token and either
 *                           <-----------  verified(rq->call, result), return FMCP_OK, or
 *                           <-----------  return FMCP_PENDING, and verified() later from any thread
 *                                         (it may even come before PENDING is returned), or
 *                           <-----------  return FMCP_E_..., with err: not answered, 503
 *
 * The host has parsed the header, bounded the token (at most 16 KiB, the characters of RFC 6750)
 * and looked in its cache before it asks, and asks once for requests that come together with the
 * same token. After an ALLOW it checks the audience where the manifest says so, and expiry and
 * required scopes in any case, these for cached answers too. Only a well-formed ALLOW lets a request
 * pass: an error, a deadline, a crash and a value out of range deny it, as 401 where the provider has
 * refused and as 503 where it has not decided.
 *
 * Each verification is answered exactly once, or ended by an error that verify returns, as it is
 * with calls (call.h): when its deadline passes the host answers the client, calls
 * fmcp_plugin.cancel() and goes on waiting for the provider, whose late answer gets FMCP_E_GONE.
 *
 * DRAFT, in behaviour: `routes`, `http`, `authorize` and `respond`; hosts do not call or serve them
 * yet. All layouts are final.
 *
 * Conventions and thread tags: see <fmcp/abi.h>.
 */
#ifndef FMCP_AUTH_H
#define FMCP_AUTH_H

#include "services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Question and answer
 * ------------------------------------------------------------------------------------------- */

/* fmcp_auth_result.decision. Unknown: FMCP_AUTH_DENY. No small integer, no `true` and no FMCP_OK
 * allows. */
enum {
   FMCP_AUTH_DENY = 0,
   FMCP_AUTH_DEFER = 0x20,       /* not its kind of token: the next verifier is asked; when all
                                    defer, it is a DENY */
   FMCP_AUTH_UNAVAILABLE = 0x30, /* cannot tell now: 503 with Retry-After, never a pass */
   FMCP_AUTH_ALLOW = 0x600D
};

/* What is to be verified. The host's memory: it and what it points to stays valid and unchanged
 * until the provider has answered (also when that answers FMCP_E_GONE), and until verify returns in
 * any case. The token is wiped then; a provider keeps no copy of it, its SHA-256 where it must. */
typedef struct fmcp_auth_request {
   uint32_t size;
   uint32_t flags; /* zero */
   fmcp_call call;
   uint64_t deadline_ns; /* on host->mono_ns; 0 = none */
   fmcp_str token;           /* without the scheme; never empty */
   fmcp_str scheme;          /* "Bearer" */
   fmcp_str method;          /* "POST" */
   fmcp_str url;             /* under which clients know what is asked for, without query; empty where
                                the host does not know its public URL (base_url). Never what the
                                request's Host says */
   fmcp_list headers;        /* DRAFT, empty today: of fmcp_http_header, those of the manifest */
   fmcp_str peer_addr;       /* of the connection, which may be a proxy's; or empty */
   fmcp_bytes peer_cert_der; /* DRAFT, empty today */
   fmcp_str resource;        /* URL of the protected resource: "https://srv.example/mcp"; or empty,
                                likewise. The same as `url`, while the host serves one resource */
} fmcp_auth_request;

/* fmcp_auth_result.reason: why a token is refused. The host makes of it the reason code of its log
 * and the `error_description` that the client sees. Unknown: FMCP_AUTH_WHY_DENIED. */
enum {
   FMCP_AUTH_WHY_NONE = 0,
   FMCP_AUTH_WHY_DENIED = 1, /* no reason is given */
   FMCP_AUTH_WHY_MALFORMED = 2,
   FMCP_AUTH_WHY_BAD_ALGORITHM = 3,
   FMCP_AUTH_WHY_UNKNOWN_KEY = 4,
   FMCP_AUTH_WHY_BAD_SIGNATURE = 5,
   FMCP_AUTH_WHY_NO_EXPIRY = 6,
   FMCP_AUTH_WHY_EXPIRED = 7,
   FMCP_AUTH_WHY_NOT_YET_VALID = 8,
   FMCP_AUTH_WHY_WRONG_ISSUER = 9,
   FMCP_AUTH_WHY_WRONG_AUDIENCE = 10,
   FMCP_AUTH_WHY_WRONG_TYPE = 11,
   FMCP_AUTH_WHY_NO_SUBJECT = 12,    /* neither subject nor client */
   FMCP_AUTH_WHY_MISSING_SCOPE = 13, /* with http_status 403 and challenge_scope */
   FMCP_AUTH_WHY_INACTIVE = 14,      /* the issuer knows the token and says no */
   FMCP_AUTH_WHY_UPSTREAM = 15,      /* with UNAVAILABLE: the issuer could not be asked */
   FMCP_AUTH_WHY_BUSY = 16           /* with UNAVAILABLE: too much is waiting */
};

/* fmcp_auth_result.flags. Unknown bits are ignored. */
enum {
   /* Members of the principal that are empty are taken from its claims_json: subject `sub`;
    * client_id `client_id`, else `azp`, else `sub`; issuer `iss`; scopes `scope`, else `scp` (text
    * with blanks between, or an array of texts); expires_unix_ms `exp`, in seconds there. */
   FMCP_AUTH_FROM_CLAIMS = 1u << 0
};

/* The answer, read inside verified(); all memory is the provider's. Zeroed memory denies.
 *
 * ALLOW wants a principal with a subject or a client; `provider` in it is ignored, the host writes
 * the provider's name. An ALLOW that lacks this, or whose claims_json is no JSON object, is a fault
 * of the provider: 503, and a line in the log. */
typedef struct fmcp_auth_result {
   uint32_t size;
   int32_t decision;                /* FMCP_AUTH_* */
   const fmcp_principal* principal; /* ALLOW: the host copies it */
   uint32_t flags;                  /* FMCP_AUTH_FROM_CLAIMS */
   uint32_t cache_ttl_s;     /* ALLOW: for how long the answer holds for this token, at most; 0 = do
                                not cache. Never longer than the token's expiry */
   int32_t http_status;      /* DENY: 403 when who it is has been proved and may not; else 401 */
   int32_t reason;           /* FMCP_AUTH_WHY_* */
   fmcp_str detail;          /* one sentence for the log, without token or claims; or empty */
   fmcp_str challenge_scope; /* for WWW-Authenticate: scopes, blanks between; or empty. What RFC
                                6749 does not allow in a scope is dropped */
   fmcp_str private_json;    /* DRAFT: for the host's audit log only */
} fmcp_auth_result;

struct fmcp_http_reply;

/* Service "fmcp.auth-host/1": how a provider answers. */
typedef struct fmcp_auth_host {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Answers fmcp_auth.verify for call `c`, exactly once. `r` and all it points to is copied before
    * this returns.
    *
    * FMCP_OK         taken; the call is over.
    * FMCP_E_GONE     too late or not yours: timed out, answered before, or unknown. Dropped; if the
    *                 call was yours, the host has its slot back now.
    * FMCP_E_INVALID  `r` breaks this contract. The call is over all the same: 503, and the log says
    *                 why.
    *
    * Whatever it returns, do not answer again, and read nothing of the request any more, unless
    * this ran inside verify: then the request lives until verify returns.
    * [any] */
   FMCP_FN(fmcp_status, verified, void* ctx, fmcp_call c, const fmcp_auth_result* r);

   /* DRAFT. Answers fmcp_auth.http, exactly once; statuses as above.
    * [any] */
   FMCP_FN(fmcp_status, respond, void* ctx, fmcp_call c, const struct fmcp_http_reply* r);

   /* Drops a token from the host's cache, by its SHA-256 (32 bytes), so that its next use is
    * verified again: for revocations that the provider hears of. Empty drops all of this
    * provider's.
    *
    * FMCP_OK         dropped, or it was not there.
    * FMCP_E_INVALID  neither 32 bytes nor none.
    * [any] */
   FMCP_FN(fmcp_status, forget, void* ctx, fmcp_bytes token_sha256);
} fmcp_auth_host;

/* ---------------------------------------------------------------------------------------------
 * Routes of a provider's own (DRAFT in behaviour)
 * ------------------------------------------------------------------------------------------- */

/* fmcp_route.flags. Unknown bits are ignored. */
enum {
   FMCP_RT_PUBLIC = 1u << 0, /* reached without a bearer token */
   FMCP_RT_CORS = 1u << 1,
   FMCP_RT_RATE_LIMIT = 1u << 2,
   FMCP_RT_NO_STORE = 1u << 3,
   FMCP_RT_HTML = 1u << 4 /* the host adds the security headers of a page */
};

/* A path that the provider serves. */
typedef struct fmcp_route {
   uint32_t size;
   uint32_t flags; /* FMCP_RT_* */
   fmcp_str method;
   fmcp_str path;
   uint32_t max_body; /* bytes; 0 = the host's default */
   uint32_t id;       /* handed back in fmcp_http_request.route_id */
} fmcp_route;

/* One HTTP request to such a path. The host's memory until the call is answered. */
typedef struct fmcp_http_request {
   uint32_t size;
   uint32_t flags; /* zero */
   fmcp_call call;
   uint64_t deadline_ns;
   uint32_t route_id;
   uint32_t reserved; /* zero */
   fmcp_str method;
   fmcp_str path;
   fmcp_str query;
   fmcp_list headers; /* of fmcp_http_header */
   fmcp_bytes body;
   fmcp_str peer_addr;
   const fmcp_principal* principal; /* null on public routes */
} fmcp_http_request;

/* Its answer, read inside respond(). */
typedef struct fmcp_http_reply {
   uint32_t size;
   int32_t http_status;
   fmcp_list headers; /* of fmcp_http_header */
   fmcp_buf body;
} fmcp_http_reply;

/* ---------------------------------------------------------------------------------------------
 * The interface
 * ------------------------------------------------------------------------------------------- */

/* What the provider adds to the discovery documents and asks of every token. The provider's memory,
 * unchanged until destroy(); the host copies it at once. What is not well-formed (UTF-8, JSON, URLs,
 * scopes of RFC 6749) makes the host refuse the provider. */
typedef struct fmcp_auth_info {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Members of the protected-resource metadata (RFC 9728), one JSON object: authorization_servers,
    * scopes_supported, resource_name, ... The host writes `resource` and `bearer_methods_supported`
    * itself. Issuers are written exactly as the authorization server writes its own: clients
    * compare character by character. No empty lists: leave the member out. */
   fmcp_str resource_metadata_json;

   /* The authorization server's metadata (RFC 8414), one JSON object, when the provider is that
    * server; else empty. */
   fmcp_str as_metadata_json;

   /* What every token must have, of fmcp_str. The host checks it after each ALLOW: 403
    * insufficient_scope otherwise. */
   fmcp_list required_scopes;

   /* What the challenge of a 401 asks for, of fmcp_str. Empty: the required scopes. */
   fmcp_list challenge_scopes;

   /* When another server is the authorization server: where its metadata is, of fmcp_str. The
    * candidates are tried in this order, and what the first good one says is served under this
    * host's own name, for clients that look there; fetched when first asked for, and cached. Their
    * origins are those of the manifest and of url settings. */
   fmcp_list as_metadata_urls;

   /* A document whose `scopes_supported` is to stand in the protected-resource metadata, where
    * resource_metadata_json has none; or empty. Fetched when first asked for, and cached; while it
    * cannot be had, the member is left out. */
   fmcp_str scopes_discovery_url;
} fmcp_auth_info;

/* fmcp_auth.flags. Unknown bits are ignored. */
enum {
   /* verify() may be called on the thread that serves the network: it returns within about 100 us,
    * so it waits for nothing, takes no lock that is held for long, and of the functions that verify
    * tokens uses fmcp_jwt.verify_now; it answers inline, or returns FMCP_PENDING and goes on
    * elsewhere (fmcp_jwt.verify, fmcp_http.fetch and fmcp_exec.post return at once). Without this
    * flag verify() runs on the plugin's share of the worker pool. */
   FMCP_AUTH_NONBLOCKING = 1u << 0
};

/* Interface "fmcp.auth/1": the answer of fmcp_plugin.facet(). `info` and `verify` are mandatory. */
typedef struct fmcp_auth {
   uint32_t size;
   uint32_t flags; /* FMCP_AUTH_NONBLOCKING */

   /* Says what the documents shall hold. `resource_url` is the URL of the protected resource,
    * borrowed, and empty where the host does not know it. Called once, after init() and before the
    * first verify(): what it says holds until the host is started again. Waits for no network: what
    * has to be fetched, and may change, is given as a URL.
    *
    * FMCP_OK   `*out` is set.
    * negative  `*out` is ignored, and the provider is refused.
    * [control] */
   FMCP_FN(fmcp_status, info, void* self, fmcp_str resource_url, const fmcp_auth_info** out,
           fmcp_err* err);

   /* DRAFT. Paths that the provider serves, of fmcp_route. Null: none.
    * [control] */
   FMCP_LISTER(routes);

   /* Verifies one token; see the life of a verification above. `rq` lives as told there, `err`
    * during the function only. Concurrent with itself.
    *
    * FMCP_OK       verified() was called for rq->call.
    * FMCP_PENDING  verified() was or will be called for it, at best before rq->deadline_ns.
    * negative      it was not and will not be: the client gets 503, and the log `err`.
    * [call] with FMCP_AUTH_NONBLOCKING for FMCP_EX_NONBLOCKING */
   FMCP_FN(fmcp_status, verify, void* self, const fmcp_auth_request* rq, fmcp_err* err);

   /* DRAFT. Serves one request to a path of `routes`; answers through fmcp_auth_host.respond() as
    * verify does through verified(). Null when there are no routes.
    * [call], as for FMCP_EX_MAY_BLOCK */
   FMCP_FN(fmcp_status, http, void* self, const fmcp_http_request* rq, fmcp_err* err);

   /* DRAFT. A finer rule than scopes: may `who` do `action` ("tools/call") on `target` (the tool's
    * name)? Writes FMCP_AUTH_ALLOW or FMCP_AUTH_DENY to `*decision`, which is DENY before. Answers
    * from memory. Null: whoever has the scopes may.
    * [any] */
   FMCP_FN(fmcp_status, authorize, void* self, const fmcp_principal* who, fmcp_str action,
           fmcp_str target, int32_t* decision, fmcp_err* err);
} fmcp_auth;

#ifdef __cplusplus
}
#endif
#endif
