#pragma once

/// A loaded shared object. The only file that loads code; Boost.DLL stays behind it.

#include <memory>
#include <string>

#include <fmcp/abi.h>

#include "core/result.hpp"
#include "plugins/sealed_copy.hpp"

namespace fmcp::plugins {

/// Thread safety: none; `load` blocks in the loader's process-wide lock, and for as long as the
/// file's constructors take.
///
/// Lifetimes: destroying a module does not unload it. Code is unmapped only by unload(), which its
/// owner calls when nothing of the plugin can run any more.
class module {
public:
   /// Loads with rtld_now | rtld_local: a missing function must be an error here and not the end of
   /// the process at its first call, and no symbol may leak into another plugin.
   /// Errors: invalid, with the loader's own words; the message is a predicate.
   static core::result<module> load(sealed_copy file);

   module(module&&) noexcept;
   module& operator=(module&&) noexcept;
   ~module();

   /// The entry's data, or null when the file exports no entry of this major.
   [[nodiscard]] const fmcp_entry* entry() const;

   /// Unloads and says whether the code is really gone; dlclose() itself says 0 in any case. Code
   /// stays when it has GNU_UNIQUE symbols in use, thread-local destructors pending or NODELETE.
   [[nodiscard]] bool unload();

private:
   struct impl;
   explicit module(std::unique_ptr<impl> i) noexcept;
   std::unique_ptr<impl> impl_;
};

} // namespace fmcp::plugins
