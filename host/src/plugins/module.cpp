#include "plugins/module.hpp"

#include <mutex>
#include <utility>
#include <vector>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include "core/text.hpp"

namespace fmcp::plugins {
namespace {

/// Whether the loader still knows an object of this name. dlopen(RTLD_NOLOAD) would take a
/// reference.
bool is_mapped(const std::string& path) {
   struct question {
      const std::string& path;
      bool found;
   } q{path, false};
   ::dl_iterate_phdr(
         [](dl_phdr_info* info, std::size_t, void* data) {
            auto& asked = *static_cast<question*>(data);
            asked.found = asked.found || asked.path == info->dlpi_name;
            return asked.found ? 1 : 0;
         },
         &q);
   return q.found;
}

} // namespace

struct module::impl {
   boost::dll::shared_library library;
   std::string path;
   const fmcp_entry* (*entry)() = nullptr;
};

module::module(std::unique_ptr<impl> i) noexcept :impl_(std::move(i)) {}
module::module(module&&) noexcept = default;
module& module::operator=(module&&) noexcept = default;

module::~module() {
   if (!impl_ || !impl_->library.is_loaded()) return;
   // Kept for the life of the process, and reachable so that leak checkers understand it.
   static std::mutex guard;
   static auto& kept = *new std::vector<std::unique_ptr<impl>>;
   const std::lock_guard lock(guard);
   kept.push_back(std::move(impl_));
}

core::result<module> module::load(sealed_copy file) {
   auto loaded = std::make_unique<impl>();
   loaded->path = file.path();
   boost::dll::fs::error_code failed;
   loaded->library.load(
         file.path(), boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, failed);
   if (failed) {
      const char* why = ::dlerror(); // the one and only chance to ask
      std::string text = why != nullptr ? why : failed.message();
      // The private copy's name means nothing to the operator.
      if (const auto prefix = file.path() + ": "; text.starts_with(prefix)) {
         text.erase(0, prefix.size());
      }
      std::string shown;
      core::append_printable(shown, text);
      return core::fail(core::errc::invalid,
                        fmt::format("could not be loaded: {}. Link what is missing into the plugin "
                                    "or install it, and build with -Wl,-z,defs to see this when "
                                    "linking.",
                                    shown));
   }
   // Looked up here, since that takes the loader's lock as well, which the next file's constructors
   // may keep.
   constexpr const char* name = "fmcp_plugin_entry_v1";
   if (loaded->library.has(name)) {
      loaded->entry = loaded->library.get<const fmcp_entry*()>(name);
   }
   return module(std::move(loaded));
}

const fmcp_entry* module::entry() const {
   return impl_->entry ? impl_->entry() : nullptr;
}

bool module::unload() {
   impl_->library.unload();
   return !is_mapped(impl_->path);
}

} // namespace fmcp::plugins
