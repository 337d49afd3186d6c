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
 * In use, and as final as abi.h: fmcp.exec/1 and fmcp.notify/1. The other tables are DRAFT as a
 * whole, layout included, and every host answers null for them today.
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
 * fmcp.http/1 - outbound HTTP (DRAFT)
 * ------------------------------------------------------------------------------------------- */

/* One header field. Frozen. */
typedef struct fmcp_http_header {
   fmcp_str name;
   fmcp_str value;
} fmcp_http_header;

/* DRAFT. What to fetch; read before fetch() returns. */
typedef struct fmcp_fetch {
   uint32_t size;
   uint32_t flags; /* zero */
   fmcp_str method;
   fmcp_str url;
   fmcp_list headers; /* of fmcp_http_header */
   fmcp_bytes body;
   uint32_t timeout_ms;    /* 0 = the host's default */
   uint32_t max_body;      /* bytes of the answer; 0 = the host's default */
   uint32_t max_redirects; /* 0 = none are followed */
   uint32_t reserved;      /* zero */
} fmcp_fetch;

/* DRAFT. What came back. */
typedef struct fmcp_fetched {
   uint32_t size;
   int32_t http_status;
   fmcp_list headers; /* of fmcp_http_header */
   fmcp_bytes body;
   fmcp_str final_url;
} fmcp_fetched;

/* DRAFT. `r` is null unless `st` is FMCP_OK; any HTTP status is FMCP_OK.
 * [task] */
typedef FMCP_FN(void, fmcp_fetch_cb, void* user, fmcp_status st, const fmcp_fetched* r,
                fmcp_str error);

/* DRAFT. Service "fmcp.http/1". TLS is verified always; private addresses are refused; origins are
 * those of the manifest and the operator. */
typedef struct fmcp_http {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Starts one exchange. FMCP_E_DENIED: the origin is not allowed.
    * [any] */
   FMCP_FN(fmcp_status, fetch, void* ctx, const fmcp_fetch* rq, fmcp_fetch_cb cb, void* user,
           fmcp_op* op);

   /* Ends it early: the callback then says FMCP_E_GONE.
    * [any] */
   FMCP_FN(void, cancel, void* ctx, fmcp_op op);
} fmcp_http;

/* ---------------------------------------------------------------------------------------------
 * fmcp.kv/1 - small durable values (DRAFT)
 * ------------------------------------------------------------------------------------------- */

/* DRAFT. `version` changes with each write of the key; 0 = there is no such key.
 * [task] */
typedef FMCP_FN(void, fmcp_value_cb, void* user, fmcp_status st, fmcp_bytes value,
                uint64_t version);

/* DRAFT. Service "fmcp.kv/1": a namespace of the instance's own, sealed at rest, shared by all
 * replicas of the host. */
typedef struct fmcp_kvstore {
   uint32_t size;
   uint32_t flags; /* zero */

   /* FMCP_E_NOT_FOUND in the callback when the key is absent or expired.
    * [any] */
   FMCP_FN(fmcp_status, get, void* ctx, fmcp_str key, fmcp_value_cb cb, void* user);

   /* Writes; `ttl_ms` is mandatory. `if_version` 0 writes in any case, else only over that version,
    * with FMCP_E_CONFLICT in the callback otherwise.
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
 * fmcp.jwt/1 - verify and sign JSON Web Tokens (DRAFT)
 * ------------------------------------------------------------------------------------------- */

/* fmcp_jwt_policy.flags. Unknown bits are refused: they could loosen the check. */
enum {
   FMCP_JWT_ANY_ISSUER = 1u << 0,  /* `iss` is not looked at; `issuers` is empty */
   FMCP_JWT_ANY_AUDIENCE = 1u << 1 /* `aud` is not looked at; `audiences` is empty */
};

/* DRAFT. What a token must satisfy. Exactly one source of keys: jwks_uri, jwks_json, pem or
 * shared_secret. Issuers, audiences and algorithms are mandatory; an empty list is refused, unless
 * a flag says that the member is not to be looked at. Refused as well: "none", HS* beside
 * asymmetric keys, and a jwks_uri whose origin neither the manifest nor a setting names. `exp` is
 * demanded and `nbf` is checked always. */
typedef struct fmcp_jwt_policy {
   uint32_t size;
   uint32_t flags; /* FMCP_JWT_* */
   fmcp_str jwks_uri;
   fmcp_str jwks_json;
   fmcp_str pem;
   fmcp_bytes shared_secret; /* HS* only */
   fmcp_list issuers;        /* of fmcp_str; a '*' stands for exactly one path segment that is not
                                empty */
   fmcp_list audiences;      /* of fmcp_str; one of them must be among the token's */
   fmcp_list algorithms;     /* of fmcp_str: "RS256", ... */
   fmcp_list types;          /* of fmcp_str: accepted `typ`, in any case; empty: any, or none, but
                                what marks an ID token or another kind */
   uint32_t leeway_s;        /* at most 300 */
   uint32_t min_refresh_s;   /* between two fetches of the key set; 0 = the host's default */
} fmcp_jwt_policy;

/* DRAFT. The end of a verification. FMCP_OK: the token is good, `claims_json` is its payload, one
 * JSON object. FMCP_E_DENIED: it is not, and `reason` (FMCP_AUTH_WHY_* of auth.h) says why.
 * FMCP_E_IO: its key cannot be had now. `detail` is a sentence for the log.
 * [task] */
typedef FMCP_FN(void, fmcp_jwt_cb, void* user, fmcp_status st, int32_t reason, fmcp_str claims_json,
                fmcp_str detail);

/* DRAFT. Service "fmcp.jwt/1". */
typedef struct fmcp_jwt {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Checks and registers a policy; `*id` names it for the life of the instance. Keys are fetched
    * in the background from then on.
    * [control] */
   FMCP_FN(fmcp_status, policy, void* ctx, const fmcp_jwt_policy* p, uint64_t* id, fmcp_err* err);

   /* Verifies with the keys at hand. FMCP_PENDING: the key is not among them, use verify().
    * FMCP_OK: the caller releases `*claims_json`. FMCP_E_DENIED, FMCP_E_IO: `*reason` is
    * set.
    * [any] */
   FMCP_FN(fmcp_status, verify_now, void* ctx, uint64_t id, fmcp_str token, fmcp_buf* claims_json,
           int32_t* reason, fmcp_err* err);

   /* Verifies, and fetches keys where needed.
    * [any] */
   FMCP_FN(fmcp_status, verify, void* ctx, uint64_t id, fmcp_str token, fmcp_jwt_cb cb, void* user);
} fmcp_jwt;

/* ---------------------------------------------------------------------------------------------
 * fmcp.crypto/1 - random numbers, sealing, digests (DRAFT)
 * ------------------------------------------------------------------------------------------- */

/* DRAFT. Service "fmcp.crypto/1". Buffers received are released by the caller. */
typedef struct fmcp_crypto {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Fills `out` from the system's generator.
    * [any] */
   FMCP_FN(fmcp_status, random, void* ctx, uint8_t* out, uint64_t n);

   /* Encrypts and authenticates for this instance; `aad` must be given again to open it.
    * [any] */
   FMCP_FN(fmcp_status, seal, void* ctx, fmcp_bytes plain, fmcp_bytes aad, uint64_t ttl_ms,
           fmcp_buf* out);

   /* FMCP_E_DENIED: forged, foreign or expired.
    * [any] */
   FMCP_FN(fmcp_status, open, void* ctx, fmcp_bytes sealed, fmcp_bytes aad, fmcp_buf* out);

   /* [any] */
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
