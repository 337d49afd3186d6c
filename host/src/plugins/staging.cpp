#include "plugins/staging.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <dirent.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <unistd.h>

#include "core/safe_path.hpp"
#include "core/text.hpp"
#include "crypto/digest.hpp"

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;

constexpr std::size_t max_files = 1024;

std::string printable(std::string_view text) {
   std::string out;
   core::append_printable(out, text);
   return out;
}

/// Puts the file in front of a predicate.
std::unexpected<core::error> about(const std::string& file, core::error e) {
   e.message.insert(0, printable(file) + " ");
   return std::unexpected(std::move(e));
}

core::result<std::vector<std::string>> names_in(const std::string& directory) {
   auto opened = core::open_safely(
         directory, {.kind = core::path_policy::target::directory, .follow_links = true});
   if (!opened) return std::unexpected(opened.error());
   DIR* stream = ::fdopendir(opened->fd.get());
   if (stream == nullptr) {
      return fail(errc::io, fmt::format("{} cannot be listed: {}.", printable(directory),
                                        std::generic_category().message(errno)));
   }
   opened->fd.release(); // closedir closes it
   std::vector<std::string> out;
   while (const dirent* entry = ::readdir(stream)) {
      const std::string_view name(entry->d_name);
      if (name.ends_with(".so") && !name.starts_with('.')) out.emplace_back(name);
   }
   ::closedir(stream);
   std::ranges::sort(out);
   return out;
}

plugin_status problem(const std::string& file, state what, std::string reason) {
   plugin_status out;
   out.file = file;
   out.state = what;
   out.reason = std::move(reason);
   return out;
}

/// What is read from the file, and views into it; they hold when it is moved, since no file that
/// passes is short enough for a string to keep it inside itself.
struct image {
   std::string bytes;
   elf_image elf;
   elf_note note;
};

core::result<image> read_image(const candidate& c, const options& o) {
   auto opened = core::open_safely(c.real, {.max_bytes = o.max_file_bytes});
   if (!opened) return std::unexpected(opened.error());
   auto bytes = core::read_all(*opened, o.max_file_bytes);
   if (!bytes) return std::unexpected(bytes.error());
   image out;
   out.bytes = std::move(*bytes);
   auto elf = elf_image::parse(out.bytes);
   if (!elf) return about(c.file, std::move(elf.error()));
   out.elf = std::move(*elf);
   auto note = find_note(out.elf);
   if (!note) return about(c.file, std::move(note.error()));
   out.note = *note;
   return out;
}

/// Replaces $ORIGIN; whether there was one.
bool put_origin(std::string& directory, const std::string& origin) {
   bool was_there = false;
   for (const std::string_view word : {"${ORIGIN}", "$ORIGIN"}) {
      for (auto found = directory.find(word); found != std::string::npos;
           found = directory.find(word, found + origin.size())) {
         directory.replace(found, word.size(), origin);
         was_there = true;
      }
   }
   return was_there;
}

core::result<void> check_run_path(const std::string& given, const std::string& origin,
                                  const std::vector<std::string>& needed) {
   std::string directory = given;
   const bool is_origin = put_origin(directory, origin);
   if (!directory.starts_with('/') || directory.find('$') != std::string::npos) {
      return fail(errc::denied,
                  fmt::format("looks for libraries in \"{}\", which depends on where this process "
                              "was started; link it with an absolute run path or with none.",
                              printable(given)));
   }
   for (const auto& library : needed) {
      std::error_code ignored;
      if (!std::filesystem::exists(directory + "/" + library, ignored)) continue;
      if (is_origin) {
         return fail(errc::unsupported,
                     fmt::format("needs {} from its own directory ($ORIGIN), and libraries beside "
                                 "a plugin are not loaded, since nobody checked them; link it "
                                 "statically.",
                                 printable(library)));
      }
      const auto safe = core::open_safely(
            directory, {.kind = core::path_policy::target::directory, .follow_links = true});
      if (!safe) {
         return fail(errc::denied, fmt::format("needs {} from a directory that others control: {}",
                                               printable(library), safe.error().message));
      }
   }
   return {};
}

core::result<void> check_loadable(const candidate& c, const elf_lint& facts) {
   if (!facts.has_entry) {
      return fail(errc::invalid, "does not export fmcp_plugin_entry_v1; define it, or use "
                                 "FMCP_PLUGIN, and see that the linker keeps it.");
   }
   const std::string_view own = ::gnu_get_libc_version();
   if (is_later(facts.highest_glibc, own)) {
      return fail(errc::unsupported,
                  fmt::format("needs glibc {}, and this machine has {}; build it on an older "
                              "distribution.",
                              facts.highest_glibc, own));
   }
   return check_libraries(c, facts);
}

std::vector<std::string> warnings_about(const elf_lint& facts) {
   std::vector<std::string> out;
   if (facts.export_count > 1) {
      out.push_back(
            fmt::format("It exports {} symbols instead of one, which may collide with other "
                        "libraries; link with the SDK's version script (fmcp_add_plugin).",
                        facts.export_count));
   }
   if (facts.unique_count > 0) {
      out.push_back(fmt::format("{} of its symbols are GNU_UNIQUE: the file never unloads, and two "
                                "versions of it share data; link with the SDK's version script.",
                                facts.unique_count));
   }
   if (facts.never_unloads) {
      out.emplace_back("It never unloads (NODELETE), as everything that is written in Go.");
   }
   if (facts.has_static_tls) {
      out.emplace_back("It uses static thread-local storage, of which a process has little; build "
                       "it without -ftls-model=initial-exec.");
   }
   if (facts.has_executable_stack) {
      out.emplace_back("It asks for an executable stack, which the system then gives to the whole "
                       "process; link with -Wl,-z,noexecstack.");
   }
   if (facts.has_text_relocations) {
      out.emplace_back("It has text relocations: its code is writable while it is loaded; compile "
                       "with -fPIC.");
   }
   if (!facts.run_path.empty()) {
      out.push_back(fmt::format("It looks for libraries in {}; link statically what is not part of "
                                "the system.",
                                printable(facts.run_path)));
   }
   return out;
}

} // namespace

candidate resolve(const std::string& file) {
   std::error_code failed;
   const std::filesystem::path path(file);
   const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
   const auto real = std::filesystem::canonical(parent, failed);
   return {file, failed ? file : (real / path.filename()).string()};
}

std::string about_plugin(const std::string& file, std::string_view name,
                         std::string_view predicate) {
   return fmt::format("{} (plugin {}) {}", printable(file), name, predicate);
}

core::result<void> check_libraries(const candidate& c, const elf_lint& facts) {
   for (const auto& library : facts.needed) {
      if (library.find('/') == std::string::npos) continue;
      return fail(errc::denied,
                  fmt::format("needs {}, a path where a name is due, which the system would follow "
                              "unchecked; link that library with a soname, or statically.",
                              printable(library)));
   }
   if (facts.run_path.empty()) return {};
   const auto origin = std::filesystem::path(c.real).parent_path().string();
   for (std::size_t at = 0; at <= facts.run_path.size();) {
      const auto end = std::min(facts.run_path.find(':', at), facts.run_path.size());
      auto ok = check_run_path(facts.run_path.substr(at, end - at), origin, facts.needed);
      if (!ok) return ok;
      at = end + 1;
   }
   return {};
}

discovery discover(const options& o) {
   discovery out;
   const auto add = [&](candidate c) {
      const bool is_known = std::ranges::any_of(
            out.files, [&](const candidate& other) { return other.real == c.real; });
      if (!is_known && out.files.size() < max_files) out.files.push_back(std::move(c));
   };
   for (const auto& file : o.files) add(resolve(file));
   for (const auto& directory : o.directories) {
      const auto names = names_in(directory);
      if (!names) {
         out.problems.push_back(problem(
               directory, names.error().code == errc::not_found ? state::skipped : state::failed,
               names.error().message));
         continue;
      }
      for (const auto& name : *names) {
         if (out.files.size() >= max_files) {
            out.problems.push_back(
                  problem(directory, state::failed,
                          fmt::format("{} holds more than {} plugin files; the rest is not looked "
                                      "at.",
                                      printable(directory), max_files)));
            break;
         }
         add(resolve(directory + (directory.ends_with('/') ? "" : "/") + name));
      }
   }
   return out;
}

namespace {

/// The note's manifest, of an image that was read.
core::result<manifest> manifest_of(const image& read, const std::string& file) {
   if (auto ok = check_abi(read.note); !ok) return about(file, std::move(ok.error()));
   auto said = read_manifest(read.note.text);
   if (!said) return about(file, std::move(said.error()));
   return said;
}

} // namespace

core::result<manifest> read_about(const candidate& c, const options& o) {
   const auto read = read_image(c, o);
   if (!read) return std::unexpected(read.error());
   return manifest_of(*read, c.file);
}

core::result<staged> stage(const candidate& c, const options& o) {
   const auto read = read_image(c, o);
   if (!read) return std::unexpected(read.error());
   auto said = manifest_of(*read, c.file);
   if (!said) return std::unexpected(std::move(said.error()));
   const auto wrap = [&](core::error e) {
      e.message = about_plugin(c.file, said->name, e.message);
      return std::unexpected(std::move(e));
   };
   auto facts = lint(read->elf);
   if (!facts) return wrap(std::move(facts.error()));
   if (auto ok = check_loadable(c, *facts); !ok) return wrap(std::move(ok.error()));
   const auto name = std::filesystem::path(c.file).filename().string();
   auto code = sealed_copy::make(read->bytes, name);
   if (!code) return wrap(std::move(code.error()));
   return staged{c.file, std::move(*said), std::move(*facts), std::move(*code)};
}

core::result<file_facts> inspect(const std::string& path, const options& o) {
   const auto c = resolve(path);
   const auto read = read_image(c, o);
   if (!read) return std::unexpected(read.error());
   const auto said = manifest_of(*read, path);
   if (!said) return std::unexpected(said.error());
   auto facts = lint(read->elf);
   if (!facts) return about(path, std::move(facts.error()));

   file_facts out;
   out.file = path;
   out.sha256 = crypto::sha256_hex(read->bytes);
   out.bytes = read->bytes.size();
   out.machine = elf_image::machine_name(elf_image::own_machine());
   out.manifest_json = said->text;
   out.abi_major = read->note.major;
   out.abi_minor_built = read->note.minor_built;
   out.abi_minor_needed = read->note.minor_needed;
   out.warnings = warnings_about(*facts);
   if (auto ok = check_loadable(c, *facts); !ok) {
      out.warnings.insert(out.warnings.begin(), "It " + ok.error().message);
   }
   out.exports = std::move(facts->exports);
   out.export_count = facts->export_count;
   out.unique_count = facts->unique_count;
   out.needed = std::move(facts->needed);
   out.highest_glibc = std::move(facts->highest_glibc);
   return out;
}

} // namespace fmcp::plugins
