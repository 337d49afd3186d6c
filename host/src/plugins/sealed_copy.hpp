#pragma once

/// A private copy of a plugin's bytes that nobody can change any more.
///
/// What was hashed and checked is what gets loaded, since it is the same memory; and the file in
/// the directory may be overwritten, cut or deleted afterwards without harm to the process. Loading
/// the original instead means SIGBUS when it is cut, and new code under old data when it is
/// overwritten.
///
/// The loader recognises files by name and by inode, and answers with the *old* code when it has
/// seen one before. So no copy ever has the name of an earlier one.
///
/// Thread safety: `make` may be called from any thread.

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/safe_path.hpp"

namespace fmcp::plugins {

class sealed_copy {
public:
   enum class place : std::uint8_t {
      anywhere, ///< a sealed memory file, or where the system forbids those, a private directory
      directory ///< a private directory at once
   };

   /// `label` is a short name that shows up in memory maps. Errors: io.
   static core::result<sealed_copy> make(std::string_view bytes, std::string_view label,
                                         place where = place::anywhere);
   sealed_copy(sealed_copy&& other) noexcept;
   sealed_copy& operator=(sealed_copy&& other) noexcept;
   /// Removes the name. What was loaded from it stays.
   ~sealed_copy();

   /// For dlopen. Never the same twice in the life of the process.
   [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
   sealed_copy() = default;
   static core::result<sealed_copy> in_memory(std::string_view bytes, std::string_view label);
   static core::result<sealed_copy> in_directory(std::string_view bytes, std::string_view label);
   core::unique_fd fd_;
   std::string path_;
   bool is_file_ = false;
};

} // namespace fmcp::plugins
