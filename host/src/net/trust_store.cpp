#include "net/trust_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <dirent.h>

#include <fmt/format.h>
#include <openssl/err.h>

#include "core/log.hpp"

namespace fmcp::net {
namespace {

/// Names like `3513523f.0`, which `openssl rehash` makes, in one of the directories of a list.
bool has_hashed_names(std::string_view directories) {
   const auto colon = std::min(directories.find(':'), directories.size());
   const std::string first(directories.substr(0, colon));
   if (colon < directories.size() && has_hashed_names(directories.substr(colon + 1))) return true;
   const std::unique_ptr<DIR, int (*)(DIR*)> d(::opendir(first.c_str()), ::closedir);
   if (!d) return false;
   while (const dirent* entry = ::readdir(d.get())) {
      const std::string_view name = entry->d_name;
      if (name.size() == 10 && name.ends_with(".0") &&
          name.find_first_not_of("0123456789abcdef") == 8) {
         return true;
      }
   }
   return false;
}

const char* setting(const char* variable, const char* otherwise) {
   const char* const value = ::secure_getenv(variable);
   return value == nullptr || *value == '\0' ? otherwise : value;
}

std::unexpected<core::error> bad_file(core::errc code, const std::string& file,
                                      std::string_view why) {
   return core::fail(code, fmt::format("the file of certificate authorities {}: {}", file, why));
}

} // namespace

core::result<trust_store> trust_store::open(const std::string& ca_file) {
   trust_store made;
   if (ca_file.empty()) return made;
   const std::unique_ptr<std::FILE, int (*)(std::FILE*)> f(std::fopen(ca_file.c_str(), "re"),
                                                           std::fclose);
   if (!f) {
      return bad_file(core::errc::io, ca_file,
                      fmt::format("it cannot be read: {}", std::strerror(errno)));
   }
   made.store_.reset(X509_STORE_new());
   ERR_clear_error();
   if (!made.store_ || X509_STORE_load_file(made.store_.get(), ca_file.c_str()) != 1) {
      ERR_clear_error();
      return bad_file(core::errc::invalid, ca_file, "it holds no PEM certificate that can be used");
   }
   return made;
}

bool trust_store::add_system_roots() {
   if (!store_) store_.reset(X509_STORE_new());
   if (!store_) return false;
   const char* const file = setting(X509_get_default_cert_file_env(), nullptr);
   const char* const directory =
         setting(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
   bool is_found = file != nullptr && X509_STORE_load_file(store_.get(), file) == 1;
   if (has_hashed_names(directory)) {
      is_found = X509_STORE_load_path(store_.get(), directory) == 1 || is_found;
   }
   if (!is_found) is_found = X509_STORE_load_file(store_.get(), X509_get_default_cert_file()) == 1;
   ERR_clear_error();
   if (!is_found) {
      core::log::warn("net",
                      "no root certificates of the system were found, only those of the "
                      "configuration are believed {} {}",
                      core::log::kv("directory", directory),
                      core::log::kv("file", file == nullptr ? X509_get_default_cert_file() : file));
   }
   has_system_roots_ = true;
   return true;
}

bool trust_store::apply_to(SSL_CTX* context) {
   if (!has_system_roots_ && !add_system_roots()) return false;
   SSL_CTX_set1_cert_store(context, store_.get());
   return true;
}

} // namespace fmcp::net
