/* The layout of ABI 1.0: every member of abi.h, of call.h, of auth.h and of what services.h has in
 * use, at the offset, with the type and with the values that it had when 1.0 was frozen. Compiling is
 * the test; it runs in no program.
 *
 * Never edit this file. A release that appends members gets a file of its own, layout_1_N.c, and
 * this one goes on compiling: structs may grow at the end, so only frozen value types are compared
 * for their exact size. The numbers are for targets with 64-bit pointers. */

#include <fmcp/abi.h>
#include <fmcp/auth.h>
#include <fmcp/call.h>
#include <fmcp/services.h>

#define AT(type, member, offset, what)                                                             \
   _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved");                 \
   _Static_assert(__builtin_types_compatible_p(__typeof__(((type*)0)->member), what),              \
                  #type "." #member " changed its type")
#define FN(type, member, offset, ret, ...)                                                         \
   typedef ret (*type##_##member##_fn)(__VA_ARGS__);                                               \
   AT(type, member, offset, type##_##member##_fn)
#define EXACTLY(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed its size")
#define AT_LEAST(type, bytes) _Static_assert(sizeof(type) >= (bytes), #type " shrank")
#define VALUE(name, value) _Static_assert((name) == (value), #name " changed its value")
#define SAME(type, what)                                                                           \
   _Static_assert(__builtin_types_compatible_p(type, what), #type " changed its type")

_Static_assert(sizeof(void*) == 8, "these numbers are for 64-bit pointers");
VALUE(FMCP_ABI_MAJOR, 1u);

SAME(fmcp_call, uint64_t);
SAME(fmcp_op, uint64_t);
SAME(fmcp_stream, uint64_t);
SAME(fmcp_status, int32_t);
SAME(__typeof__(&fmcp_plugin_entry_v1), const fmcp_entry* (*)(void));

EXACTLY(fmcp_str, 16);
AT(fmcp_str, ptr, 0, const char*);
AT(fmcp_str, len, 8, uint64_t);

EXACTLY(fmcp_bytes, 16);
AT(fmcp_bytes, ptr, 0, const uint8_t*);
AT(fmcp_bytes, len, 8, uint64_t);

EXACTLY(fmcp_list, 16);
AT(fmcp_list, items, 0, const void*);
AT(fmcp_list, count, 8, uint32_t);
AT(fmcp_list, stride, 12, uint32_t);

EXACTLY(fmcp_buf, 32);
AT(fmcp_buf, ptr, 0, const void*);
AT(fmcp_buf, len, 8, uint64_t);
FN(fmcp_buf, release, 16, void, void*, const void*, uint64_t);
AT(fmcp_buf, owner, 24, void*);

EXACTLY(fmcp_kv, 32);
AT(fmcp_kv, key, 0, fmcp_str);
AT(fmcp_kv, value, 16, fmcp_str);

EXACTLY(fmcp_err, 24);
AT(fmcp_err, code, 0, int32_t);
AT(fmcp_err, cap, 4, uint32_t);
AT(fmcp_err, len, 8, uint32_t);
AT(fmcp_err, reserved, 12, uint32_t);
AT(fmcp_err, msg, 16, char*);

AT_LEAST(fmcp_principal, 128);
AT(fmcp_principal, size, 0, uint32_t);
AT(fmcp_principal, flags, 4, uint32_t);
AT(fmcp_principal, subject, 8, fmcp_str);
AT(fmcp_principal, client_id, 24, fmcp_str);
AT(fmcp_principal, issuer, 40, fmcp_str);
AT(fmcp_principal, provider, 56, fmcp_str);
AT(fmcp_principal, tenant, 72, fmcp_str);
AT(fmcp_principal, scopes, 88, fmcp_list);
AT(fmcp_principal, claims_json, 104, fmcp_str);
AT(fmcp_principal, expires_unix_ms, 120, int64_t);

AT_LEAST(fmcp_host, 120);
AT(fmcp_host, size, 0, uint32_t);
AT(fmcp_host, abi_minor, 4, uint32_t);
AT(fmcp_host, ctx, 8, void*);
AT(fmcp_host, host_name, 16, fmcp_str);
AT(fmcp_host, host_version, 32, fmcp_str);
FN(fmcp_host, service, 48, const void*, void*, fmcp_str);
FN(fmcp_host, log, 56, void, void*, int32_t, fmcp_str, fmcp_str);
FN(fmcp_host, log_enabled, 64, int32_t, void*, int32_t);
FN(fmcp_host, mono_ns, 72, uint64_t, void*);
FN(fmcp_host, unix_ms, 80, int64_t, void*);
FN(fmcp_host, complete, 88, fmcp_status, void*, fmcp_call, const struct fmcp_result*);
FN(fmcp_host, progress, 96, fmcp_status, void*, fmcp_call, double, double, fmcp_str);
FN(fmcp_host, cancelled, 104, int32_t, void*, fmcp_call);
FN(fmcp_host, client_log, 112, fmcp_status, void*, fmcp_call, int32_t, fmcp_str, fmcp_str);

AT_LEAST(fmcp_init, 104);
AT(fmcp_init, size, 0, uint32_t);
AT(fmcp_init, flags, 4, uint32_t);
AT(fmcp_init, instance, 8, fmcp_str);
AT(fmcp_init, config_json, 24, fmcp_str);
AT(fmcp_init, secrets, 40, fmcp_list);
AT(fmcp_init, data_dir, 56, fmcp_str);
AT(fmcp_init, base_url, 72, fmcp_str);
AT(fmcp_init, mcp_path, 88, fmcp_str);

AT_LEAST(fmcp_plugin, 72);
AT(fmcp_plugin, size, 0, uint32_t);
AT(fmcp_plugin, flags, 4, uint32_t);
AT(fmcp_plugin, self, 8, void*);
FN(fmcp_plugin, init, 16, fmcp_status, void*, const fmcp_init*, fmcp_err*);
FN(fmcp_plugin, destroy, 24, void, void*);
FN(fmcp_plugin, facet, 32, const void*, void*, fmcp_str);
FN(fmcp_plugin, cancel, 40, void, void*, fmcp_call, int32_t);
FN(fmcp_plugin, quiesce, 48, void, void*);
FN(fmcp_plugin, reconfigure, 56, fmcp_status, void*, const fmcp_init*, fmcp_err*);
FN(fmcp_plugin, health, 64, fmcp_status, void*, fmcp_err*);

AT_LEAST(fmcp_entry, 24);
AT(fmcp_entry, size, 0, uint32_t);
AT(fmcp_entry, abi_major, 4, uint32_t);
AT(fmcp_entry, abi_minor_built, 8, uint32_t);
AT(fmcp_entry, abi_minor_needed, 12, uint32_t);
FN(fmcp_entry, create, 16, fmcp_status, const fmcp_host*, fmcp_str, const fmcp_plugin**, fmcp_err*);

AT_LEAST(fmcp_request, 200);
AT(fmcp_request, size, 0, uint32_t);
AT(fmcp_request, flags, 4, uint32_t);
AT(fmcp_request, call, 8, fmcp_call);
AT(fmcp_request, deadline_ns, 16, uint64_t);
AT(fmcp_request, name, 24, fmcp_str);
AT(fmcp_request, args_json, 40, fmcp_str);
AT(fmcp_request, meta_json, 56, fmcp_str);
AT(fmcp_request, principal, 72, const fmcp_principal*);
AT(fmcp_request, session_id, 80, fmcp_str);
AT(fmcp_request, protocol_version, 96, fmcp_str);
AT(fmcp_request, client_info_json, 112, fmcp_str);
AT(fmcp_request, client_caps_json, 128, fmcp_str);
AT(fmcp_request, inputs_json, 144, fmcp_str);
AT(fmcp_request, state, 160, fmcp_bytes);
AT(fmcp_request, traceparent, 176, fmcp_str);
AT(fmcp_request, tag, 192, uint64_t);

AT_LEAST(fmcp_content, 136);
AT(fmcp_content, size, 0, uint32_t);
AT(fmcp_content, kind, 4, int32_t);
AT(fmcp_content, mime, 8, fmcp_str);
AT(fmcp_content, uri, 24, fmcp_str);
AT(fmcp_content, name, 40, fmcp_str);
AT(fmcp_content, data, 56, fmcp_buf);
AT(fmcp_content, annotations_json, 88, fmcp_str);
AT(fmcp_content, stream, 104, fmcp_stream);
AT(fmcp_content, meta_json, 112, fmcp_str);
AT(fmcp_content, role, 128, int32_t);
AT(fmcp_content, flags, 132, uint32_t);

AT_LEAST(fmcp_result, 224);
AT(fmcp_result, size, 0, uint32_t);
AT(fmcp_result, outcome, 4, int32_t);
AT(fmcp_result, rpc_code, 8, int32_t);
AT(fmcp_result, flags, 12, uint32_t);
AT(fmcp_result, message, 16, fmcp_str);
AT(fmcp_result, content, 32, fmcp_list);
AT(fmcp_result, structured_json, 48, fmcp_buf);
AT(fmcp_result, error_data_json, 80, fmcp_buf);
AT(fmcp_result, meta_json, 112, fmcp_buf);
AT(fmcp_result, raw_json, 144, fmcp_buf);
AT(fmcp_result, input_requests_json, 176, fmcp_str);
AT(fmcp_result, state, 192, fmcp_bytes);
AT(fmcp_result, state_ttl_s, 208, uint32_t);
AT(fmcp_result, cache_scope, 212, uint32_t);
AT(fmcp_result, cache_ttl_ms, 216, int64_t);

AT_LEAST(fmcp_item, 72);
AT(fmcp_item, size, 0, uint32_t);
AT(fmcp_item, exec, 4, uint32_t);
AT(fmcp_item, name, 8, fmcp_str);
AT(fmcp_item, json, 24, fmcp_str);
AT(fmcp_item, required_scopes, 40, fmcp_list);
AT(fmcp_item, max_concurrency, 56, uint32_t);
AT(fmcp_item, timeout_ms, 60, uint32_t);
AT(fmcp_item, tag, 64, uint64_t);

AT_LEAST(fmcp_tools, 24);
AT(fmcp_tools, size, 0, uint32_t);
AT(fmcp_tools, flags, 4, uint32_t);
FN(fmcp_tools, list, 8, fmcp_status, void*, fmcp_list*, fmcp_err*);
FN(fmcp_tools, call, 16, fmcp_status, void*, const fmcp_request*, fmcp_err*);

AT_LEAST(fmcp_prompts, 24);
AT(fmcp_prompts, size, 0, uint32_t);
AT(fmcp_prompts, flags, 4, uint32_t);
FN(fmcp_prompts, list, 8, fmcp_status, void*, fmcp_list*, fmcp_err*);
FN(fmcp_prompts, get, 16, fmcp_status, void*, const fmcp_request*, fmcp_err*);

AT_LEAST(fmcp_resources, 40);
AT(fmcp_resources, size, 0, uint32_t);
AT(fmcp_resources, flags, 4, uint32_t);
FN(fmcp_resources, list, 8, fmcp_status, void*, fmcp_list*, fmcp_err*);
FN(fmcp_resources, templates, 16, fmcp_status, void*, fmcp_list*, fmcp_err*);
FN(fmcp_resources, read, 24, fmcp_status, void*, const fmcp_request*, fmcp_err*);
FN(fmcp_resources, subscribe, 32, fmcp_status, void*, fmcp_str, int32_t, fmcp_err*);

AT_LEAST(fmcp_completion, 16);
AT(fmcp_completion, size, 0, uint32_t);
AT(fmcp_completion, flags, 4, uint32_t);
FN(fmcp_completion, complete, 8, fmcp_status, void*, const fmcp_request*, fmcp_err*);

SAME(fmcp_task, void (*)(void*));

AT_LEAST(fmcp_exec, 32);
AT(fmcp_exec, size, 0, uint32_t);
AT(fmcp_exec, flags, 4, uint32_t);
FN(fmcp_exec, post, 8, fmcp_status, void*, fmcp_task, void*);
FN(fmcp_exec, after, 16, fmcp_status, void*, uint64_t, fmcp_task, void*, fmcp_op*);
FN(fmcp_exec, bring_forward, 24, void, void*, fmcp_op);

AT_LEAST(fmcp_notify, 24);
AT(fmcp_notify, size, 0, uint32_t);
AT(fmcp_notify, flags, 4, uint32_t);
FN(fmcp_notify, list_changed, 8, fmcp_status, void*, fmcp_str);
FN(fmcp_notify, resource_updated, 16, fmcp_status, void*, fmcp_str);

EXACTLY(fmcp_http_header, 32);
AT(fmcp_http_header, name, 0, fmcp_str);
AT(fmcp_http_header, value, 16, fmcp_str);

AT_LEAST(fmcp_fetch, 88);
AT(fmcp_fetch, size, 0, uint32_t);
AT(fmcp_fetch, flags, 4, uint32_t);
AT(fmcp_fetch, method, 8, fmcp_str);
AT(fmcp_fetch, url, 24, fmcp_str);
AT(fmcp_fetch, headers, 40, fmcp_list);
AT(fmcp_fetch, body, 56, fmcp_bytes);
AT(fmcp_fetch, timeout_ms, 72, uint32_t);
AT(fmcp_fetch, max_body, 76, uint32_t);
AT(fmcp_fetch, max_redirects, 80, uint32_t);
AT(fmcp_fetch, reserved, 84, uint32_t);

AT_LEAST(fmcp_fetched, 56);
AT(fmcp_fetched, size, 0, uint32_t);
AT(fmcp_fetched, http_status, 4, int32_t);
AT(fmcp_fetched, headers, 8, fmcp_list);
AT(fmcp_fetched, body, 24, fmcp_bytes);
AT(fmcp_fetched, final_url, 40, fmcp_str);
SAME(fmcp_fetch_cb, void (*)(void*, fmcp_status, const fmcp_fetched*, fmcp_str));

AT_LEAST(fmcp_http, 24);
AT(fmcp_http, size, 0, uint32_t);
AT(fmcp_http, flags, 4, uint32_t);
FN(fmcp_http, fetch, 8, fmcp_status, void*, const fmcp_fetch*, fmcp_fetch_cb, void*, fmcp_op*);
FN(fmcp_http, cancel, 16, void, void*, fmcp_op);

SAME(fmcp_value_cb, void (*)(void*, fmcp_status, fmcp_bytes, uint64_t));

AT_LEAST(fmcp_kvstore, 40);
AT(fmcp_kvstore, size, 0, uint32_t);
AT(fmcp_kvstore, flags, 4, uint32_t);
FN(fmcp_kvstore, get, 8, fmcp_status, void*, fmcp_str, fmcp_value_cb, void*);
FN(fmcp_kvstore, put, 16, fmcp_status, void*, fmcp_str, fmcp_bytes, uint64_t, uint64_t, fmcp_value_cb, void*);
FN(fmcp_kvstore, take, 24, fmcp_status, void*, fmcp_str, fmcp_value_cb, void*);
FN(fmcp_kvstore, del, 32, fmcp_status, void*, fmcp_str, fmcp_value_cb, void*);

AT_LEAST(fmcp_jwt_policy, 144);
AT(fmcp_jwt_policy, size, 0, uint32_t);
AT(fmcp_jwt_policy, flags, 4, uint32_t);
AT(fmcp_jwt_policy, jwks_uri, 8, fmcp_str);
AT(fmcp_jwt_policy, jwks_json, 24, fmcp_str);
AT(fmcp_jwt_policy, pem, 40, fmcp_str);
AT(fmcp_jwt_policy, shared_secret, 56, fmcp_bytes);
AT(fmcp_jwt_policy, issuers, 72, fmcp_list);
AT(fmcp_jwt_policy, audiences, 88, fmcp_list);
AT(fmcp_jwt_policy, algorithms, 104, fmcp_list);
AT(fmcp_jwt_policy, types, 120, fmcp_list);
AT(fmcp_jwt_policy, leeway_s, 136, uint32_t);
AT(fmcp_jwt_policy, min_refresh_s, 140, uint32_t);
SAME(fmcp_jwt_cb, void (*)(void*, fmcp_status, int32_t, fmcp_str, fmcp_str));

AT_LEAST(fmcp_jwt, 32);
AT(fmcp_jwt, size, 0, uint32_t);
AT(fmcp_jwt, flags, 4, uint32_t);
FN(fmcp_jwt, policy, 8, fmcp_status, void*, const fmcp_jwt_policy*, uint64_t*, fmcp_err*);
FN(fmcp_jwt, verify_now, 16, fmcp_status, void*, uint64_t, fmcp_str, fmcp_buf*, int32_t*, fmcp_err*);
FN(fmcp_jwt, verify, 24, fmcp_status, void*, uint64_t, fmcp_str, fmcp_jwt_cb, void*);

AT_LEAST(fmcp_crypto, 48);
AT(fmcp_crypto, size, 0, uint32_t);
AT(fmcp_crypto, flags, 4, uint32_t);
FN(fmcp_crypto, random, 8, fmcp_status, void*, uint8_t*, uint64_t);
FN(fmcp_crypto, seal, 16, fmcp_status, void*, fmcp_bytes, fmcp_bytes, uint64_t, fmcp_buf*);
FN(fmcp_crypto, open, 24, fmcp_status, void*, fmcp_bytes, fmcp_bytes, fmcp_buf*);
FN(fmcp_crypto, sha256, 32, fmcp_status, void*, fmcp_bytes, uint8_t*);
FN(fmcp_crypto, equal, 40, int32_t, void*, fmcp_bytes, fmcp_bytes);

AT_LEAST(fmcp_auth_request, 152);
AT(fmcp_auth_request, size, 0, uint32_t);
AT(fmcp_auth_request, flags, 4, uint32_t);
AT(fmcp_auth_request, call, 8, fmcp_call);
AT(fmcp_auth_request, deadline_ns, 16, uint64_t);
AT(fmcp_auth_request, token, 24, fmcp_str);
AT(fmcp_auth_request, scheme, 40, fmcp_str);
AT(fmcp_auth_request, method, 56, fmcp_str);
AT(fmcp_auth_request, url, 72, fmcp_str);
AT(fmcp_auth_request, headers, 88, fmcp_list);
AT(fmcp_auth_request, peer_addr, 104, fmcp_str);
AT(fmcp_auth_request, peer_cert_der, 120, fmcp_bytes);
AT(fmcp_auth_request, resource, 136, fmcp_str);

AT_LEAST(fmcp_auth_result, 80);
AT(fmcp_auth_result, size, 0, uint32_t);
AT(fmcp_auth_result, decision, 4, int32_t);
AT(fmcp_auth_result, principal, 8, const fmcp_principal*);
AT(fmcp_auth_result, flags, 16, uint32_t);
AT(fmcp_auth_result, cache_ttl_s, 20, uint32_t);
AT(fmcp_auth_result, http_status, 24, int32_t);
AT(fmcp_auth_result, reason, 28, int32_t);
AT(fmcp_auth_result, detail, 32, fmcp_str);
AT(fmcp_auth_result, challenge_scope, 48, fmcp_str);
AT(fmcp_auth_result, private_json, 64, fmcp_str);

AT_LEAST(fmcp_auth_host, 32);
AT(fmcp_auth_host, size, 0, uint32_t);
AT(fmcp_auth_host, flags, 4, uint32_t);
FN(fmcp_auth_host, verified, 8, fmcp_status, void*, fmcp_call, const fmcp_auth_result*);
FN(fmcp_auth_host, respond, 16, fmcp_status, void*, fmcp_call, const struct fmcp_http_reply*);
FN(fmcp_auth_host, forget, 24, fmcp_status, void*, fmcp_bytes);

AT_LEAST(fmcp_route, 48);
AT(fmcp_route, size, 0, uint32_t);
AT(fmcp_route, flags, 4, uint32_t);
AT(fmcp_route, method, 8, fmcp_str);
AT(fmcp_route, path, 24, fmcp_str);
AT(fmcp_route, max_body, 40, uint32_t);
AT(fmcp_route, id, 44, uint32_t);

AT_LEAST(fmcp_http_request, 136);
AT(fmcp_http_request, size, 0, uint32_t);
AT(fmcp_http_request, flags, 4, uint32_t);
AT(fmcp_http_request, call, 8, fmcp_call);
AT(fmcp_http_request, deadline_ns, 16, uint64_t);
AT(fmcp_http_request, route_id, 24, uint32_t);
AT(fmcp_http_request, reserved, 28, uint32_t);
AT(fmcp_http_request, method, 32, fmcp_str);
AT(fmcp_http_request, path, 48, fmcp_str);
AT(fmcp_http_request, query, 64, fmcp_str);
AT(fmcp_http_request, headers, 80, fmcp_list);
AT(fmcp_http_request, body, 96, fmcp_bytes);
AT(fmcp_http_request, peer_addr, 112, fmcp_str);
AT(fmcp_http_request, principal, 128, const fmcp_principal*);

AT_LEAST(fmcp_http_reply, 56);
AT(fmcp_http_reply, size, 0, uint32_t);
AT(fmcp_http_reply, http_status, 4, int32_t);
AT(fmcp_http_reply, headers, 8, fmcp_list);
AT(fmcp_http_reply, body, 24, fmcp_buf);

AT_LEAST(fmcp_auth_info, 104);
AT(fmcp_auth_info, size, 0, uint32_t);
AT(fmcp_auth_info, flags, 4, uint32_t);
AT(fmcp_auth_info, resource_metadata_json, 8, fmcp_str);
AT(fmcp_auth_info, as_metadata_json, 24, fmcp_str);
AT(fmcp_auth_info, required_scopes, 40, fmcp_list);
AT(fmcp_auth_info, challenge_scopes, 56, fmcp_list);
AT(fmcp_auth_info, as_metadata_urls, 72, fmcp_list);
AT(fmcp_auth_info, scopes_discovery_url, 88, fmcp_str);

AT_LEAST(fmcp_auth, 48);
AT(fmcp_auth, size, 0, uint32_t);
AT(fmcp_auth, flags, 4, uint32_t);
FN(fmcp_auth, info, 8, fmcp_status, void*, fmcp_str, const fmcp_auth_info**, fmcp_err*);
FN(fmcp_auth, routes, 16, fmcp_status, void*, fmcp_list*, fmcp_err*);
FN(fmcp_auth, verify, 24, fmcp_status, void*, const fmcp_auth_request*, fmcp_err*);
FN(fmcp_auth, http, 32, fmcp_status, void*, const fmcp_http_request*, fmcp_err*);
FN(fmcp_auth, authorize, 40, fmcp_status, void*, const fmcp_principal*, fmcp_str, fmcp_str, int32_t*, fmcp_err*);

VALUE(FMCP_OK, 0);
VALUE(FMCP_PENDING, 1);
VALUE(FMCP_E_FAIL, -1);
VALUE(FMCP_E_INVALID, -2);
VALUE(FMCP_E_NOT_SUPPORTED, -3);
VALUE(FMCP_E_NO_MEMORY, -4);
VALUE(FMCP_E_GONE, -5);
VALUE(FMCP_E_BUSY, -6);
VALUE(FMCP_E_DENIED, -7);
VALUE(FMCP_E_NOT_FOUND, -8);
VALUE(FMCP_E_TIMEOUT, -9);
VALUE(FMCP_E_IO, -10);
VALUE(FMCP_E_CONFIG, -11);
VALUE(FMCP_E_CONFLICT, -12);
VALUE(FMCP_E_LIMIT, -13);

VALUE(FMCP_LOG_TRACE, 0);
VALUE(FMCP_LOG_DEBUG, 1);
VALUE(FMCP_LOG_INFO, 2);
VALUE(FMCP_LOG_NOTICE, 3);
VALUE(FMCP_LOG_WARN, 4);
VALUE(FMCP_LOG_ERROR, 5);
VALUE(FMCP_LOG_CRITICAL, 6);

VALUE(FMCP_CANCEL_UNSPECIFIED, 0);
VALUE(FMCP_CANCEL_CLIENT, 1);
VALUE(FMCP_CANCEL_DEADLINE, 2);
VALUE(FMCP_CANCEL_SHUTDOWN, 3);

VALUE(FMCP_RQ_PROGRESS, 1);
VALUE(FMCP_RQ_RESUMED, 2);
VALUE(FMCP_RQ_CAN_ELICIT, 4);
VALUE(FMCP_RQ_CAN_ELICIT_URL, 8);
VALUE(FMCP_RQ_CAN_SAMPLE, 16);
VALUE(FMCP_RQ_CAN_ROOTS, 32);

VALUE(FMCP_C_TEXT, 1);
VALUE(FMCP_C_IMAGE, 2);
VALUE(FMCP_C_AUDIO, 3);
VALUE(FMCP_C_RESOURCE_LINK, 4);
VALUE(FMCP_C_RESOURCE_TEXT, 5);
VALUE(FMCP_C_RESOURCE_BLOB, 6);
VALUE(FMCP_C_RAW_JSON, 7);
VALUE(FMCP_C_STREAM, 8);

VALUE(FMCP_OUT_OK, 0);
VALUE(FMCP_OUT_TOOL_ERROR, 1);
VALUE(FMCP_OUT_RPC_ERROR, 2);
VALUE(FMCP_OUT_NEED_INPUT, 3);
VALUE(FMCP_OUT_CANCELLED, 4);
VALUE(FMCP_OUT_FAILED, 5);

VALUE(FMCP_ROLE_USER, 0);
VALUE(FMCP_ROLE_ASSISTANT, 1);

VALUE(FMCP_CACHE_PRIVATE, 0);
VALUE(FMCP_CACHE_PUBLIC, 1);

VALUE(FMCP_EX_MAY_BLOCK, 0);
VALUE(FMCP_EX_NONBLOCKING, 1);

VALUE(FMCP_JWT_ANY_ISSUER, 1);
VALUE(FMCP_JWT_ANY_AUDIENCE, 2);

VALUE(FMCP_AUTH_DENY, 0);
VALUE(FMCP_AUTH_DEFER, 0x20);
VALUE(FMCP_AUTH_UNAVAILABLE, 0x30);
VALUE(FMCP_AUTH_ALLOW, 0x600D);

VALUE(FMCP_AUTH_WHY_NONE, 0);
VALUE(FMCP_AUTH_WHY_DENIED, 1);
VALUE(FMCP_AUTH_WHY_MALFORMED, 2);
VALUE(FMCP_AUTH_WHY_BAD_ALGORITHM, 3);
VALUE(FMCP_AUTH_WHY_UNKNOWN_KEY, 4);
VALUE(FMCP_AUTH_WHY_BAD_SIGNATURE, 5);
VALUE(FMCP_AUTH_WHY_NO_EXPIRY, 6);
VALUE(FMCP_AUTH_WHY_EXPIRED, 7);
VALUE(FMCP_AUTH_WHY_NOT_YET_VALID, 8);
VALUE(FMCP_AUTH_WHY_WRONG_ISSUER, 9);
VALUE(FMCP_AUTH_WHY_WRONG_AUDIENCE, 10);
VALUE(FMCP_AUTH_WHY_WRONG_TYPE, 11);
VALUE(FMCP_AUTH_WHY_NO_SUBJECT, 12);
VALUE(FMCP_AUTH_WHY_MISSING_SCOPE, 13);
VALUE(FMCP_AUTH_WHY_INACTIVE, 14);
VALUE(FMCP_AUTH_WHY_UPSTREAM, 15);
VALUE(FMCP_AUTH_WHY_BUSY, 16);

VALUE(FMCP_AUTH_FROM_CLAIMS, 1);
VALUE(FMCP_AUTH_NONBLOCKING, 1);

VALUE(FMCP_RT_PUBLIC, 1);
VALUE(FMCP_RT_CORS, 2);
VALUE(FMCP_RT_RATE_LIMIT, 4);
VALUE(FMCP_RT_NO_STORE, 8);
VALUE(FMCP_RT_HTML, 16);

/* The note: what the host reads without loading. */
FMCP_MANIFEST("{}");
#define NOTE __typeof__(fmcp_manifest_note)
EXACTLY(NOTE, 12 + 8 + 16 + 4);
VALUE(offsetof(NOTE, namesz), 0);
VALUE(offsetof(NOTE, descsz), 4);
VALUE(offsetof(NOTE, type), 8);
VALUE(offsetof(NOTE, name), 12);
VALUE(offsetof(NOTE, abi_major), 20);
VALUE(offsetof(NOTE, abi_minor_built), 24);
VALUE(offsetof(NOTE, abi_minor_needed), 28);
VALUE(offsetof(NOTE, flags), 32);
VALUE(offsetof(NOTE, text), 36);
VALUE(FMCP_NOTE_TYPE, 0x50434D46u);
_Static_assert(sizeof(FMCP_NOTE_NAME) == 7, "FMCP_NOTE_NAME changed its length");
_Static_assert(__builtin_strcmp(FMCP_NOTE_NAME, "FMCPPL") == 0, "FMCP_NOTE_NAME changed");
