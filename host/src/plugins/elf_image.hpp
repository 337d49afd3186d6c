#pragma once

/// A bounded reader of ELF files: what is known of a plugin before any of its code runs.
///
/// Why our own: the loader is killed by SIGBUS when a file ends before its own headers say so, and
/// Boost.DLL neither reads a section's content nor checks a bound. Every offset that comes from the
/// file is checked against the file before it is followed, and every loop has an end that the size
/// of the file sets.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>

#include "core/result.hpp"

namespace fmcp::plugins {

/// One file, held in memory by the caller. All views point into those bytes.
class elf_image {
public:
   /// Accepts a complete, little-endian, 64-bit shared object for this machine. Complete means that
   /// each program header's bytes and the section header table lie inside the file.
   /// Errors: invalid (no ELF file, cut off, not a shared object), unsupported (for another class,
   /// byte order or machine). The message is a predicate: "is cut off: …".
   static core::result<elf_image> parse(std::string_view bytes);

   [[nodiscard]] const std::vector<Elf64_Phdr>& segments() const noexcept { return segments_; }
   [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
   /// `size` bytes at file offset `at`, or nothing when they are not all there.
   [[nodiscard]] std::optional<std::string_view> slice(std::uint64_t at,
                                                       std::uint64_t size) const noexcept;
   /// The bytes that will be mapped at virtual address `address`, up to the end of their segment.
   [[nodiscard]] std::optional<std::string_view> mapped(std::uint64_t address) const noexcept;

   /// The name of a machine for people: `x86-64`.
   [[nodiscard]] static std::string machine_name(std::uint16_t machine);
   /// What this program was built for.
   [[nodiscard]] static std::uint16_t own_machine() noexcept;

private:
   std::string_view bytes_;
   std::vector<Elf64_Phdr> segments_;
};

/// The manifest's note (`<fmcp/abi.h>`, FMCP_MANIFEST).
struct elf_note {
   std::uint32_t major = 0, minor_built = 0, minor_needed = 0;
   std::string_view text; ///< the JSON without its padding, unchecked
};

/// Finds the one note of ours among the PT_NOTE segments. Errors: invalid (none, two, malformed).
[[nodiscard]] core::result<elf_note> find_note(const elf_image& image);

/// What the dynamic section tells about the file's behaviour once loaded.
struct elf_lint {
   std::vector<std::string> exports; ///< at most 32 names
   std::size_t export_count = 0;
   std::size_t unique_count = 0; ///< GNU_UNIQUE: pins the file in memory
   std::vector<std::string> needed;
   std::string run_path;      ///< DT_RUNPATH, else DT_RPATH
   std::string highest_glibc; ///< `2.34`, or empty
   std::uint64_t tls_bytes = 0;
   std::uint64_t constructors = 0;
   bool has_text_relocations = false;
   bool has_static_tls = false;
   bool has_executable_stack = false;
   bool never_unloads = false; ///< DF_1_NODELETE
   bool has_entry = false;     ///< exports fmcp_plugin_entry_v1
};

/// Whether version `a` is later than `b`: `2.34` is later than `2.4`.
[[nodiscard]] bool is_later(std::string_view a, std::string_view b) noexcept;

/// Reads the dynamic section. Errors: invalid (there is none, or it points outside the file).
[[nodiscard]] core::result<elf_lint> lint(const elf_image& image);

} // namespace fmcp::plugins
