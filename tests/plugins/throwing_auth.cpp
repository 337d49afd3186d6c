// An authentication provider that lets an exception leave its verify(). C++17 does not compile such
// a table, since noexcept is part of its types there; this file is C++14, as an old plugin may be.

#include <stdexcept>

#include <fmcp/auth.h>

FMCP_MANIFEST("{\"id\":\"io.fastmcp-host.test.throwing_auth\",\"name\":\"throwing_auth\","
              "\"version\":\"1.0.0\",\"kind\":[\"auth\"],\"provides\":[\"fmcp.auth/1\"],"
              "\"auth\":{\"env_prefix\":\"THROWING_AUTH\"}}");

namespace {

fmcp_status info(void*, fmcp_str, const fmcp_auth_info** out, fmcp_err*) {
   static fmcp_auth_info said;
   said.size = sizeof said;
   *out = &said;
   return FMCP_OK;
}

fmcp_status verify(void*, const fmcp_auth_request*, fmcp_err*) {
   throw std::runtime_error("nobody catches this");
}

const void* facet(void*, fmcp_str id) {
   static fmcp_auth auth;
   auth.size = sizeof auth;
   auth.info = info;
   auth.verify = verify;
   return id.len == sizeof "fmcp.auth/1" - 1 && id.ptr[5] == 'a' ? &auth : nullptr;
}

fmcp_status create(const fmcp_host*, fmcp_str, const fmcp_plugin** out, fmcp_err*) {
   static fmcp_plugin plugin;
   plugin.size = sizeof plugin;
   plugin.facet = facet;
   *out = &plugin;
   return FMCP_OK;
}

const fmcp_entry entry = {sizeof(fmcp_entry), FMCP_ABI_MAJOR, FMCP_ABI_MINOR, 0, create};

} // namespace

extern "C" FMCP_EXPORT const fmcp_entry* fmcp_plugin_entry_v1() {
   return &entry;
}
