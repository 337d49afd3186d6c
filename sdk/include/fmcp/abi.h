/* fmcp/abi.h - the core of the plugin ABI: value types, the two tables, the entry, the manifest.
 *
 * A plugin is one shared object that exports one function, fmcp_plugin_entry_v1(), and carries one
 * ELF note, the manifest, that the host reads before it runs any of the plugin's code. From there:
 *
 *    entry -> create() -> init() -> facet("fmcp.tools/1") -> list() -> call() ...
 *          -> quiesce() -> destroy()
 *
 * Both sides speak through tables of function pointers: fmcp_host is what the plugin gets,
 * fmcp_plugin is what it gives. MCP payloads cross as the UTF-8 JSON of the MCP specification, so
 * this ABI stays the same when MCP changes.
 *
 * This header is C99 and every later C, C++11 and every later C++, and needs nothing but
 * <stddef.h> and <stdint.h>.
 *
 * CONVENTIONS - they hold for every function and struct of <fmcp/...> unless its own text differs.
 *
 *  1. Strings are UTF-8 with a length and no promise of a terminating zero. A length of zero allows
 *     a null pointer. They may hold U+0000.
 *  2. FROZEN value types (fmcp_str, fmcp_bytes, fmcp_list, fmcp_buf, fmcp_kv, fmcp_err,
 *     fmcp_http_header) never change. They may be embedded and passed by value.
 *  3. Every other struct GROWS. Its first member is `size`, which the side that owns the memory
 *     sets to its own sizeof. Initialise such a struct by member name, or zero it first: a list of
 *     values without names stops compiling cleanly when a member is appended. It crosses only as a pointer to const, is never embedded, and is put
 *     in an array only behind fmcp_list, whose reader steps by `stride`. Members are only ever
 *     appended. Zero in a member means "as before it existed"; a null function member means "not
 *     there".
 *  4. Whoever receives a growing struct copies min(size, sizeof) bytes of it into a zeroed local
 *     and reads that one. Whoever receives a table does the same once and fills the holes with
 *     functions that return FMCP_E_NOT_SUPPORTED; from then on it calls without looking.
 *  5. Whoever allocates frees. Bytes that change owner travel as fmcp_buf. Anything else handed to
 *     a function is valid during that function only, except what an fmcp_request points to.
 *  6. Enumerations cross as int32_t or uint32_t. Zero is the safe value. A value that the receiver
 *     does not know is treated as the fallback named beside the constants.
 *  7. Nothing unwinds across the boundary: no exception, no longjmp, no panic. And no thread ends
 *     or is cancelled (pthread_exit, pthread_cancel) while a function of the other side is on its
 *     stack.
 *  8. A plugin does not install signal handlers, change the working directory, umask, locale or
 *     environment, fork without exec, call exit, or use file descriptors 0, 1 and 2: standard
 *     output carries the protocol when the host runs on stdio.
 *  9. One file may be loaded once and created many times (one instance per configuration), and a
 *     new version may be loaded while the old one still drains: two copies of one plugin's code and
 *     of its static variables then stand in the process side by side. State belongs to the instance,
 *     not to the file; what a process has only one of (a port, a lock file, a signal) belongs to
 *     neither.
 * 10. Constructors and destructors of static objects do no work: they run inside the system loader's
 *     lock, where one that waits keeps every other plugin from loading. Libraries that a plugin
 *     opens by itself, it opens in init() by absolute path, and closes before destroy() returns.
 *
 * THREADS - the last line of each function's text is one of these tags.
 *
 *    [control]  One host thread at a time per instance, never two of these together; not always the
 *               same thread. Two instances of one file may be in such functions at the same time,
 *               create() among them. May block, within the time that the host allows for loading
 *               and stopping.
 *    [any]      Any thread, also concurrently with itself and everything else. Must not block.
 *    [call]     As the item's `exec` says. FMCP_EX_MAY_BLOCK: a thread of the plugin's own share of
 *               the worker pool, may block until the deadline. FMCP_EX_NONBLOCKING: possibly the
 *               thread that serves the network; return within about 100 us.
 *    [task]     A pool thread of the host, as for FMCP_EX_MAY_BLOCK. Never inside the function that
 *               asked for it, never after destroy() returned.
 *
 * Functions of the host are all [any]: callable from every thread, the plugin's own included, from
 * create() until destroy() returns. They do not wait for network or disk, and they never call back
 * into the plugin before they return, with one exception: complete() may call the release functions
 * of the buffers that it is given. So hold no lock across complete() that a release function takes.
 *
 * DRAFT marks what no host exercises yet. Inside abi.h, call.h and auth.h it concerns behaviour only:
 * the layout is final. A table marked DRAFT as a whole may still change its layout.
 */
#ifndef FMCP_ABI_H
#define FMCP_ABI_H

#include <stddef.h>
#include <stdint.h>

/* The version of the ABI that these headers describe. A different major is a different entry
 * symbol; the minor rises with every release that appends a member, a constant or an id. The CMake
 * package reads its version from these two lines. */
#define FMCP_ABI_MAJOR 1u
#define FMCP_ABI_MINOR 0u

#if defined(_WIN32)
#define FMCP_CALL __cdecl
#define FMCP_EXPORT __declspec(dllexport)
#else
#define FMCP_CALL
#define FMCP_EXPORT __attribute__((visibility("default")))
#endif

/* From C++17 on `noexcept` is part of a function pointer's type, so that a function which may throw
 * does not compile as a member of a table. Older dialects and C see a plain function pointer. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#define FMCP_NX noexcept
#else
#define FMCP_NX
#endif

/* Declares a pointer to function `name`. */
#define FMCP_FN(ret, name, ...) ret(FMCP_CALL* name)(__VA_ARGS__) FMCP_NX

/* Initialises an fmcp_str from a string literal. */
#define FMCP_STR_INIT(literal) {(literal), sizeof(literal) - 1}

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Frozen value types
 * ------------------------------------------------------------------------------------------- */

/* UTF-8 text. */
typedef struct fmcp_str {
   const char* ptr;
   uint64_t len;
} fmcp_str;

/* Any bytes. */
typedef struct fmcp_bytes {
   const uint8_t* ptr;
   uint64_t len;
} fmcp_bytes;

/* An array whose elements may be longer or shorter than the reader's own type: element i is at
 * (const char *)items + i * stride. A stride of zero is an error unless count is zero. */
typedef struct fmcp_list {
   const void* items;
   uint32_t count;
   uint32_t stride;
} fmcp_list;

/* Bytes that may change owner.
 *
 * `release` null: the bytes are borrowed, and the receiver copies what it wants to keep before the
 * function that handed them over returns. `release` set: the receiver owns them and calls release()
 * with `owner`, `ptr` and `len` as they were given, exactly once, when it is done, also when the
 * operation failed; this may be from inside the function that handed them over, or much later.
 * [any] */
typedef struct fmcp_buf {
   const void* ptr;
   uint64_t len;
   FMCP_FN(void, release, void* owner, const void* ptr, uint64_t len);
   void* owner;
} fmcp_buf;

/* A pair. */
typedef struct fmcp_kv {
   fmcp_str key;
   fmcp_str value;
} fmcp_kv;

/* Where a failing function says why. The caller owns the struct and the memory behind `msg`; the
 * callee writes at most `cap` bytes of UTF-8 to `msg`, cut where a character begins, and sets
 * `len`; it leaves the other members as they are, except that it may repeat its status in `code`.
 * What counts is the status that the function returns. One sentence: what went wrong, where, what
 * to do; no secrets. It goes to the log and, from invoke, to the client too, unless the operator
 * hides details. May be null. */
typedef struct fmcp_err {
   int32_t code;
   uint32_t cap;
   uint32_t len;
   uint32_t reserved; /* zero */
   char* msg;
} fmcp_err;

/* Names a running call: a slot and its generation, never a pointer, never reused for another call
 * while a plugin could still hold it. Zero names no call. Any value is safe to pass to the host:
 * one that is over, made up or another plugin's answers FMCP_E_GONE. */
typedef uint64_t fmcp_call;

/* Names a running asynchronous operation of the host. Zero names none. */
typedef uint64_t fmcp_op;

/* Names an open stream (DRAFT, see fmcp_streams). Zero names none. */
typedef uint64_t fmcp_stream;

/* What a function returns. Negative is failure; an unknown negative value means FMCP_E_FAIL, an
 * unknown positive one FMCP_PENDING. */
typedef int32_t fmcp_status;
enum {
   FMCP_OK = 0,
   FMCP_PENDING = 1,          /* accepted; the outcome comes later */
   FMCP_E_FAIL = -1,          /* no better word for it */
   FMCP_E_INVALID = -2,       /* an argument breaks this contract */
   FMCP_E_NOT_SUPPORTED = -3, /* this side does not have that function */
   FMCP_E_NO_MEMORY = -4,
   FMCP_E_GONE = -5, /* the call is cancelled, timed out or already completed */
   FMCP_E_BUSY = -6, /* a queue is full; try again later */
   FMCP_E_DENIED = -7,
   FMCP_E_NOT_FOUND = -8,
   FMCP_E_TIMEOUT = -9,
   FMCP_E_IO = -10,
   FMCP_E_CONFIG = -11, /* a setting is missing or unusable */
   FMCP_E_CONFLICT = -12,
   FMCP_E_LIMIT = -13 /* too large, too many, too deep */
};

/* Severity of a log line. Unknown: FMCP_LOG_INFO. Towards MCP clients TRACE is sent as "debug" and
 * the others under their own names. */
enum {
   FMCP_LOG_TRACE = 0,
   FMCP_LOG_DEBUG = 1,
   FMCP_LOG_INFO = 2,
   FMCP_LOG_NOTICE = 3,
   FMCP_LOG_WARN = 4,
   FMCP_LOG_ERROR = 5,
   FMCP_LOG_CRITICAL = 6
};

/* Why a call is cancelled; only a hint for the plugin's log. Unknown: FMCP_CANCEL_UNSPECIFIED. */
enum {
   FMCP_CANCEL_UNSPECIFIED = 0,
   FMCP_CANCEL_CLIENT = 1,   /* the client asked for it */
   FMCP_CANCEL_DEADLINE = 2, /* the call's time is over */
   FMCP_CANCEL_SHUTDOWN = 3  /* the plugin or the host is being stopped */
};

/* ---------------------------------------------------------------------------------------------
 * Growing structs
 * ------------------------------------------------------------------------------------------- */

/* Whether the struct behind `p`, of declared type T, is long enough to hold member m; and whether
 * function member m may be called. For receivers that do not make a local copy (convention 4). */
#define FMCP_HAS(T, p, m) ((p) != NULL && (p)->size >= offsetof(T, m) + sizeof(((T*)0)->m))
#define FMCP_CAN(T, p, m) (FMCP_HAS(T, p, m) && (p)->m != NULL)

/* Who makes a request. Behind a null pointer: nobody is authenticated, since the host runs without
 * authentication. The bearer token is absent on purpose. Owned by whoever hands it over: the host in
 * a request, an auth plugin in its answer. */
typedef struct fmcp_principal {
   uint32_t size;
   uint32_t flags; /* zero */
   fmcp_str subject;
   fmcp_str client_id;
   fmcp_str issuer;
   fmcp_str provider; /* name of the auth plugin that verified it */
   fmcp_str tenant;
   fmcp_list scopes;        /* of fmcp_str */
   fmcp_str claims_json;    /* all claims, one JSON object */
   int64_t expires_unix_ms; /* 0 = unknown */
} fmcp_principal;

struct fmcp_result;

/* What the plugin gets from the host.
 *
 * The table, its strings and everything behind it stay valid until fmcp_plugin.destroy() returns.
 * `ctx` belongs to this instance; pass it as the first argument to each function below and to each
 * function of every service table. All functions are [any]. */
typedef struct fmcp_host {
   uint32_t size;
   uint32_t abi_minor; /* the minor that the host implements */
   void* ctx;
   fmcp_str host_name; /* "fastmcp-host" */
   fmcp_str host_version;

   /* Looks a service up, e.g. "fmcp.exec/1"; <fmcp/services.h> lists them.
    *
    * Returns that service's table, valid as long as this one, or null when the host has no such
    * service or does not grant it to this plugin. The answer never changes.
    * [any] */
   FMCP_FN(const void*, service, void* ctx, fmcp_str id);

   /* Writes one line to the host's log under the plugin's name. `level` is one of FMCP_LOG_*.
    * `fields_json` is empty or a JSON object of further fields. Both are copied. Lines longer than
    * the host's limit are cut and floods are thinned out. C code that includes <tgmath.h>, where
    * log is a macro, writes (host->log)(...).
    * [any] */
   FMCP_FN(void, log, void* ctx, int32_t level, fmcp_str msg, fmcp_str fields_json);

   /* Returns non-zero when log() with this level would be written: ask before formatting.
    * [any] */
   FMCP_FN(int32_t, log_enabled, void* ctx, int32_t level);

   /* The monotonic clock on which fmcp_request.deadline_ns is measured.
    * [any] */
   FMCP_FN(uint64_t, mono_ns, void* ctx);

   /* Milliseconds since 1970-01-01 UTC.
    * [any] */
   FMCP_FN(int64_t, unix_ms, void* ctx);

   /* Ends call `c` with its one result. `r` and all it points to are read before this returns;
    * buffers with a release function are taken over whatever the status.
    *
    * FMCP_OK         the result was taken and the call is over.
    * FMCP_E_GONE     too late or not yours: cancelled, timed out, completed before, or unknown.
    *                 The result is dropped; if the call was yours, the host has its slot back now.
    * FMCP_E_INVALID  `r` breaks this contract, or is larger than the host takes. The call is over
    *                 all the same: the client was told that the plugin failed, and the log says why.
    *
    * Whatever it returns, do not complete the call again. From then on nothing of the fmcp_request
    * may be read, unless this ran inside invoke: then the request lives until invoke returns.
    * [any] */
   FMCP_FN(fmcp_status, complete, void* ctx, fmcp_call c, const struct fmcp_result* r);

   /* Tells the client how far call `c` is. `done` must rise from one report to the next; `total` is
    * zero or less when it is not known; `message` may be empty. Reports that the client did not ask
    * for are dropped here for nothing, and while its connection is backed up only the latest
    * one counts.
    *
    * FMCP_OK         taken, or dropped as above.
    * FMCP_E_GONE     the client no longer waits, or the call is completed. Stop working on it; what
    *                 has not been completed is completed all the same, as after cancel().
    * FMCP_E_INVALID  `done` did not rise, or a number is not finite.
    * [any] */
   FMCP_FN(fmcp_status, progress, void* ctx, fmcp_call c, double done, double total,
           fmcp_str message);

   /* Returns non-zero when call `c` is cancelled, timed out or over: stop, and complete it if that
    * has not been done. As cheap as reading a variable: poll it in loops, at least every 100 ms.
    * [any] */
   FMCP_FN(int32_t, cancelled, void* ctx, fmcp_call c);

   /* Sends a log message to the client of call `c` (not to the host's log). `logger` may be empty;
    * `data_json` is any JSON value. Dropped when the client did not ask for this level.
    *
    * FMCP_OK         taken, or dropped as above.
    * FMCP_E_GONE     as for progress().
    * FMCP_E_INVALID  `data_json` is not JSON, or too long.
    * [any] */
   FMCP_FN(fmcp_status, client_log, void* ctx, fmcp_call c, int32_t level, fmcp_str logger,
           fmcp_str data_json);
} fmcp_host;

/* What an instance is started with. Borrowed from the host during init() or reconfigure(): copy
 * what is needed later. */
typedef struct fmcp_init {
   uint32_t size;
   uint32_t flags;       /* zero */
   fmcp_str instance;    /* "github", "weather-eu": one file may serve several instances */
   fmcp_str config_json; /* one JSON object: the manifest's settings, defaulted and type-checked */
   fmcp_list secrets;    /* of fmcp_kv; the settings of type "secret" only; wiped after init */
   fmcp_str data_dir;    /* a private directory of the instance, or empty */
   fmcp_str base_url;    /* under which clients reach the host, or empty */
   fmcp_str mcp_path;    /* "/mcp" */
} fmcp_init;

/* What the plugin gives: one instance.
 *
 * The table lives in the plugin's memory from create() until destroy() returns and does not change.
 * `self` is passed back as first argument everywhere, to the functions of the facets too. */
typedef struct fmcp_plugin {
   uint32_t size;
   uint32_t flags; /* zero */
   void* self;

   /* Makes the instance ready. Called once, before facet() and everything else. On failure the host
    * logs `err` and calls destroy(), without quiesce(). Null: nothing to do.
    *
    * FMCP_OK        ready.
    * FMCP_E_CONFIG  a setting is unusable; `err` names it. In place of {name} of a declared setting
    *                the host writes what the operator knows it by: the variable, and where the value
    *                comes from.
    * other          failed; the other plugins go on.
    * [control] */
   FMCP_FN(fmcp_status, init, void* self, const fmcp_init* in, fmcp_err* err);

   /* Frees the instance. The last function called on it, once, after the last call, operation,
    * stream and buffer has come back. Called after a failed init() too. When it returns the code may
    * be unmapped: the plugin's threads must have ended, and nothing outside may lead into the file
    * any more (no pthread key with a destructor, no hook of another library). Null: nothing to free.
    * It is not called at all when something does not come back, or when the process just ends.
    * [control] */
   FMCP_FN(void, destroy, void* self);

   /* Returns the table for an interface such as "fmcp.tools/1" (<fmcp/call.h>), or null when the
    * plugin does not offer it. The same answer for the life of the instance, and a table that lives
    * as long as it.
    * [any] */
   FMCP_FN(const void*, facet, void* self, fmcp_str id);

   /* Tells that call `c` is no longer wanted. The client has already been answered; what is asked
    * is to stop soon and still to complete, so that the host gets its slot back. May come before,
    * during or after the completion and while invoke still runs: handles that are not known here
    * are ignored. `reason` is one of FMCP_CANCEL_*. Null: the plugin polls host->cancelled().
    * [any] */
   FMCP_FN(void, cancel, void* self, fmcp_call c, int32_t reason);

   /* Stops taking up work, lets what runs come to its end, and ends the plugin's threads. Called at
    * most once; no invoke starts after it is called, while those that run, and tasks that wait, may
    * still come to their end. Null: nothing of its own runs.
    * [control] */
   FMCP_FN(void, quiesce, void* self);

   /* DRAFT. Takes new settings without a restart; on failure the old ones stay. Null: the host
    * makes a new instance instead.
    * [control] */
   FMCP_FN(fmcp_status, reconfigure, void* self, const fmcp_init* in, fmcp_err* err);

   /* DRAFT. Says whether the instance can do its work now. Answers from memory, within 1 ms. Null:
    * always well.
    * [any] */
   FMCP_FN(fmcp_status, health, void* self, fmcp_err* err);
} fmcp_plugin;

/* What the exported symbol returns: constant data of the file. */
typedef struct fmcp_entry {
   uint32_t size;
   uint32_t abi_major;        /* FMCP_ABI_MAJOR */
   uint32_t abi_minor_built;  /* FMCP_ABI_MINOR of the headers it was built with */
   uint32_t abi_minor_needed; /* the lowest minor of a host that it can work with; usually 0. The
                                 note says the same, and is what a host reads first */

   /* Makes an instance and writes its table to `*out`. `host` stays valid as described there;
    * `instance` is borrowed. Allocates and returns: whatever may fail for outside reasons or takes
    * time belongs into init().
    *
    * FMCP_OK  `*out` is set, and destroy() will be called on it.
    * other    nothing was made, `*out` is ignored, `err` says why.
    * [control] */
   FMCP_FN(fmcp_status, create, const fmcp_host* host, fmcp_str instance, const fmcp_plugin** out,
           fmcp_err* err);
} fmcp_entry;

/* The only symbol that a plugin exports; a plugin that serves two majors exports two. Returns a
 * pointer to constant data that lives as long as the file is loaded, never null. Does nothing else.
 * [control] */
FMCP_EXPORT const fmcp_entry* FMCP_CALL fmcp_plugin_entry_v1(void) FMCP_NX;

/* ---------------------------------------------------------------------------------------------
 * The manifest
 * ------------------------------------------------------------------------------------------- */

/* An ELF note that the host finds through the program headers (PT_NOTE) and reads from the file
 * without loading it: name FMCP_NOTE_NAME, type FMCP_NOTE_TYPE, aligned to four bytes. Its descriptor
 * is four uint32_t, (major, minor_built, minor_needed, flags = 0), followed by a JSON object padded
 * with zeros to a multiple of four. A file has exactly one. Members of that object:
 *
 *    id        reverse domain name, unique: "com.example.weather"
 *    name      short name for settings and messages: "weather", [a-z0-9][a-z0-9_-]{0,63}
 *    version   of the plugin: "1.4.2"
 *    kind      array of "tools", "prompts", "resources", "auth"
 *    auth      of an authentication provider: see auth.h
 *    provides  interfaces: ["fmcp.tools/1"]      uses, optional: services by id
 *    settings  array of {"name", "type", "required", "default", "help", ...}; types: string secret
 *              url path int number bool duration size enum list map json. A "url" may have "schemes"
 *              (also "http+loopback") and "assume_scheme", a "list" "split":false for plain text that
 *              is one entry; an "enum" has "values", and a "list" may. "pattern", an ECMA-262
 *              expression, and "form", the same in words, are for texts, URLs and entries of lists
 *    one_of, any_of   groups of settings of which exactly one, or at least one, is to be given:
 *              [["jwks_uri","public_key"]]
 *    requires  settings that want others: {"tls_key":["tls_cert"]}
 *
 * Unknown members are ignored. Use it once, at namespace scope of one source file, with a string
 * literal: FMCP_MANIFEST("{\"id\":\"com.example.weather\", ...}"); */
#define FMCP_NOTE_NAME "FMCPPL"
#define FMCP_NOTE_TYPE 0x50434D46u /* "FMCP" */

#if defined(                                                                                       \
      __clang__) /* its AddressSanitizer would pad the note; gcc's leaves named sections alone */
#define FMCP_NOTE_PLAIN __attribute__((no_sanitize("address")))
#else
#define FMCP_NOTE_PLAIN
#endif

#define FMCP_MANIFEST(json)                                                                        \
   __attribute__((section(".note.fmcp"), used, aligned(4))) FMCP_NOTE_PLAIN static const struct {  \
      uint32_t namesz, descsz, type;                                                               \
      char name[8];                                                                                \
      uint32_t abi_major, abi_minor_built, abi_minor_needed, flags;                                \
      char text[(sizeof(json) + 3) / 4 * 4];                                                       \
   } fmcp_manifest_note = {7,                                                                      \
                           16 + (sizeof(json) + 3) / 4 * 4,                                        \
                           FMCP_NOTE_TYPE,                                                         \
                           FMCP_NOTE_NAME,                                                         \
                           FMCP_ABI_MAJOR,                                                         \
                           FMCP_ABI_MINOR,                                                         \
                           0,                                                                      \
                           0,                                                                      \
                           json}

#ifdef __cplusplus
}
#endif
#endif
