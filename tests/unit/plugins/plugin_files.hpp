#pragma once

/// Built plugins as bytes, and ways to damage them.

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>
#include <fmcp/abi.h>

namespace fmcp::test {

/// The bytes of `tests/plugins/<name>.so`.
inline std::string built(std::string_view name) {
   const std::string path =
         std::string(FMCP_TEST_BINARY_DIR "/tests/plugins/").append(name) + ".so";
   std::ifstream in(path, std::ios::binary);
   if (!in) throw std::runtime_error(path + " is not built");
   return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
std::string with(std::string bytes, std::size_t at, T value) {
   std::memcpy(bytes.data() + at, &value, sizeof value);
   return bytes;
}

/// Replaces every `from` by `to`, which is as long.
inline std::string swapped(std::string bytes, std::string_view from, std::string_view to) {
   if (from.size() != to.size()) throw std::logic_error("lengths differ");
   std::size_t n = 0;
   for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1), ++n) {
      bytes.replace(at, from.size(), to);
   }
   if (n == 0) throw std::runtime_error("not found: " + std::string(from));
   return bytes;
}

/// Where the manifest note begins.
inline std::size_t note_at(const std::string& bytes) {
   const std::string_view name(FMCP_NOTE_NAME, sizeof FMCP_NOTE_NAME);
   const auto at = bytes.find(name);
   if (at == std::string::npos) throw std::runtime_error("no note");
   return at - 12;
}
constexpr std::size_t note_fixed = 12 + 8; // header and name; major, built, needed follow

/// Turns the program header of another type into a second PT_NOTE like the first.
inline std::string with_two_notes(std::string bytes) {
   Elf64_Ehdr header{};
   std::memcpy(&header, bytes.data(), sizeof header);
   const std::size_t note = note_at(bytes);
   std::vector<Elf64_Phdr> table(header.e_phnum);
   std::memcpy(table.data(), bytes.data() + header.e_phoff, table.size() * sizeof(Elf64_Phdr));
   Elf64_Phdr ours{};
   for (const auto& p : table) {
      if (p.p_type == PT_NOTE && note >= p.p_offset && note < p.p_offset + p.p_filesz) ours = p;
   }
   for (auto& p : table) {
      if (p.p_type == PT_GNU_STACK) p = ours;
   }
   std::memcpy(bytes.data() + header.e_phoff, table.data(), table.size() * sizeof(Elf64_Phdr));
   return bytes;
}

} // namespace fmcp::test
