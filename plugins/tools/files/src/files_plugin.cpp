// Tools for reading what is below a few granted directories: list, read, search. Nothing is
// written.

#include <sys/types.h>
#include <unistd.h>

#include <fcntl.h>

#include <ctime>

#include <fmcp/cpp/plugin.hpp>

#include "glob.hpp"
#include "roots.hpp"
#include "text.hpp"
#include "walk.hpp"

namespace files {
inline fmcp::enum_names<entry_kind> describe(entry_kind) {
   return {{entry_kind::file, "file"},
           {entry_kind::directory, "directory"},
           {entry_kind::link, "link"},
           {entry_kind::other, "other"}};
}
} // namespace files

namespace {

using files::entry_kind;
using files::file_error;
using files::located;
using files::root_set;
using files::walk_end;

constexpr int deepest = 32;
constexpr std::uint64_t scan_for_lines = 256u << 20;
constexpr std::size_t looked_at_for_text = 8192;

struct options {
   std::vector<std::string> roots;
   bool hidden = false;
   std::uint64_t max_read = 0;
   std::uint64_t max_search_file = 0;
   std::chrono::milliseconds search_time{};
   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("roots", &options::roots,
                          "Directories that clients may read, as /path or name=/path; without one "
                          "there are no tools")
                  .at_most("64"),
            fmcp::setting("hidden", &options::hidden, "Also serve names that begin with a dot")
                  .otherwise("no"),
            fmcp::setting("max_read", &options::max_read, "Most bytes that one read returns")
                  .size()
                  .otherwise("256KiB")
                  .at_least("1KiB")
                  .at_most("16MiB"),
            fmcp::setting("max_search_file", &options::max_search_file,
                          "Larger files are not searched for text")
                  .size()
                  .otherwise("8MiB")
                  .at_most("256MiB"),
            fmcp::setting("search_time", &options::search_time,
                          "A search stops after this time and answers with what it has")
                  .otherwise("10s")
                  .at_least("100ms")
                  .at_most("5m"));
   }
};

// ---- what comes in ----

struct list_in {
   std::string path, pattern;
   int depth = 1, limit = 500;
   void describe(fmcp::fields& f) {
      f("path", path, "A directory such as docs or docs/plans; left out: the roots").optional();
      f("depth", depth, "1: its own entries, 2: also theirs …").range(1, deepest).optional();
      f("pattern", pattern,
        "Only names like this: *.md, or docs/**/*.md for whole paths; ? is one character, [a-z] "
        "one of a set")
            .length(0, 256)
            .optional();
      f("limit", limit, "How many entries to list at most").range(1, 5000).optional();
   }
};

struct read_in {
   std::string path;
   std::uint64_t start_line = 1;
   std::optional<std::uint64_t> lines;
   void describe(fmcp::fields& f) {
      f("path", path, "A file such as docs/plan.md").length(1, 4096);
      f("start_line", start_line, "The first line to read, from 1; of texts only")
            .at_least(1)
            .optional();
      f("lines", lines, "How many lines; left out: as many as one answer may hold").at_least(1);
   }
};

struct search_in {
   std::string path, pattern, text;
   bool ignore_case = true;
   int limit = 100;
   void describe(fmcp::fields& f) {
      f("path", path, "The directory to search in; left out: all roots").optional();
      f("pattern", pattern,
        "Only files with names like this: *.cpp, or docs/**/*.md for whole paths")
            .length(0, 256)
            .optional();
      f("text", text,
        "What must stand in a line of the file, literally; left out: search for names only")
            .length(0, 256)
            .optional();
      f("ignore_case", ignore_case, "Whether a matches A in `text`, for the letters a to z")
            .optional();
      f("limit", limit, "How many matches to return at most").range(1, 1000).optional();
   }
};

// ---- what goes out ----

std::string utc(std::int64_t seconds) {
   const std::time_t t = seconds;
   std::tm tm{};
   char room[32] = "";
   if (::gmtime_r(&t, &tm) != nullptr) std::strftime(room, sizeof room, "%Y-%m-%dT%H:%M:%SZ", &tm);
   return room;
}

struct listed {
   std::string path;
   entry_kind kind = entry_kind::file;
   std::optional<std::uint64_t> size;
   std::string modified;
   void describe(fmcp::fields& f) {
      f("path", path);
      f("kind", kind, "Links are not followed when listing");
      f("size", size, "In bytes, of files");
      f("modified", modified, "UTC");
   }
   static listed of(std::string path, const files::file_status& s) {
      listed out;
      out.path = std::move(path);
      out.kind = s.kind;
      if (s.kind == entry_kind::file) out.size = s.size;
      out.modified = utc(s.modified);
      return out;
   }
};

struct list_out {
   std::vector<listed> entries;
   std::optional<std::string> incomplete;
   void describe(fmcp::fields& f) {
      f("entries", entries);
      f("incomplete", incomplete, "Present when there is more than was listed, and tells why");
   }
};

struct read_out {
   std::string path, mime;
   std::uint64_t size = 0;
   bool is_text = true;
   std::optional<std::string> text;
   std::optional<std::uint64_t> first_line, last_line, total_lines, next_line;
   std::optional<bool> is_cut;
   void describe(fmcp::fields& f) {
      f("path", path);
      f("mime", mime);
      f("size", size, "Of the whole file, in bytes");
      f("is_text", is_text, "False: the bytes are in the content block");
      f("text", text);
      f("first_line", first_line);
      f("last_line", last_line);
      f("total_lines", total_lines, "Present when the end was reached");
      f("next_line", next_line, "Present when there is more: continue with start_line here");
      f("is_cut", is_cut, "Present when the last line was too long to be read whole");
   }
};

struct match {
   std::string path;
   std::optional<std::uint64_t> line;
   std::optional<std::string> text;
   void describe(fmcp::fields& f) {
      f("path", path);
      f("line", line);
      f("text", text, "The line, or what is around the match in a long one");
   }
};

struct search_out {
   std::vector<match> matches;
   std::uint64_t files_searched = 0, files_skipped = 0;
   std::optional<std::string> incomplete;
   void describe(fmcp::fields& f) {
      f("matches", matches);
      f("files_searched", files_searched);
      f("files_skipped", files_skipped, "Too large, binary, or not readable");
      f("incomplete", incomplete, "Present when there may be more, and tells why");
   }
};

// ---- the tools ----

class files_plugin : public fmcp::plugin_with<options> {
public:
   files_plugin() : roots_(open_roots(settings())) {
      if (roots_.names().empty()) {
         log(fmcp::level::warn, "No tools: set FASTMCP_PLUGIN_FILES_ROOTS to the directories that "
                                "clients may read, for example docs=/srv/documents");
         return;
      }
      add(about(fmcp::tool("list_files",
                           "Lists files and directories. Without a path it tells the roots; all "
                           "other paths begin with one of them.",
                           [this](const list_in& in, fmcp::call& c) { return list(in, c); }))
                .title("List files"));
      add(about(fmcp::tool("read_file",
                           "Reads a file: the text of some or all of its lines, or the bytes of a "
                           "binary file. A long text comes in parts, see next_line.",
                           [this](const read_in& in) { return read(in); }))
                .title("Read a file"));
      add(about(fmcp::tool("search_files",
                           "Finds files by name, by what stands in them, or by both, and gives the "
                           "lines that match.",
                           [this](const search_in& in, fmcp::call& c) { return search(in, c); }))
                .title("Search files")
                .max_concurrency(4));
   }

private:
   static fmcp::tool about(fmcp::tool t) { return t.read_only().open_world(false); }

   static root_set open_roots(const options& o) {
      try {
         return {o.roots, o.hidden};
      } catch (const std::exception& e) {
         throw fmcp::setting_error("The setting roots cannot be used: " + std::string(e.what()));
      }
   }

   /// Runs `f`; what the files say is for the model.
   template <class F>
   static auto for_model(F&& f) {
      try {
         return f();
      } catch (const file_error& e) {
         throw fmcp::tool_error(e.what());
      }
   }

   static std::optional<std::string> why(walk_end end, int limit) {
      switch (end) {
      case walk_end::complete: return std::nullopt;
      case walk_end::stopped:
         return "There are more than the limit of " + std::to_string(limit) + ".";
      case walk_end::too_many: return "There are too many entries to look at all of them.";
      case walk_end::too_long: return "The time for it was over.";
      }
      return std::nullopt;
   }

   files::walk_limits limits(int depth) const {
      files::walk_limits out;
      out.depth = depth;
      out.show_hidden = roots_.allows_hidden();
      out.until = std::chrono::steady_clock::now() + settings().search_time;
      return out;
   }

   /// The roots that a path means: itself, or all of them.
   std::vector<located> starts(const std::string& path) const {
      if (!path.empty() && path != "/" && path != ".") return {roots_.locate(path)};
      std::vector<located> out;
      for (const auto& name : roots_.names()) out.push_back(roots_.locate(name));
      return out;
   }

   list_out list(const list_in& in, fmcp::call& call) const {
      return for_model([&] {
         list_out out;
         const bool is_top = in.path.empty() || in.path == "/" || in.path == ".";
         const auto most = static_cast<std::size_t>(in.limit);
         for (const auto& at : starts(in.path)) {
            if (is_top) {
               if (out.entries.size() == most) {
                  out.incomplete = why(walk_end::stopped, in.limit);
                  break;
               }
               if (in.pattern.empty() || files::matches_glob(in.pattern, at.shown)) {
                  out.entries.push_back(listed::of(at.shown, roots_.status(at)));
               }
               if (in.depth == 1) continue;
            }
            const auto end = files::walk(
                  roots_, at, limits(is_top ? in.depth - 1 : in.depth), [&](const auto& e) {
                     call.stop_if_cancelled();
                     if (!in.pattern.empty() && !files::matches_glob(in.pattern, e.shown))
                        return true;
                     if (out.entries.size() == most) return false;
                     out.entries.push_back(listed::of(e.shown, e.status));
                     return true;
                  });
            if (end != walk_end::complete) {
               out.incomplete = why(end, in.limit);
               break;
            }
         }
         return out;
      });
   }

   fmcp::structured<read_out> read(const read_in& in) const {
      return for_model([&] {
         const auto at = roots_.locate(in.path);
         files::file_status status;
         const auto file = roots_.open_file(at, status);
         read_out out;
         out.path = at.shown;
         out.size = status.size;
         const auto beginning = files::read_bytes(file.get(), looked_at_for_text);
         out.is_text = files::is_text(beginning);
         out.mime = files::mime_of(at.shown, out.is_text);
         rewind(file);
         return out.is_text ? read_text(in, file, std::move(out))
                            : read_binary(file, std::move(out));
      });
   }

   static void rewind(const files::descriptor& file) {
      if (::lseek(file.get(), 0, SEEK_SET) != 0) throw file_error("The file cannot be read twice.");
   }

   fmcp::structured<read_out> read_text(const read_in& in, const files::descriptor& file,
                                        read_out out) const {
      const auto most = static_cast<std::size_t>(settings().max_read);
      const auto range = files::read_lines(file.get(), in.start_line, in.lines.value_or(UINT64_MAX),
                                           most, scan_for_lines);
      if (!range) {
         throw file_error("Line " + std::to_string(in.start_line) + " of " + out.path +
                          " is too far from the beginning to look for it.");
      }
      if (range->first == 0 && in.start_line > 1) {
         throw file_error(out.path + " has only " + std::to_string(range->total) + " lines.");
      }
      if (range->first != 0) {
         out.first_line = range->first;
         out.last_line = range->last;
      }
      if (range->reached_end) out.total_lines = range->total;
      if (!range->reached_end && range->last != UINT64_MAX) out.next_line = range->last + 1;
      if (range->is_cut) out.is_cut = true;
      out.text = range->text;
      return fmcp::structured(std::move(out), range->text);
   }

   fmcp::structured<read_out> read_binary(const files::descriptor& file, read_out out) const {
      const auto most = static_cast<std::size_t>(settings().max_read);
      if (out.size > most) {
         throw file_error(out.path + " is binary and has " + std::to_string(out.size) +
                          " bytes, more than the " + std::to_string(most) +
                          " that one read may return.");
      }
      auto bytes = files::read_bytes(file.get(), most);
      out.size = bytes.size();
      std::string uri = uri_of(out.path), mime = out.mime;
      return fmcp::structured(std::move(out), fmcp::result(fmcp::content::blob_resource(
                                                    std::move(uri), std::move(bytes), mime)));
   }

   /// "files://docs/a%20b.png": names the root and not the machine's directory.
   static std::string uri_of(const std::string& path) {
      static constexpr char hex[] = "0123456789ABCDEF";
      std::string out = "files://";
      for (const char c : path) {
         const auto byte = static_cast<unsigned char>(c);
         const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') ||
                               std::string_view("-._~/").find(c) != std::string_view::npos;
         if (is_plain) {
            out += c;
         } else {
            out += {'%', hex[byte >> 4], hex[byte & 15]};
         }
      }
      return out;
   }

   search_out search(const search_in& in, fmcp::call& call) const {
      return for_model([&] {
         if (in.text.empty() && in.pattern.empty()) {
            throw file_error("Give `pattern`, `text`, or both; list_files lists everything.");
         }
         search_out out;
         const auto wanted = in.ignore_case ? files::lowered(in.text) : in.text;
         std::uint64_t seen = 0;
         const auto bounds = limits(deepest);
         for (const auto& at : starts(in.path)) {
            const auto end = files::walk(roots_, at, bounds, [&](const auto& e) {
               call.stop_if_cancelled();
               if (++seen % 256 == 0) {
                  call.progress(static_cast<double>(seen), 0, "Looking at " + e.shown);
               }
               if (e.status.kind != entry_kind::file) return true;
               if (!in.pattern.empty() && !files::matches_glob(in.pattern, e.shown)) return true;
               return search_one(in, wanted, e, out);
            });
            if (end != walk_end::complete) {
               out.incomplete = why(end, in.limit);
               break;
            }
         }
         return out;
      });
   }

   /// False: the limit was reached.
   bool search_one(const search_in& in, const std::string& wanted, const files::walked_entry& e,
                   search_out& out) const {
      const auto room = static_cast<std::size_t>(in.limit) - out.matches.size();
      if (in.text.empty()) {
         if (room == 0) return false;
         out.matches.push_back({e.shown, {}, {}});
         return true;
      }
      const files::descriptor file(
            ::openat(e.directory, e.name.c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
      const auto largest = static_cast<std::size_t>(settings().max_search_file);
      if (!file || e.status.size > largest ||
          files::status_of(file.get(), e.shown).kind != entry_kind::file) {
         ++out.files_skipped;
         return true;
      }
      const auto text = files::read_bytes(file.get(), largest);
      if (!files::is_text(std::string_view(text).substr(0, looked_at_for_text))) {
         ++out.files_skipped;
         return true;
      }
      ++out.files_searched;
      auto found = files::find_lines(text, wanted, in.ignore_case, room + 1);
      const bool is_over = found.size() > room;
      if (is_over) found.pop_back();
      for (auto& line : found) {
         out.matches.push_back({e.shown, line.number, std::move(line.text)});
      }
      return !is_over;
   }

   root_set roots_;
};

} // namespace

FMCP_PLUGIN(files_plugin,
            fmcp::manifest("io.fastmcp-host.files", "files", "1.0.0").license("Apache-2.0"));
