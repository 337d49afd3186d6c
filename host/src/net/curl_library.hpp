#pragma once

/// libcurl, loaded when the first request is made.
///
/// It brings some thirty shared objects of its own (LDAP, Kerberos, SSH, GnuTLS …) that a host
/// which fetches nothing should not pay for; README.md has the figures. The functions' types come
/// from the library's headers, only their addresses are looked up.

#include <curl/curl.h>

#include "core/result.hpp"

namespace fmcp::net {

struct curl_library {
   decltype(&::curl_easy_init) easy_init = nullptr;
   decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
   CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
   CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
   decltype(&::curl_easy_strerror) easy_strerror = nullptr;
   decltype(&::curl_multi_init) multi_init = nullptr;
   decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
   CURLMcode (*multi_setopt)(CURLM*, CURLMoption, ...) = nullptr;
   decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
   decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
   decltype(&::curl_multi_perform) multi_perform = nullptr;
   decltype(&::curl_multi_poll) multi_poll = nullptr;
   decltype(&::curl_multi_info_read) multi_info_read = nullptr;
   decltype(&::curl_multi_strerror) multi_strerror = nullptr;
   decltype(&::curl_slist_append) slist_append = nullptr;
   decltype(&::curl_slist_free_all) slist_free_all = nullptr;

   /// Loads and sets up on the first call, which may take tens of milliseconds; stays loaded until
   /// the process ends. Errors: unsupported (not installed, too old, or another TLS library than
   /// ours); the message names the package. [any thread]
   [[nodiscard]] static const core::result<curl_library>& get();
};

} // namespace fmcp::net
