#include "plugins/elf_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/plugins/plugin_files.hpp"

namespace fmcp::plugins {
namespace {

using test::built;
using test::with;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;

std::string complaint(const std::string& bytes) {
   const auto image = elf_image::parse(bytes);
   if (!image) return image.error().message;
   const auto note = find_note(*image);
   if (!note) return note.error().message;
   const auto facts = lint(*image);
   return facts ? "" : facts.error().message;
}

TEST(ElfImage, AcceptsAPluginAndFindsItsManifest) {
   const auto bytes = built("echo");
   const auto image = elf_image::parse(bytes);
   ASSERT_TRUE(image) << image.error().message;
   const auto note = find_note(*image);
   ASSERT_TRUE(note) << note.error().message;
   EXPECT_EQ(note->major, FMCP_ABI_MAJOR);
   EXPECT_EQ(note->minor_needed, 0u);
   EXPECT_THAT(std::string(note->text), testing::StartsWith("{"));
   EXPECT_THAT(std::string(note->text), testing::EndsWith("}"));
}

// A file that is still being copied would kill the process inside the loader.
TEST(ElfImage, RefusesEveryCut) {
   const auto whole = built("echo");
   for (std::size_t size = 0; size < whole.size(); size += size < 4096 ? 1 : 61) {
      EXPECT_THAT(complaint(whole.substr(0, size)), AnyOf(HasSubstr("cut off"), HasSubstr("empty")))
            << size << " of " << whole.size();
   }
   EXPECT_THAT(complaint(whole.substr(0, whole.size() - 1)), HasSubstr("section header table"));
   EXPECT_EQ(complaint(whole), "");
}

TEST(ElfImage, RefusesEveryCutWithoutSectionHeaders) {
   auto whole = with<std::uint64_t>(built("echo"), offsetof(Elf64_Ehdr, e_shoff), 0);
   whole = with<std::uint16_t>(whole, offsetof(Elf64_Ehdr, e_shnum), 0);
   ASSERT_EQ(complaint(whole), "");
   const auto image = elf_image::parse(whole);
   std::uint64_t end = 0;
   for (const auto& p : image->segments()) end = std::max(end, p.p_offset + p.p_filesz);
   EXPECT_EQ(complaint(whole.substr(0, end)), "");
   for (std::size_t size = 0; size < end; size += size < 4096 ? 1 : 61) {
      EXPECT_NE(complaint(whole.substr(0, size)), "") << size;
   }
}

TEST(ElfImage, SaysWhatIsWrongWithAHeader) {
   const auto good = built("echo");
   EXPECT_THAT(complaint("#!/bin/sh\nexit 0\n"), HasSubstr("not an ELF file"));
   EXPECT_THAT(complaint(with(good, 0, 'X')), HasSubstr("not an ELF file"));
   EXPECT_THAT(complaint(with<char>(good, EI_CLASS, ELFCLASS32)), HasSubstr("32-bit"));
   EXPECT_THAT(complaint(with<char>(good, EI_DATA, ELFDATA2MSB)), HasSubstr("big-endian"));
   const auto machine = offsetof(Elf64_Ehdr, e_machine);
   const std::uint16_t other = elf_image::own_machine() == EM_X86_64 ? EM_AARCH64 : EM_X86_64;
   EXPECT_THAT(complaint(with(good, machine, other)),
               AllOf(HasSubstr("is for " + elf_image::machine_name(other)),
                     HasSubstr(elf_image::machine_name(elf_image::own_machine()))));
   const auto type = offsetof(Elf64_Ehdr, e_type);
   EXPECT_THAT(complaint(with<std::uint16_t>(good, type, ET_EXEC)), HasSubstr("is a program"));
   EXPECT_THAT(complaint(with<std::uint16_t>(good, type, ET_REL)), HasSubstr("is an object file"));
   EXPECT_THAT(complaint(with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_phentsize), 8)),
               HasSubstr("damaged ELF header"));
   EXPECT_THAT(complaint(with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_phnum), 0)),
               HasSubstr("0 program headers"));
   EXPECT_THAT(complaint(with<std::uint64_t>(good, offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 7)),
               HasSubstr("cut off"));
   EXPECT_THAT(complaint(with<std::uint64_t>(good, offsetof(Elf64_Ehdr, e_shoff), UINT64_MAX)),
               HasSubstr("cut off"));
}

TEST(ElfImage, NeedsExactlyOneNote) {
   const auto good = built("echo");
   EXPECT_THAT(complaint(test::swapped(good, FMCP_NOTE_NAME, "XMCPPL")), HasSubstr("no manifest"));
   EXPECT_THAT(complaint(test::with_two_notes(good)), HasSubstr("two manifest notes"));
}

TEST(ElfImage, RefusesANoteThatReachesBeyondItsSegment) {
   const auto good = built("echo");
   const auto at = test::note_at(good);
   EXPECT_THAT(complaint(with<std::uint32_t>(good, at, 0xfffffff0)), HasSubstr("damaged note"));
   EXPECT_THAT(complaint(with<std::uint32_t>(good, at + 4, 0xfffffff0)), HasSubstr("damaged note"));
   EXPECT_THAT(complaint(with<std::uint32_t>(good, at + 4, 8)), HasSubstr("too short"));
}

// Whatever a byte of the headers says, the reader stays inside the file (asan watches).
TEST(ElfImage, SurvivesEveryDamagedHeaderByte) {
   const auto good = built("echo");
   const auto image = elf_image::parse(good);
   std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges{
         {0, sizeof(Elf64_Ehdr) + image->segments().size() * sizeof(Elf64_Phdr)}};
   for (const auto& p : image->segments()) {
      if (p.p_type == PT_NOTE || p.p_type == PT_DYNAMIC) {
         ranges.emplace_back(p.p_offset, p.p_filesz);
      }
   }
   std::size_t refused = 0;
   for (const auto& [from, size] : ranges) {
      for (auto at = from; at < from + size; ++at) {
         for (const int bits : {0x01, 0x40, 0x80, 0xff}) {
            refused +=
                  complaint(with(good, at, static_cast<char>(good[at] ^ bits))).empty() ? 0 : 1;
         }
      }
   }
   EXPECT_GT(refused, 100u);
}

TEST(Lint, TellsACleanPluginFromACarelessOne) {
   const auto clean_bytes = built("echo"), careless_bytes = built("unit/unique");
   const auto clean = lint(*elf_image::parse(clean_bytes));
   ASSERT_TRUE(clean);
   EXPECT_TRUE(clean->has_entry);
   EXPECT_THAT(clean->exports, Contains("fmcp_plugin_entry_v1"));
   EXPECT_EQ(clean->unique_count, 0u);
   EXPECT_FALSE(clean->has_executable_stack);
   EXPECT_FALSE(clean->has_text_relocations);
   EXPECT_FALSE(clean->never_unloads);
   EXPECT_THAT(clean->needed, Contains("libc.so.6"));
   EXPECT_THAT(clean->highest_glibc, HasSubstr("2."));

   const auto careless = lint(*elf_image::parse(careless_bytes));
   ASSERT_TRUE(careless);
   EXPECT_GT(careless->unique_count, 0u);
   EXPECT_GT(careless->export_count, 1u);
   EXPECT_TRUE(careless->never_unloads);
}

} // namespace
} // namespace fmcp::plugins
