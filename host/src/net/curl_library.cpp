#include "net/curl_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace fmcp::net {
namespace {

// Of the same soname as the headers, whose constants are part of its binary interface.
constexpr const char* file = "libcurl.so.4";
constexpr unsigned oldest = 0x075700; // 7.87.0: CURLOPT_QUICK_EXIT

std::unexpected<core::error> unusable(std::string_view why) {
   return core::fail(core::errc::unsupported,
                     fmt::format("outbound HTTP is not possible: {}; install libcurl 7.87 or newer "
                                 "built with OpenSSL (package libcurl4)",
                                 why));
}

template <class F>
bool look_up(void* library, const char* name, F& to) noexcept {
   to = reinterpret_cast<F>(::dlsym(library, name));
   return to != nullptr;
}

bool look_up_all(void* library, curl_library& c) noexcept {
   const auto find = [&](const char* name, auto& to) { return look_up(library, name, to); };
   return find("curl_easy_init", c.easy_init) && find("curl_easy_cleanup", c.easy_cleanup) &&
          find("curl_easy_setopt", c.easy_setopt) && find("curl_easy_getinfo", c.easy_getinfo) &&
          find("curl_easy_strerror", c.easy_strerror) && find("curl_multi_init", c.multi_init) &&
          find("curl_multi_cleanup", c.multi_cleanup) &&
          find("curl_multi_setopt", c.multi_setopt) &&
          find("curl_multi_add_handle", c.multi_add_handle) &&
          find("curl_multi_remove_handle", c.multi_remove_handle) &&
          find("curl_multi_perform", c.multi_perform) && find("curl_multi_poll", c.multi_poll) &&
          find("curl_multi_info_read", c.multi_info_read) &&
          find("curl_multi_strerror", c.multi_strerror) &&
          find("curl_slist_append", c.slist_append) &&
          find("curl_slist_free_all", c.slist_free_all);
}

/// The callbacks hand OpenSSL's objects to our OpenSSL: it must be the same one.
core::result<void> check_version(const curl_version_info_data& v) {
   if (v.version_num < oldest) return unusable(fmt::format("libcurl {} is too old", v.version));
   const std::string_view tls = v.ssl_version == nullptr ? "no TLS" : v.ssl_version;
   if (!tls.starts_with("OpenSSL/3.")) {
      return unusable(fmt::format("this libcurl was built with {}", tls));
   }
   if ((v.features & CURL_VERSION_ASYNCHDNS) == 0) {
      return unusable("this libcurl stands still while it resolves names");
   }
   return {};
}

core::result<curl_library> load() {
   // Never unloaded: threads that resolve names may outlive their request.
   void* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
   if (library == nullptr) {
      const char* why = ::dlerror();
      return unusable(why == nullptr ? "libcurl.so.4 cannot be loaded" : why);
   }
   decltype(&::curl_global_init) global_init = nullptr;
   decltype(&::curl_version_info) version_info = nullptr;
   curl_library made;
   if (!look_up(library, "curl_global_init", global_init) ||
       !look_up(library, "curl_version_info", version_info) || !look_up_all(library, made)) {
      return unusable("libcurl.so.4 lacks functions");
   }
   if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return unusable("libcurl does not start");
   if (auto r = check_version(*version_info(CURLVERSION_NOW)); !r) {
      return std::unexpected(std::move(r.error()));
   }
   return made;
}

} // namespace

const core::result<curl_library>& curl_library::get() {
   static const core::result<curl_library> loaded = load();
   return loaded;
}

} // namespace fmcp::net
