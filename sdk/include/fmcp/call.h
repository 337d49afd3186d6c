/* fmcp/call.h - tools, prompts, resources, completion: one request shape, one result shape.
 *
 * A plugin answers fmcp_plugin.facet() with the tables at the end of this header. `list` says what
 * there is, as MCP objects; an invoke function runs one request. The life of a call:
 *
 *    host                                plugin
 *    call(self, rq, err)  ------------>  does the work and either
 *                         <------------  host->complete(rq->call, result), return FMCP_OK
 *                                        (inline: the usual, cheapest way), or
 *                         <------------  return FMCP_PENDING, and complete() later from any thread
 *                                        (complete may even come before PENDING is returned), or
 *                         <------------  return FMCP_E_..., with err: not completed, host answers
 *
 * Each call is completed exactly once, or ended by an error that invoke returns, and the plugin
 * owes that to the host in any case. When the client cancels or the deadline passes the host answers
 * the client at once, calls fmcp_plugin.cancel() and goes on waiting for the plugin, to get the slot
 * and the request's memory back: the request stays valid, and the completion that comes then answers
 * FMCP_E_GONE and is dropped. A call that is never completed keeps its slot for ever and is counted
 * as stuck; when all slots are taken, the plugin gets no more calls.
 *
 * Conventions, thread tags and the meaning of DRAFT: see <fmcp/abi.h>.
 */
#ifndef FMCP_CALL_H
#define FMCP_CALL_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * The request
 * ------------------------------------------------------------------------------------------- */

/* fmcp_request.flags. Unknown bits are ignored. */
enum {
   FMCP_RQ_PROGRESS = 1u << 0, /* the client wants progress reports */
   FMCP_RQ_RESUMED = 1u << 1,  /* DRAFT: inputs_json answers an earlier FMCP_OUT_NEED_INPUT */
   /* DRAFT: what the client can be asked for with FMCP_OUT_NEED_INPUT */
   FMCP_RQ_CAN_ELICIT = 1u << 2,
   FMCP_RQ_CAN_ELICIT_URL = 1u << 3,
   FMCP_RQ_CAN_SAMPLE = 1u << 4,
   FMCP_RQ_CAN_ROOTS = 1u << 5
};

/* One request. The host's memory: it and everything that it points to stays valid and unchanged
 * until the plugin has completed the call (also when that answers FMCP_E_GONE, and however long ago
 * the client has gone), and until invoke returns in any case, so asynchronous work needs no copies.
 * `args_json` and `meta_json` are checked: well-formed UTF-8 and JSON, one object. */
typedef struct fmcp_request {
   uint32_t size;
   uint32_t flags; /* FMCP_RQ_* */
   fmcp_call call;
   uint64_t deadline_ns; /* on host->mono_ns; 0 = none */
   fmcp_str name;        /* of the tool or prompt, or the resource's URI */
   fmcp_str args_json;   /* an object, valid against the tool's inputSchema; "{}" when the
                                       client sent none. DRAFT: a prompt's arguments; for completion
                                       the request's params; empty for a resource */
   fmcp_str meta_json;   /* params._meta, or empty */
   const fmcp_principal* principal; /* null: the host runs without authentication */
   fmcp_str session_id;             /* opaque digest; empty on stateless transports */
   fmcp_str protocol_version;       /* the MCP revision of this request: "2026-07-28" */
   fmcp_str client_info_json;       /* clientInfo, or empty */
   fmcp_str client_caps_json;       /* client capabilities, or empty */
   fmcp_str inputs_json;            /* DRAFT: {"key": result} for the keys asked for last time */
   fmcp_bytes state; /* DRAFT: the plugin's own bytes of last time; the host has checked their seal,
                        age, owner and request */
   fmcp_str traceparent; /* W3C trace context, or empty */
   uint64_t tag;         /* fmcp_item.tag of the item that was asked for */
} fmcp_request;

/* ---------------------------------------------------------------------------------------------
 * The result
 * ------------------------------------------------------------------------------------------- */

/* fmcp_content.kind. An unknown kind makes the result FMCP_E_INVALID. */
enum {
   FMCP_C_TEXT = 1,          /* data: UTF-8 */
   FMCP_C_IMAGE = 2,         /* data: the image's raw bytes; mime */
   FMCP_C_AUDIO = 3,         /* data: raw bytes; mime */
   FMCP_C_RESOURCE_LINK = 4, /* uri, name; mime optional; data: empty or UTF-8 description; for
                                title, size and icons take RAW_JSON */
   FMCP_C_RESOURCE_TEXT = 5, /* uri; mime optional; data: UTF-8 */
   FMCP_C_RESOURCE_BLOB = 6, /* uri; mime optional; data: raw bytes */
   FMCP_C_RAW_JSON = 7,      /* data: one content block as the MCP specification writes it */
   FMCP_C_STREAM = 8         /* DRAFT: bytes come through fmcp_streams */
};

/* fmcp_content.role (DRAFT): who speaks in a prompt's message. Unknown: FMCP_ROLE_USER. */
enum { FMCP_ROLE_USER = 0, FMCP_ROLE_ASSISTANT = 1 };

/* One content block of a result. `data` holds raw bytes: the host writes the JSON escapes and the
 * base64, and takes the buffer over as fmcp_buf tells. DRAFT: of prompts each block is one message;
 * of resources each RESOURCE_TEXT or RESOURCE_BLOB is one of the contents. */
typedef struct fmcp_content {
   uint32_t size;
   int32_t kind; /* FMCP_C_* */
   fmcp_str mime;
   fmcp_str uri;
   fmcp_str name;
   fmcp_buf data;
   fmcp_str annotations_json; /* MCP's Annotations object, or empty */
   fmcp_stream stream;        /* DRAFT: kind STREAM */
   fmcp_str meta_json;        /* _meta of the block, a JSON object, or empty */
   int32_t role;              /* DRAFT: FMCP_ROLE_*, for prompts */
   uint32_t flags;            /* zero */
} fmcp_content;

/* fmcp_result.outcome. Unknown: FMCP_OUT_RPC_ERROR. */
enum {
   FMCP_OUT_OK = 0,
   FMCP_OUT_TOOL_ERROR = 1, /* the tool failed in a way that the model should see: isError */
   FMCP_OUT_RPC_ERROR = 2,  /* the request itself failed: a JSON-RPC error */
   FMCP_OUT_NEED_INPUT = 3, /* DRAFT: asks the user or the client, see input_requests_json */
   FMCP_OUT_CANCELLED = 4,  /* the plugin stopped because it was told to */
   FMCP_OUT_FAILED = 5 /* as when invoke returns an error: `message` is for the operator, and for
                               the client unless details are hidden; all else is ignored */
};

/* fmcp_result.cache_scope, for resources (DRAFT). Unknown: FMCP_CACHE_PRIVATE. */
enum {
   FMCP_CACHE_PRIVATE = 0, /* may be reused for the same principal only */
   FMCP_CACHE_PUBLIC = 1
};

/* The result of one call, read by the host inside complete(). All memory is the plugin's; buffers
 * with a release function are the host's from then on. Zero the struct, set `size`, fill what is
 * needed. */
typedef struct fmcp_result {
   uint32_t size;
   int32_t outcome;   /* FMCP_OUT_* */
   int32_t rpc_code;  /* RPC_ERROR: error.code; 0 = -32603 */
   uint32_t flags;    /* zero */
   fmcp_str message;  /* TOOL_ERROR: a text block in front of `content`; RPC_ERROR: error.message;
                         FAILED: one sentence. DRAFT: OK of a prompt: its description */
   fmcp_list content; /* of fmcp_content, at most 65,536: a longer list is refused unread, and its
                         buffers stay the plugin's */
   fmcp_buf structured_json; /* structuredContent, or empty; checked against outputSchema. DRAFT: of
                                completion the Completion object */
   fmcp_buf error_data_json; /* RPC_ERROR: error.data, or empty */
   fmcp_buf meta_json;       /* _meta of the result, or empty */
   fmcp_buf raw_json; /* when not empty: the whole MCP result object, for shapes that are younger
                         than this SDK; everything else except `outcome` is then ignored */
   fmcp_str input_requests_json; /* DRAFT, NEED_INPUT: {"key": {"method": ..., "params": ...}} */
   fmcp_bytes state;             /* DRAFT, NEED_INPUT: at most 64 KiB, handed back sealed-checked */
   uint32_t state_ttl_s;         /* DRAFT: 0 = the host's default */
   uint32_t cache_scope;         /* DRAFT: FMCP_CACHE_* */
   int64_t cache_ttl_ms;         /* DRAFT: 0 = not to be reused; -1 = the host's default */
} fmcp_result;

/* ---------------------------------------------------------------------------------------------
 * Items and interfaces
 * ------------------------------------------------------------------------------------------- */

/* fmcp_item.exec. Unknown: FMCP_EX_MAY_BLOCK. */
enum {
   FMCP_EX_MAY_BLOCK = 0,  /* runs on the plugin's share of the host's worker pool */
   FMCP_EX_NONBLOCKING = 1 /* may run on the thread that serves the network: within ~100 us */
};

/* A tool, prompt, resource or resource template. */
typedef struct fmcp_item {
   uint32_t size;
   uint32_t exec;             /* FMCP_EX_* */
   fmcp_str name;             /* the MCP name, URI or URI template; the same as in `json` */
   fmcp_str json;             /* the MCP object: Tool, Prompt, Resource or ResourceTemplate */
   fmcp_list required_scopes; /* of fmcp_str: all of them, enforced before the plugin is entered;
                                 without authentication nothing is */
   uint32_t max_concurrency;  /* calls at a time; 0 = no limit, 1 = one after the other. A call that
                                 timed out counts until the plugin has completed it */
   uint32_t timeout_ms;       /* 0 = the host's default */
   uint64_t tag;              /* the plugin's own; handed back as fmcp_request.tag, so that it need
                                 not look the name up. Calls that began under an earlier list still
                                 come with the tags of that list */
} fmcp_item;

/* Runs one request; see the life of a call above. `rq` lives as told there, `err` during the
 * function only. Concurrent with itself unless the item's max_concurrency says otherwise.
 *
 * FMCP_OK       complete() was called for rq->call.
 * FMCP_PENDING  complete() was or will be called for it.
 * negative      it was not and will not be; the host answers the client from `err`, as it does for
 *               FMCP_OUT_FAILED.
 * [call] */
#define FMCP_INVOKE(name)                                                                          \
   FMCP_FN(fmcp_status, name, void* self, const fmcp_request* rq, fmcp_err* err)

/* Fills `*out` with fmcp_item elements (fmcp_route in auth.h). They and their strings are the
 * plugin's and stay valid until the next call of the same function or quiesce(); the host copies
 * them before it does anything else. Called after init() and again after each
 * fmcp_notify.list_changed; never concurrently with itself.
 *
 * FMCP_OK   `*out` is set.
 * negative  `*out` is ignored; the host keeps what it has, or refuses the plugin when starting.
 * [control] */
#define FMCP_LISTER(name) FMCP_FN(fmcp_status, name, void* self, fmcp_list* out, fmcp_err* err)

/* Interface "fmcp.tools/1". */
typedef struct fmcp_tools {
   uint32_t size;
   uint32_t flags; /* zero */
   FMCP_LISTER(list);
   FMCP_INVOKE(call);
} fmcp_tools;

/* Interface "fmcp.prompts/1" (behaviour DRAFT). */
typedef struct fmcp_prompts {
   uint32_t size;
   uint32_t flags; /* zero */
   FMCP_LISTER(list);
   FMCP_INVOKE(get);
} fmcp_prompts;

/* Interface "fmcp.resources/1" (behaviour DRAFT). */
typedef struct fmcp_resources {
   uint32_t size;
   uint32_t flags; /* zero */
   FMCP_LISTER(list);
   FMCP_LISTER(templates);
   FMCP_INVOKE(read);

   /* The first client subscribes to `uri` (`on` non-zero), or the last one leaves. Changes are then
    * reported through fmcp_notify.resource_updated.
    * [any] */
   FMCP_FN(fmcp_status, subscribe, void* self, fmcp_str uri, int32_t on, fmcp_err* err);
} fmcp_resources;

/* Interface "fmcp.completion/1" (behaviour DRAFT). */
typedef struct fmcp_completion {
   uint32_t size;
   uint32_t flags; /* zero */
   FMCP_INVOKE(complete);
} fmcp_completion;

#ifdef __cplusplus
}
#endif
#endif
