#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "plugins/elf_image.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::size_t max_listed_exports = 32;
constexpr std::string_view entry_symbol = "fmcp_plugin_entry_v1";

template <class T>
std::optional<T> read(std::string_view from, std::uint64_t at) noexcept {
   if (at > from.size() || from.size() - at < sizeof(T)) return std::nullopt;
   T out{};
   std::memcpy(&out, from.data() + at, sizeof out);
   return out;
}

std::unexpected<core::error> damaged(std::string_view what) {
   return core::fail(core::errc::invalid, "has a damaged dynamic section (" + std::string(what) +
                                                "); build or copy it again.");
}

/// The dynamic section's addresses and flags, by tag.
struct dynamic_table {
   std::uint64_t strings = 0, strings_size = 0, symbols = 0, hash = 0, gnu_hash = 0;
   std::uint64_t version_needs = 0, version_needs_count = 0, constructors_size = 0;
   std::uint64_t flags = 0, flags_1 = 0;
   std::optional<std::uint64_t> run_path, old_run_path;
   std::vector<std::uint64_t> needed;
   bool has_text_relocations = false;
};

core::result<dynamic_table> read_dynamic(const elf_image& image) {
   const auto segment = std::ranges::find(image.segments(), PT_DYNAMIC, &Elf64_Phdr::p_type);
   if (segment == image.segments().end()) return damaged("it is missing");
   const auto bytes = *image.slice(segment->p_offset, segment->p_filesz);
   dynamic_table t;
   for (std::uint64_t at = 0;; at += sizeof(Elf64_Dyn)) {
      const auto entry = read<Elf64_Dyn>(bytes, at);
      if (!entry || entry->d_tag == DT_NULL) return t;
      const auto v = entry->d_un.d_val;
      switch (entry->d_tag) {
      case DT_STRTAB: t.strings = v; break;
      case DT_STRSZ: t.strings_size = v; break;
      case DT_SYMTAB: t.symbols = v; break;
      case DT_HASH: t.hash = v; break;
      case DT_GNU_HASH: t.gnu_hash = v; break;
      case DT_VERNEED: t.version_needs = v; break;
      case DT_VERNEEDNUM: t.version_needs_count = v; break;
      case DT_INIT_ARRAYSZ: t.constructors_size = v; break;
      case DT_FLAGS: t.flags = v; break;
      case DT_FLAGS_1: t.flags_1 = v; break;
      case DT_TEXTREL: t.has_text_relocations = true; break;
      case DT_RUNPATH: t.run_path = v; break;
      case DT_RPATH: t.old_run_path = v; break;
      case DT_NEEDED: t.needed.push_back(v); break;
      default: break;
      }
   }
}

/// The string table; its strings end inside it or are not there.
class string_table {
public:
   explicit string_table(std::string_view bytes) : bytes_(bytes) {}
   [[nodiscard]] std::string_view at(std::uint64_t offset) const noexcept {
      if (offset >= bytes_.size()) return {};
      const auto rest = bytes_.substr(offset);
      const auto end = rest.find('\0');
      return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
   }

private:
   std::string_view bytes_;
};

/// How many entries the symbol table has. The dynamic section does not say; the hash tables do.
std::optional<std::uint64_t> symbol_count(const elf_image& image, const dynamic_table& t) {
   if (t.hash != 0) {
      const auto table = image.mapped(t.hash);
      const auto chains = table ? read<std::uint32_t>(*table, 4) : std::nullopt;
      if (!chains) return std::nullopt;
      return *chains;
   }
   if (t.gnu_hash == 0) return 0;
   const auto table = image.mapped(t.gnu_hash);
   if (!table) return std::nullopt;
   const auto buckets = read<std::uint32_t>(*table, 0), first = read<std::uint32_t>(*table, 4),
              bloom = read<std::uint32_t>(*table, 8);
   if (!buckets || !first || !bloom) return std::nullopt;
   const std::uint64_t buckets_at = 16 + std::uint64_t{*bloom} * 8;
   const std::uint64_t chains_at = buckets_at + std::uint64_t{*buckets} * 4;
   std::uint32_t last = 0;
   for (std::uint64_t i = 0; i < *buckets; ++i) {
      const auto b = read<std::uint32_t>(*table, buckets_at + i * 4);
      if (!b) return std::nullopt;
      last = std::max(last, *b);
   }
   if (last < *first) return *first;
   for (;; ++last) {
      const auto link = read<std::uint32_t>(*table, chains_at + std::uint64_t{last - *first} * 4);
      if (!link) return std::nullopt;
      if ((*link & 1u) != 0) return std::uint64_t{last} + 1;
   }
}

bool read_version_needs(const elf_image& image, const dynamic_table& t, const string_table& strings,
                        std::string& highest) {
   constexpr std::string_view prefix = "GLIBC_";
   if (t.version_needs == 0) return true;
   const auto table = image.mapped(t.version_needs);
   if (!table) return false;
   std::uint64_t at = 0;
   std::uint64_t steps = table->size() / sizeof(Elf64_Vernaux); // no more can fit
   for (std::uint64_t i = 0; i < t.version_needs_count; ++i) {
      const auto need = read<Elf64_Verneed>(*table, at);
      if (!need) return false;
      std::uint64_t aux_at = at + need->vn_aux;
      for (unsigned k = 0; k < need->vn_cnt; ++k) {
         const auto aux = read<Elf64_Vernaux>(*table, aux_at);
         if (!aux || steps-- == 0) return false;
         auto name = strings.at(aux->vna_name);
         if (name.starts_with(prefix)) {
            name.remove_prefix(prefix.size());
            if (is_later(name, highest)) highest = name;
         }
         if (aux->vna_next == 0) break;
         aux_at += aux->vna_next;
      }
      if (need->vn_next == 0) break;
      at += need->vn_next;
   }
   return true;
}

bool read_symbols(const elf_image& image, const dynamic_table& t, const string_table& strings,
                  elf_lint& out) {
   const auto count = symbol_count(image, t);
   if (!count) return false;
   if (*count == 0 || t.symbols == 0) return true;
   const auto table = image.mapped(t.symbols);
   if (!table) return false;
   for (std::uint64_t i = 1; i < *count; ++i) {
      const auto symbol = read<Elf64_Sym>(*table, i * sizeof(Elf64_Sym));
      if (!symbol) return false;
      const auto bind = ELF64_ST_BIND(symbol->st_info);
      const auto visibility = ELF64_ST_VISIBILITY(symbol->st_other);
      if (symbol->st_shndx == SHN_UNDEF || bind == STB_LOCAL || visibility == STV_HIDDEN ||
          visibility == STV_INTERNAL)
         continue;
      const auto name = strings.at(symbol->st_name);
      if (name.empty()) continue;
      ++out.export_count;
      if (bind == STB_GNU_UNIQUE) ++out.unique_count;
      if (name == entry_symbol) out.has_entry = true;
      if (out.exports.size() < max_listed_exports) out.exports.emplace_back(name);
   }
   return true;
}

} // namespace

bool is_later(std::string_view a, std::string_view b) noexcept {
   const auto parts = [](std::string_view text) {
      std::array<unsigned, 3> out{};
      for (auto& part : out) {
         const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), part);
         if (failed != std::errc()) break;
         text.remove_prefix(static_cast<std::size_t>(end - text.data()));
         if (!text.starts_with('.')) break;
         text.remove_prefix(1);
      }
      return out;
   };
   return parts(a) > parts(b);
}

core::result<elf_lint> lint(const elf_image& image) {
   const auto t = read_dynamic(image);
   if (!t) return std::unexpected(t.error());
   const auto string_bytes = image.mapped(t->strings);
   if (!string_bytes || t->strings_size > string_bytes->size()) return damaged("no string table");
   const string_table strings(string_bytes->substr(0, t->strings_size));

   elf_lint out;
   for (const auto offset : t->needed) {
      const auto name = strings.at(offset);
      if (name.empty()) return damaged("a needed library without a name");
      out.needed.emplace_back(name);
   }
   if (const auto& path = t->run_path ? t->run_path : t->old_run_path) {
      out.run_path = strings.at(*path);
   }
   if (!read_symbols(image, *t, strings, out)) return damaged("its symbol table");
   if (!read_version_needs(image, *t, strings, out.highest_glibc)) {
      return damaged("its version needs");
   }
   out.has_text_relocations = t->has_text_relocations || (t->flags & DF_TEXTREL) != 0;
   out.has_static_tls = (t->flags & DF_STATIC_TLS) != 0;
   out.never_unloads = (t->flags_1 & DF_1_NODELETE) != 0;
   out.constructors = t->constructors_size / sizeof(std::uint64_t);
   bool states_stack = false;
   for (const auto& p : image.segments()) {
      if (p.p_type == PT_TLS) out.tls_bytes = p.p_memsz;
      if (p.p_type == PT_GNU_STACK) {
         states_stack = true;
         out.has_executable_stack = (p.p_flags & PF_X) != 0;
      }
   }
   // A file that says nothing gets an executable stack on this machine.
   if (!states_stack && elf_image::own_machine() == EM_X86_64) out.has_executable_stack = true;
   return out;
}

} // namespace fmcp::plugins
