/* fmcp/services.h - what a plugin may ask the host for.
 *
 * A plugin names the services it wants in its manifest ("uses" or "optional"), gets a table from
 * host->service(ctx, id) and passes host->ctx as first argument to each of its functions. A null
 * table means that the service does not exist here or is not granted; both look the same.
 *
 * Asynchronous operations: when the starting function returns FMCP_OK its callback runs exactly
 * once, on a host thread, never inside the starting call and never after destroy() returned. When
 * it returns an error the callback never runs. What a callback is handed is borrowed for its
 * duration. `op`, where there is one, may be null; it receives a handle for the table's cancel() or
 * bring_forward(), which are safe with a handle that is over.
 *
 * In use, and as final as abi.h: all but fmcp.stream/1 and fmcp.metrics/1, which are DRAFT as a whole,
 * layout included, and for which every host answers null today. A host may lack any of them, and has
 * bounds of its own that it answers with FMCP_E_LIMIT or FMCP_E_BUSY.
 *
 * Conventions and thread tags: see <fmcp/abi.h>.
 */
#ifndef FMCP_SERVICES_H
#define FMCP_SERVICES_H

#include "abi.h"
#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * fmcp.exec/1 - run something later, or elsewhere
 * ------------------------------------------------------------------------------------------- */

/* Work that the host runs for the plugin. `user` is what was given with it.
 * [task] */
typedef FMCP_FN(void, fmcp_task, void* user);

/* Service "fmcp.exec/1": the plugin's share of the host's worker pool, so that a plugin need not
 * have threads of its own. */
typedef struct fmcp_exec {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Runs `fn(user)` on a pool thread as soon as one is free.
    *
    * FMCP_OK      it will run exactly once.
    * FMCP_E_BUSY  the plugin's queue is full; nothing will run.
    * FMCP_E_GONE  the instance is being stopped; nothing will run.
    * [any] */
   FMCP_FN(fmcp_status, post, void* ctx, fmcp_task fn, void* user);

   /* The same, not before `ms` milliseconds have passed. FMCP_E_LIMIT: too many are waiting. When
    * the instance is stopped, tasks that wait are run early, before destroy(). `*op` is set before
    * the task can run.
    * [any] */
   FMCP_FN(fmcp_status, after, void* ctx, uint64_t ms, fmcp_task fn, void* user, fmcp_op* op);

   /* What others call cancelling: a waiting task still runs exactly once, but now, so that `user`
    * is freed in one place only. The task finds out from its own state whether there is still work
    * to do. A handle that is over, or made up, does nothing.
    * [any] */
   FMCP_FN(void, bring_forward, void* ctx, fmcp_op op);
} fmcp_exec;

/* ---------------------------------------------------------------------------------------------
 * fmcp.notify/1 - tell the clients that something changed
 * ------------------------------------------------------------------------------------------- */

/* Service "fmcp.notify/1". */
typedef struct fmcp_notify {
   uint32_t size;
   uint32_t flags; /* zero */

   /* What an interface of this instance lists has changed, e.g. "fmcp.tools/1". The host calls that
    * interface's lister again soon, on a control thread, publishes the outcome and tells clients
    * that listen. Several in a row may become one.
    *
    * FMCP_OK           noted.
    * FMCP_E_NOT_FOUND  the instance does not offer that interface.
    * FMCP_E_GONE       the instance is being stopped.
    * [any] */
   FMCP_FN(fmcp_status, list_changed, void* ctx, fmcp_str interface_id);

   /* The content behind `uri` has changed; clients that subscribed to it are told. Statuses as
    * above, and FMCP_E_INVALID when `uri` is empty or no UTF-8. DRAFT: nobody can subscribe yet.
    * [any] */
   FMCP_FN(fmcp_status, resource_updated, void* ctx, fmcp_str uri);
} fmcp_notify;

/* ---------------------------------------------------------------------------------------------
 * fmcp.http/1 - outbound HTTP
 * ------------------------------------------------------------------------------------------- */

/* One header field. Frozen. */
typedef struct fmcp_http_header {
   fmcp_str name;
   fmcp_str value;
} fmcp_http_header;

/* What to fetch. The caller's memory, read before fetch() returns. */
typedef struct fmcp_fetch {
   uint32_t size;
   uint32_t flags;  /* zero */
   fmcp_str method; /* "GET", "POST", ...; empty: GET */
   fmcp_str url;    /* absolute, https; http to loopback only; no user name, no fragment */
   fmcp_list headers;      /* of fmcp_http_header; Host, Content-Length, Connection and other fields
                              of the connection are the host's */
   fmcp_bytes body;        /* empty: none */
   uint32_t timeout_ms;    /* of the whole exchange, redirects included; 0 = the host's default */
   uint32_t max_body;      /* bytes of the answer, after decoding; 0 = the host's default */
   uint32_t max_redirects; /* 0 = none are followed: the 3xx is the answer. Each is judged like the
                              first URL, and credentials do not follow to another origin */
   uint32_t reserved;      /* zero */
} fmcp_fetch;

/* What came back. The host's memory, during the callback only. */
typedef struct fmcp_fetched {
   uint32_t size;
   int32_t http_status; /* any; deciding what it means is the caller's */
   fmcp_list headers;   /* of fmcp_http_header, names in lower case, in the order received */
   fmcp_bytes body;
   fmcp_str final_url; /* differs from the first one after redirects */
} fmcp_fetched;

/* The end of an exchange. `r` is null unless `st` is FMCP_OK, which any HTTP status is; `error` is
 * then one sentence for a log, with origin and path and never a query, header or body.
 *
 * FMCP_E_DENIED   an address or a redirect is not allowed.
 * FMCP_E_LIMIT    the answer is longer than max_body.
 * FMCP_E_TIMEOUT  the time is over.
 * FMCP_E_IO       no connection, no TLS, broken HTTP.
 * FMCP_E_GONE     cancelled, or the instance is being stopped.
 * [task] */
typedef FMCP_FN(void, fmcp_fetch_cb, void* user, fmcp_status st, const fmcp_fetched* r,
                fmcp_str error);

/* Service "fmcp.http/1".
 *
 * TLS certificates are verified always. A plugin reaches the origins (scheme, host, port) that its
 * manifest lists in "net" ("auth":{"net":...} of a provider) and those of its settings of type url.
 * Private, loopback, link-local and other special addresses are refused after the name was resolved,
 * unless the origin is one of a setting, and the connection goes to the address that was judged.
 * Proxies and certificate authorities are the operator's. */
typedef struct fmcp_http {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Starts one exchange. `*op` is set before the callback can run.
    *
    * FMCP_OK         `cb` will be called exactly once.
    * FMCP_E_INVALID  no URL of the form above, or a method or field that HTTP does not allow.
    * FMCP_E_DENIED   the origin is not allowed.
    * FMCP_E_BUSY     too many exchanges of this plugin are running.
    * FMCP_E_GONE     the instance is being stopped.
    * [any] */
   FMCP_FN(fmcp_status, fetch, void* ctx, const fmcp_fetch* rq, fmcp_fetch_cb cb, void* user,
           fmcp_op* op);

   /* Ends it early: the callback then says FMCP_E_GONE, unless it is under way already. A handle that
    * is over, or made up, does nothing.
    * [any] */
   FMCP_FN(void, cancel, void* ctx, fmcp_op op);
} fmcp_http;

/* ---------------------------------------------------------------------------------------------
 * fmcp.kv/1 - small durable values
 * ------------------------------------------------------------------------------------------- */

/* The end of an operation. `value` is borrowed; empty after put and del. `version` changes with each
 * write of the key and is never 0 for a key that is there.
 *
 * FMCP_OK           done.
 * FMCP_E_NOT_FOUND  get, take: the key is absent or expired.
 * FMCP_E_CONFLICT   put: another version is there, or none; nothing was written.
 * FMCP_E_LIMIT      put: key, value or the instance's share of the store is too large.
 * FMCP_E_IO         the store cannot be reached, or what it holds is damaged.
 * [task] */
typedef FMCP_FN(void, fmcp_value_cb, void* user, fmcp_status st, fmcp_bytes value,
                uint64_t version);

/* Service "fmcp.kv/1": a namespace of the instance's own, sealed at rest, shared by the replicas of a
 * host that share a store. Whether it survives a restart is the operator's choice. A key has 1 to 256
 * bytes of UTF-8, a value up to 64 KiB. Operations on one key happen one after the other.
 *
 * All four functions read their arguments before they return. FMCP_OK: `cb` will be called exactly
 * once. FMCP_E_INVALID: an argument is out of range. FMCP_E_BUSY: too many wait. FMCP_E_GONE: the
 * instance is being stopped. */
typedef struct fmcp_kvstore {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Reads.
    * [any] */
   FMCP_FN(fmcp_status, get, void* ctx, fmcp_str key, fmcp_value_cb cb, void* user);

   /* Writes. `ttl_ms` is mandatory: after it the key is absent. `if_version` 0 writes in any case,
    * UINT64_MAX only where there is no such key, else only over that version.
    * [any] */
   FMCP_FN(fmcp_status, put, void* ctx, fmcp_str key, fmcp_bytes v, uint64_t ttl_ms,
           uint64_t if_version, fmcp_value_cb cb, void* user);

   /* Reads and deletes in one step: of two takers one gets it. For one-time codes.
    * [any] */
   FMCP_FN(fmcp_status, take, void* ctx, fmcp_str key, fmcp_value_cb cb, void* user);

   /* Deletes; an absent key is FMCP_OK.
    * [any] */
   FMCP_FN(fmcp_status, del, void* ctx, fmcp_str key, fmcp_value_cb cb, void* user);
} fmcp_kvstore;

/* ---------------------------------------------------------------------------------------------
 * fmcp.jwt/1 - verify JSON Web Tokens
 * ------------------------------------------------------------------------------------------- */

/* fmcp_jwt_policy.flags. Unknown bits are refused: they could loosen the check. */
enum {
   FMCP_JWT_ANY_ISSUER = 1u << 0,  /* `iss` is not looked at; `issuers` is empty */
   FMCP_JWT_ANY_AUDIENCE = 1u << 1 /* `aud` is not looked at; `audiences` is empty */
};

/* What a token must satisfy. The caller's memory, copied before policy() returns.
 *
 * Exactly one source of keys: jwks_uri, jwks_json, pem or shared_secret. Issuers, audiences and
 * algorithms are mandatory; an empty list is refused, unless a flag says that the member is not to be
 * looked at. Refused as well: "none", HS* with any source but shared_secret and others with it, keys
 * that are too weak, and a jwks_uri whose origin neither the manifest nor a setting names (see
 * fmcp_http). `exp` is demanded, and `nbf` and `iat` are checked where they are, always. */
typedef struct fmcp_jwt_policy {
   uint32_t size;
   uint32_t flags;           /* FMCP_JWT_* */
   fmcp_str jwks_uri;        /* of a key set (RFC 7517); https, or http to loopback */
   fmcp_str jwks_json;       /* the key set itself */
   fmcp_str pem;             /* one public key or certificate */
   fmcp_bytes shared_secret; /* HS* only; at least as long as the digest */
   fmcp_list issuers;        /* of fmcp_str; a '*' stands for exactly one path segment that is not
                                empty, all else is compared byte by byte */
   fmcp_list audiences;      /* of fmcp_str; one of them must be among the token's */
   fmcp_list algorithms;     /* of fmcp_str: RS PS ES HS with 256, 384, 512; EdDSA Ed25519
                                Ed448 */
   fmcp_list types;          /* of fmcp_str: accepted `typ`, in any case, of which a token must then
                                have one; empty: none at all, JWT or at+jwt */
   uint32_t leeway_s;        /* for `exp`, `nbf` and `iat`; at most 300 */
   uint32_t min_refresh_s;   /* between two fetches of the key set; 0 = the host's default */
} fmcp_jwt_policy;

/* The end of a verification. FMCP_OK: the token is good, `claims_json` is its payload, one JSON
 * object. FMCP_E_DENIED: it is not, and `reason` (FMCP_AUTH_WHY_* of auth.h) says why. FMCP_E_IO: its
 * key cannot be had now; `reason` is FMCP_AUTH_WHY_UPSTREAM or FMCP_AUTH_WHY_BUSY. Other errors: not
 * verified either. `detail` is a sentence for the log, without claims.
 * [task] */
typedef FMCP_FN(void, fmcp_jwt_cb, void* user, fmcp_status st, int32_t reason, fmcp_str claims_json,
                fmcp_str detail);

/* Service "fmcp.jwt/1". Key sets are fetched in the background, kept, and refreshed before they are
 * old; a token whose key is not known has it looked for, in one fetch for all that wait and in few
 * of them, however many such tokens come; through an outage the last keys serve on. */
typedef struct fmcp_jwt {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Checks and registers a policy; `*id` names it for the life of the instance. Its keys are fetched
    * from then on; this does not wait for them.
    *
    * FMCP_OK               `*id` is set.
    * FMCP_E_INVALID        the policy is refused; `err` names the member.
    * FMCP_E_NOT_SUPPORTED  the host has no such algorithm.
    * FMCP_E_DENIED         the origin of jwks_uri is not allowed.
    * FMCP_E_LIMIT          the instance has too many.
    * [control], in init() */
   FMCP_FN(fmcp_status, policy, void* ctx, const fmcp_jwt_policy* p, uint64_t* id, fmcp_err* err);

   /* Verifies with the keys at hand, within some ten microseconds for most algorithms.
    *
    * FMCP_OK        the token is good; `*claims_json` is the caller's, to be released.
    * FMCP_PENDING   its key is not at hand: use verify().
    * FMCP_E_DENIED  it is not good; `*reason` and `err` say why.
    * FMCP_E_IO      its key cannot be had now; `*reason` is set.
    * other          not verified.
    * [any] */
   FMCP_FN(fmcp_status, verify_now, void* ctx, uint64_t id, fmcp_str token, fmcp_buf* claims_json,
           int32_t* reason, fmcp_err* err);

   /* Verifies, and fetches keys where needed; `token` is copied.
    *
    * FMCP_OK         `cb` will be called exactly once.
    * FMCP_E_INVALID  there is no such policy.
    * FMCP_E_BUSY     too many wait for keys.
    * FMCP_E_GONE     the instance is being stopped.
    * [any] */
   FMCP_FN(fmcp_status, verify, void* ctx, uint64_t id, fmcp_str token, fmcp_jwt_cb cb, void* user);
} fmcp_jwt;

/* ---------------------------------------------------------------------------------------------
 * fmcp.crypto/1 - random numbers, sealing, digests
 * ------------------------------------------------------------------------------------------- */

/* Service "fmcp.crypto/1". Inputs are borrowed; what comes back in an fmcp_buf is the caller's, to be
 * released. Nothing here waits. */
typedef struct fmcp_crypto {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Fills `n` bytes at `out` from the system's generator, which is fit for keys. FMCP_E_FAIL: it
    * gave nothing; do not go on with what `out` holds.
    * [any] */
   FMCP_FN(fmcp_status, random, void* ctx, uint8_t* out, uint64_t n);

   /* Encrypts and authenticates `plain`, so that only this instance (of this host and of replicas
    * with the same key) opens it, and only for `ttl_ms`, which is mandatory. `aad` is authenticated
    * with it, is not part of `out`, and must be given again. FMCP_E_LIMIT: longer than 64 KiB.
    * [any] */
   FMCP_FN(fmcp_status, seal, void* ctx, fmcp_bytes plain, fmcp_bytes aad, uint64_t ttl_ms,
           fmcp_buf* out);

   /* The reverse. FMCP_E_DENIED: forged, foreign, with another `aad`, or expired.
    * [any] */
   FMCP_FN(fmcp_status, open, void* ctx, fmcp_bytes sealed, fmcp_bytes aad, fmcp_buf* out);

   /* The SHA-256 of `in`.
    * [any] */
   FMCP_FN(fmcp_status, sha256, void* ctx, fmcp_bytes in, uint8_t out[32]);

   /* Non-zero when both are the same, in a time that tells only their lengths.
    * [any] */
   FMCP_FN(int32_t, equal, void* ctx, fmcp_bytes a, fmcp_bytes b);
} fmcp_crypto;

/* ---------------------------------------------------------------------------------------------
 * fmcp.stream/1 - results too large for memory (DRAFT)
 * ------------------------------------------------------------------------------------------- */

/* DRAFT. Service "fmcp.stream/1". A stream belongs to one call and is named in fmcp_content.stream
 * of that call's result. */
typedef struct fmcp_streams {
   uint32_t size;
   uint32_t flags; /* zero */

   /* `total_len` below zero: not known.
    * [any] */
   FMCP_FN(fmcp_status, open, void* ctx, fmcp_call c, int64_t total_len, fmcp_stream* out);

   /* FMCP_E_BUSY: not taken and not released, wait for room().
    * [any] */
   FMCP_FN(fmcp_status, write, void* ctx, fmcp_stream s, fmcp_buf chunk);

   /* Runs `fn(user)` once when the stream takes data again or is over.
    * [any] */
   FMCP_FN(fmcp_status, room, void* ctx, fmcp_stream s, fmcp_task fn, void* user);

   /* Lets the host read from a file; it duplicates the descriptor.
    * [any] */
   FMCP_FN(fmcp_status, write_fd, void* ctx, fmcp_stream s, int32_t fd, uint64_t off, uint64_t len);

   /* Ends the stream; a negative `why` breaks it off.
    * [any] */
   FMCP_FN(fmcp_status, close, void* ctx, fmcp_stream s, fmcp_status why);
} fmcp_streams;

/* ---------------------------------------------------------------------------------------------
 * fmcp.metrics/1 - counters (DRAFT)
 * ------------------------------------------------------------------------------------------- */

/* DRAFT. Kinds for define(). Unknown: FMCP_METRIC_COUNTER. */
enum { FMCP_METRIC_COUNTER = 0, FMCP_METRIC_GAUGE = 1, FMCP_METRIC_HISTOGRAM = 2 };

/* DRAFT. Service "fmcp.metrics/1". */
typedef struct fmcp_metrics {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Names a metric of the instance; 0 when that is refused, and add() then does nothing.
    * [any] */
   FMCP_FN(uint64_t, define, void* ctx, int32_t kind, fmcp_str name, fmcp_str help);

   /* Counts up, sets, or observes `v`, by kind.
    * [any] */
   FMCP_FN(void, add, void* ctx, uint64_t id, double v);
} fmcp_metrics;

#ifdef __cplusplus
}
#endif
#endif
