#include "text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmcp/cpp/json.hpp>

#include "roots.hpp"

namespace files {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;
constexpr std::size_t longest_line_shown = 400;

/// Fills `room` as far as the file goes.
std::size_t read_chunk(int fd, char* room, std::size_t size) {
   for (;;) {
      const auto n = ::read(fd, room, size);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) throw file_error(std::string("Reading failed: ") + std::strerror(errno));
   }
}

char lower(char c) {
   return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Takes away a UTF-8 sequence that is not finished.
void drop_half_character(std::string& text) {
   for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
      const auto c = static_cast<unsigned char>(text[text.size() - back]);
      if ((c & 0xC0) == 0x80) continue;
      const std::size_t needed = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 1;
      if (needed > back) text.resize(text.size() - back);
      return;
   }
}

/// The part of a long line that has the match in it.
std::string around(std::string_view line, std::size_t at, std::size_t length) {
   if (line.size() <= longest_line_shown) return std::string(line);
   const std::size_t room = longest_line_shown > length ? (longest_line_shown - length) / 2 : 0;
   std::size_t begin = at > room ? at - room : 0;
   while (begin > 0 && (static_cast<unsigned char>(line[begin]) & 0xC0) == 0x80) --begin;
   const auto part = cut_at_character(line.substr(begin), longest_line_shown);
   return (begin > 0 ? "..." : "") + std::string(part) +
          (begin + part.size() < line.size() ? "..." : "");
}

} // namespace

bool is_text(std::string_view bytes) {
   while (!bytes.empty()) {
      if (bytes.front() == '\0') return false;
      const auto n = fmcp::detail::utf8_sequence(bytes);
      if (n == 0) {
         // Cut off by the end of what was read?
         const auto c = static_cast<unsigned char>(bytes.front());
         const std::size_t needed = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0;
         return bytes.size() < needed &&
                std::all_of(
                      bytes.begin() + 1, bytes.end(),
                      [](char tail) { return (static_cast<unsigned char>(tail) & 0xC0) == 0x80; });
      }
      bytes.remove_prefix(n);
   }
   return true;
}

std::string mime_of(std::string_view name, bool is_text) {
   static constexpr std::array<std::pair<std::string_view, const char*>, 27> known{{
         {"css", "text/css"},          {"csv", "text/csv"},        {"gif", "image/gif"},
         {"gz", "application/gzip"},   {"htm", "text/html"},       {"html", "text/html"},
         {"jpeg", "image/jpeg"},       {"jpg", "image/jpeg"},      {"js", "text/javascript"},
         {"json", "application/json"}, {"md", "text/markdown"},    {"mp3", "audio/mpeg"},
         {"mp4", "video/mp4"},         {"ogg", "audio/ogg"},       {"pdf", "application/pdf"},
         {"png", "image/png"},         {"svg", "image/svg+xml"},   {"tar", "application/x-tar"},
         {"toml", "application/toml"}, {"txt", "text/plain"},      {"wav", "audio/wav"},
         {"webp", "image/webp"},       {"xml", "application/xml"}, {"yaml", "application/yaml"},
         {"yml", "application/yaml"},  {"zip", "application/zip"}, {"webm", "video/webm"},
   }};
   const auto dot = name.rfind('.');
   if (dot != std::string_view::npos) {
      const auto extension = lowered(name.substr(dot + 1));
      for (const auto& [known_extension, mime] : known) {
         if (known_extension == extension) return mime;
      }
   }
   return is_text ? "text/plain" : "application/octet-stream";
}

std::string_view cut_at_character(std::string_view text, std::size_t most) {
   if (text.size() <= most) return text;
   std::size_t n = most;
   while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
   return text.substr(0, n);
}

std::string lowered(std::string_view text) {
   std::string out(text);
   for (char& c : out) c = lower(c);
   return out;
}

std::string read_bytes(int fd, std::size_t most) {
   std::string out;
   std::vector<char> room(chunk_bytes);
   while (out.size() < most) {
      const auto n = read_chunk(fd, room.data(), std::min(room.size(), most - out.size()));
      if (n == 0) break;
      out.append(room.data(), n);
   }
   return out;
}

std::optional<line_range> read_lines(int fd, std::uint64_t from, std::uint64_t count,
                                     std::size_t most, std::uint64_t scan) {
   line_range out;
   std::vector<char> room(chunk_bytes);
   std::uint64_t line = 1, scanned = 0;
   bool is_full = false, ends_in_line = false;
   while (true) {
      const auto n = read_chunk(fd, room.data(), room.size());
      if (n == 0) {
         out.reached_end = true;
         out.total = ends_in_line ? line : line - 1;
         break;
      }
      scanned += n;
      for (std::string_view rest(room.data(), n); !rest.empty();) {
         const auto end = rest.find('\n');
         const auto piece = rest.substr(0, end == rest.npos ? rest.npos : end + 1);
         rest.remove_prefix(piece.size());
         if (line >= from && line - from >= count) {
            is_full = true;
         } else if (line >= from) {
            const bool fits = out.text.size() + piece.size() <= most;
            const bool is_new = out.last != line;
            // A line that does not fit is left for the next time, unless it is the first one.
            if (!fits && is_new && !out.text.empty()) {
               is_full = true;
            } else {
               if (out.first == 0) out.first = line;
               out.last = line;
               out.text += fits ? piece : cut_at_character(piece, most - out.text.size());
               if (!fits) out.is_cut = is_full = true;
            }
         }
         if (is_full) break;
         ends_in_line = end == piece.npos;
         if (!ends_in_line) ++line;
      }
      if (is_full) break;
      if (scanned > scan && out.first == 0) return std::nullopt;
   }
   if (out.is_cut) drop_half_character(out.text);
   return out;
}

std::vector<found_line> find_lines(std::string_view text, std::string_view wanted, bool ignore_case,
                                   std::size_t most) {
   std::vector<found_line> out;
   const auto same = [ignore_case](char a, char b) { return (ignore_case ? lower(a) : a) == b; };
   auto at = text.begin();
   std::uint64_t number = 1;
   auto counted = text.begin();
   while (out.size() < most) {
      at = std::search(at, text.end(), wanted.begin(), wanted.end(), same);
      if (at == text.end()) break;
      number += static_cast<std::uint64_t>(std::count(counted, at, '\n'));
      counted = at;
      const auto offset = static_cast<std::size_t>(at - text.begin());
      const auto before = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
      const std::size_t begin = before == text.npos ? 0 : before + 1;
      const auto after = text.find('\n', offset);
      auto line = text.substr(begin, after == text.npos ? text.npos : after - begin);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      out.push_back({number, around(line, offset - begin, wanted.size())});
      if (after == text.npos) break;
      at = text.begin() + static_cast<std::ptrdiff_t>(after);
   }
   return out;
}

} // namespace files
