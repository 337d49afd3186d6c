#include "plugins/elf_image.hpp"

#include <algorithm>
#include <cstring>

#include <fmcp/abi.h>
#include <fmt/format.h>

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;

constexpr std::size_t max_segments = 512;

/// Copies a struct out of bytes that need not be aligned.
template <class T>
T read(std::string_view at) noexcept {
   T out{};
   std::memcpy(&out, at.data(), sizeof out);
   return out;
}

std::unexpected<core::error> cut_off(std::uint64_t size, std::string_view what, std::uint64_t end) {
   return fail(errc::invalid,
               fmt::format("is cut off: it has {} bytes, but {} ends at byte {}; copy it again "
                           "under another name and move it into place.",
                           size, what, end));
}

/// The end of a range, or the largest number when it overflows: outside of any file in any case.
std::uint64_t end_of(std::uint64_t at, std::uint64_t size) noexcept {
   return at > UINT64_MAX - size ? UINT64_MAX : at + size;
}

core::result<Elf64_Ehdr> read_header(std::string_view bytes) {
   if (bytes.empty()) return fail(errc::invalid, "is empty; copy it again.");
   const auto magic = bytes.substr(0, SELFMAG);
   if (magic != std::string_view(ELFMAG, SELFMAG).substr(0, magic.size())) {
      return fail(errc::invalid, "is not an ELF file; a plugin is a shared object for Linux.");
   }
   if (bytes.size() < EI_NIDENT) return cut_off(bytes.size(), "its ELF header", sizeof(Elf64_Ehdr));
   if (bytes[EI_CLASS] != ELFCLASS64) {
      return fail(errc::unsupported,
                  "is a 32-bit file, and this host is a 64-bit process; build it for 64 bits.");
   }
   if (bytes[EI_DATA] != ELFDATA2LSB) {
      return fail(errc::unsupported, "is a big-endian file, and this host is little-endian; build "
                                     "it for this machine.");
   }
   if (bytes.size() < sizeof(Elf64_Ehdr)) {
      return cut_off(bytes.size(), "its ELF header", sizeof(Elf64_Ehdr));
   }
   const auto header = read<Elf64_Ehdr>(bytes);
   if (header.e_machine != elf_image::own_machine()) {
      return fail(errc::unsupported,
                  fmt::format("is for {}, and this host runs on {}; build it "
                              "for this machine.",
                              elf_image::machine_name(header.e_machine),
                              elf_image::machine_name(elf_image::own_machine())));
   }
   if (header.e_type != ET_DYN) {
      return fail(errc::invalid, fmt::format("is {}, not a shared object; link it with -shared.",
                                             header.e_type == ET_EXEC  ? "a program"
                                             : header.e_type == ET_REL ? "an object file"
                                                                       : "no library"));
   }
   if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT ||
       header.e_phentsize != sizeof(Elf64_Phdr)) {
      return fail(errc::invalid, "has a damaged ELF header; build or copy it again.");
   }
   return header;
}

} // namespace

core::result<elf_image> elf_image::parse(std::string_view bytes) {
   const auto header = read_header(bytes);
   if (!header) return std::unexpected(header.error());
   if (header->e_phnum == 0 || header->e_phnum > max_segments) {
      return fail(errc::invalid, fmt::format("has {} program headers, where 1 to {} are expected; "
                                             "build or copy it again.",
                                             header->e_phnum, max_segments));
   }
   elf_image image;
   image.bytes_ = bytes;
   const auto table = image.slice(header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr));
   if (!table) {
      return cut_off(bytes.size(), "its program header table",
                     end_of(header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr)));
   }
   bool has_load = false;
   for (std::size_t i = 0; i < header->e_phnum; ++i) {
      const auto p = read<Elf64_Phdr>(table->substr(i * sizeof(Elf64_Phdr)));
      if (!image.slice(p.p_offset, p.p_filesz)) {
         return cut_off(bytes.size(), fmt::format("segment {}", i), end_of(p.p_offset, p.p_filesz));
      }
      if (p.p_type == PT_LOAD) {
         has_load = true;
         if (p.p_memsz < p.p_filesz || end_of(p.p_vaddr, p.p_memsz) == UINT64_MAX) {
            return fail(errc::invalid, fmt::format("is damaged: segment {} does not fit the memory "
                                                   "that it asks for; build or copy it again.",
                                                   i));
         }
      }
      image.segments_.push_back(p);
   }
   if (!has_load) return fail(errc::invalid, "has nothing to load; build or copy it again.");
   // The table stands at the very end of most files, so it is what tells a half copied one.
   if (header->e_shnum != 0 || header->e_shoff != 0) {
      const std::uint64_t size = std::uint64_t{header->e_shnum} * header->e_shentsize;
      if (!image.slice(header->e_shoff, size)) {
         return cut_off(bytes.size(), "its section header table", end_of(header->e_shoff, size));
      }
   }
   return image;
}

std::optional<std::string_view> elf_image::slice(std::uint64_t at,
                                                 std::uint64_t size) const noexcept {
   if (at > bytes_.size() || size > bytes_.size() - at) return std::nullopt;
   return bytes_.substr(at, size);
}

std::optional<std::string_view> elf_image::mapped(std::uint64_t address) const noexcept {
   for (const auto& p : segments_) {
      if (p.p_type != PT_LOAD || address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz) continue;
      const std::uint64_t inside = address - p.p_vaddr;
      return slice(p.p_offset + inside, p.p_filesz - inside);
   }
   return std::nullopt;
}

std::string elf_image::machine_name(std::uint16_t machine) {
   switch (machine) {
   case EM_X86_64: return "x86-64";
   case EM_AARCH64: return "aarch64";
   case EM_RISCV: return "riscv64";
   case EM_PPC64: return "ppc64le";
   case EM_386: return "x86";
   case EM_ARM: return "arm";
   case EM_S390: return "s390x";
   case EM_LOONGARCH: return "loongarch64";
   default: return fmt::format("machine {}", machine);
   }
}

std::uint16_t elf_image::own_machine() noexcept {
#if defined(__x86_64__)
   return EM_X86_64;
#elif defined(__aarch64__)
   return EM_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
   return EM_RISCV;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
   return EM_PPC64;
#else
#error "this machine is not known to the plugin loader"
#endif
}

core::result<elf_note> find_note(const elf_image& image) {
   constexpr std::string_view own_name(FMCP_NOTE_NAME, sizeof FMCP_NOTE_NAME); // with its NUL
   constexpr std::size_t fixed = 4 * sizeof(std::uint32_t);
   std::optional<elf_note> found;
   for (const auto& p : image.segments()) {
      if (p.p_type != PT_NOTE) continue;
      const std::uint64_t align = p.p_align == 8 ? 8 : 4; // as ld.so reads it
      std::string_view rest = *image.slice(p.p_offset, p.p_filesz);
      while (rest.size() >= sizeof(Elf64_Nhdr)) {
         const auto head = read<Elf64_Nhdr>(rest);
         const std::uint64_t name_at = sizeof head;
         const std::uint64_t desc_at = (name_at + head.n_namesz + align - 1) / align * align;
         const std::uint64_t end = desc_at + head.n_descsz; // 32-bit sizes: cannot overflow
         if (end > rest.size()) {
            return fail(errc::invalid, "has a damaged note segment; build or copy it again.");
         }
         const auto name = rest.substr(name_at, head.n_namesz);
         if (head.n_type == FMCP_NOTE_TYPE && name == own_name) {
            if (head.n_descsz < fixed) {
               return fail(errc::invalid, "has a manifest note that is too short; write it with "
                                          "FMCP_MANIFEST.");
            }
            if (found) {
               return fail(errc::invalid, "has two manifest notes; use FMCP_MANIFEST in one source "
                                          "file only.");
            }
            elf_note note;
            note.major = read<std::uint32_t>(rest.substr(desc_at));
            note.minor_built = read<std::uint32_t>(rest.substr(desc_at + 4));
            note.minor_needed = read<std::uint32_t>(rest.substr(desc_at + 8));
            note.text = rest.substr(desc_at + fixed, head.n_descsz - fixed);
            while (note.text.ends_with('\0')) note.text.remove_suffix(1);
            found = note;
         }
         const std::uint64_t next = (end + align - 1) / align * align;
         rest.remove_prefix(std::min<std::uint64_t>(next, rest.size()));
      }
   }
   if (!found) {
      return fail(errc::invalid, "is not a plugin: it has no manifest note; add FMCP_MANIFEST to "
                                 "one of its source files.");
   }
   return *found;
}

} // namespace fmcp::plugins
