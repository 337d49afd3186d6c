#pragma once

/// Everything that happens to a plugin file before any of its code runs.

#include <string>
#include <vector>

#include "core/result.hpp"
#include "plugins/elf_image.hpp"
#include "plugins/host.hpp"
#include "plugins/manifest.hpp"
#include "plugins/sealed_copy.hpp"

namespace fmcp::plugins {

/// A file name as the operator gave it, and the same file without symbolic links on the way.
struct candidate {
   std::string file;
   std::string real;
   bool operator==(const candidate&) const = default;
};

struct discovery {
   std::vector<candidate> files;        ///< named ones, then each directory's, sorted by name
   std::vector<plugin_status> problems; ///< directories that could not be read or do not exist
};

/// The file without symbolic links in front of its last component, which must be none.
[[nodiscard]] candidate resolve(const std::string& file);

/// Lists the plugin files of `o`: `*.so` directly inside the directories, without hidden ones. A
/// file that is reached twice counts once.
[[nodiscard]] discovery discover(const options& o);

/// Where the system's loader would look for the libraries that a file needs: not relative to the
/// working directory, not beside the plugin, and in no directory that others may write.
/// Errors: denied, unsupported; the message is a predicate.
[[nodiscard]] core::result<void> check_libraries(const candidate& c, const elf_lint& facts);

/// A file that passed every check, in memory that nobody else can change.
struct staged {
   std::string file;
   manifest about;
   elf_lint facts;
   sealed_copy code;
};

/// Owner and mode, size, one read, ELF, note, ABI, manifest.
/// Errors: each names the file, what is wrong with it and what to do.
[[nodiscard]] core::result<manifest> read_about(const candidate& c, const options& o);

/// The same, then dynamic section and sealed copy.
[[nodiscard]] core::result<staged> stage(const candidate& c, const options& o);

/// Puts file and plugin in front of a predicate.
[[nodiscard]] std::string about_plugin(const std::string& file, std::string_view name,
                                       std::string_view predicate);

} // namespace fmcp::plugins
