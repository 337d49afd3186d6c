/* fmcp/auth.h - authentication providers: interface "fmcp.auth/1".
 *
 * DRAFT as a whole, layout included: no host uses it yet.
 *
 * A provider decides who a bearer is. The host has parsed the header, bounded the token and looked
 * in its cache before it asks; after an ALLOW it still checks expiry, scopes and audience itself.
 * Every way of not answering (an error, a deadline, a crash, a value out of range) denies.
 *
 * Conventions and thread tags: see <fmcp/abi.h>.
 */
#ifndef FMCP_AUTH_H
#define FMCP_AUTH_H

#include "services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* fmcp_auth_result.decision. Unknown: FMCP_AUTH_DENY. No small integer, no `true` and no FMCP_OK
 * allows. */
enum {
   FMCP_AUTH_DENY = 0,
   FMCP_AUTH_DEFER = 0x20,       /* not mine: ask the next verifier */
   FMCP_AUTH_UNAVAILABLE = 0x30, /* cannot tell now: 503 with Retry-After, never a pass */
   FMCP_AUTH_ALLOW = 0x600D
};

/* What is to be verified. The host's memory until the call is answered; the token is wiped then. */
typedef struct fmcp_auth_request {
   uint32_t size;
   uint32_t flags; /* zero */
   fmcp_call call;
   uint64_t deadline_ns; /* on host->mono_ns; 0 = none */
   fmcp_str token;
   fmcp_str scheme; /* "Bearer", "DPoP" */
   fmcp_str method;
   fmcp_str url;
   fmcp_list headers; /* of fmcp_http_header; only those that the manifest declares */
   fmcp_str peer_addr;
   fmcp_bytes peer_cert_der;
   fmcp_str resource; /* the URL of the protected resource */
} fmcp_auth_request;

/* fmcp_auth_result.reason: why a token is refused. The host turns it into the reason code of its
 * log and of `error_description`. Unknown: FMCP_AUTH_WHY_DENIED. */
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
   FMCP_AUTH_WHY_NO_SUBJECT = 12,
   FMCP_AUTH_WHY_MISSING_SCOPE = 13, /* with http_status 403 */
   FMCP_AUTH_WHY_INACTIVE = 14,      /* the issuer knows the token and says no */
   FMCP_AUTH_WHY_UPSTREAM = 15,      /* with UNAVAILABLE: the issuer could not be asked */
   FMCP_AUTH_WHY_BUSY = 16           /* with UNAVAILABLE */
};

/* fmcp_auth_result.flags. Unknown bits are ignored. */
enum {
   /* Members of the principal that are empty are taken from its claims_json: subject `sub`;
    * client_id `client_id`, else `azp`, else `sub`; issuer `iss`; scopes `scope`, else `scp`;
    * expires_unix_ms `exp`. */
   FMCP_AUTH_FROM_CLAIMS = 1u << 0
};

/* The answer, read inside verified(). Zeroed memory denies. */
typedef struct fmcp_auth_result {
   uint32_t size;
   int32_t decision;                /* FMCP_AUTH_* */
   const fmcp_principal* principal; /* ALLOW: the host copies it */
   uint32_t flags;                  /* FMCP_AUTH_FROM_CLAIMS */
   uint32_t cache_ttl_s;            /* 0 = never cache; the host caps it by the token's expiry */
   int32_t http_status;             /* DENY: 401 or 403 */
   int32_t reason;                  /* FMCP_AUTH_WHY_* */
   fmcp_str detail;                 /* one sentence for the host's log, without the token */
   fmcp_str challenge_scope;        /* for WWW-Authenticate, sanitised; or empty */
   fmcp_str private_json;           /* for the host's audit log only */
} fmcp_auth_result;

struct fmcp_http_reply;

/* Service "fmcp.auth-host/1": how a provider answers. */
typedef struct fmcp_auth_host {
   uint32_t size;
   uint32_t flags; /* zero */

   /* Answers fmcp_auth.verify, exactly once. FMCP_E_GONE as for host->complete().
    * [any] */
   FMCP_FN(fmcp_status, verified, void* ctx, fmcp_call c, const fmcp_auth_result* r);

   /* Answers fmcp_auth.http, exactly once.
    * [any] */
   FMCP_FN(fmcp_status, respond, void* ctx, fmcp_call c, const struct fmcp_http_reply* r);

   /* Drops a token from the host's cache, by its SHA-256; empty drops all of this provider's.
    * [any] */
   FMCP_FN(fmcp_status, forget, void* ctx, fmcp_bytes token_sha256);
} fmcp_auth_host;

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

/* What the provider adds to the discovery documents. The plugin's memory, stable until the next
 * info(). */
typedef struct fmcp_auth_info {
   uint32_t size;
   uint32_t flags;                  /* zero */
   fmcp_str resource_metadata_json; /* members to merge (RFC 9728): authorization_servers, ... */
   fmcp_str as_metadata_json;  /* RFC 8414 document when the plugin is the authorization server */
   fmcp_list required_scopes;  /* of fmcp_str */
   fmcp_list challenge_scopes; /* of fmcp_str */
} fmcp_auth_info;

/* Interface "fmcp.auth/1". */
typedef struct fmcp_auth {
   uint32_t size;
   uint32_t flags; /* zero */

   /* [control] */
   FMCP_FN(fmcp_status, info, void* self, fmcp_str resource_url, const fmcp_auth_info** out,
           fmcp_err* err);

   /* Of fmcp_route.
    * [control] */
   FMCP_LISTER(routes);

   /* Answers through fmcp_auth_host.verified(). FMCP_OK: already has. FMCP_PENDING: will. An error
    * is 503.
    * [any] */
   FMCP_FN(fmcp_status, verify, void* self, const fmcp_auth_request* rq, fmcp_err* err);

   /* Answers through fmcp_auth_host.respond(), likewise.
    * [any] */
   FMCP_FN(fmcp_status, http, void* self, const fmcp_http_request* rq, fmcp_err* err);

   /* Optional finer rule: may `who` do `action` ("tools/call") on `target` (the tool's name)?
    * Writes one of FMCP_AUTH_*.
    * [any] */
   FMCP_FN(fmcp_status, authorize, void* self, const fmcp_principal* who, fmcp_str action,
           fmcp_str target, int32_t* decision, fmcp_err* err);
} fmcp_auth;

#ifdef __cplusplus
}
#endif
#endif
