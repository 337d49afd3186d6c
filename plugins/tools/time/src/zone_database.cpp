#include "zone_database.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace zones {
namespace {

constexpr std::size_t max_file = 1u << 20;
constexpr std::size_t max_zones = 10'000;

/// The whole file, or at most `most` bytes of it; empty when it cannot be read.
std::string contents(const std::string& path, std::size_t most) {
   std::string out;
   std::FILE* file = std::fopen(path.c_str(), "rbe");
   if (file == nullptr) return out;
   char room[4096];
   for (std::size_t n = 1; n != 0 && out.size() < most;) {
      n = std::fread(room, 1, std::min(sizeof room, most - out.size()), file);
      out.append(room, n);
   }
   std::fclose(file);
   return out;
}

/// Whether a directory entry can be part of a zone's name; "posix" and "right" are the same zones
/// once more, and "localtime" is this machine's.
bool is_zone_part(std::string_view name) {
   if (name == "posix" || name == "right" || name == "localtime" || name == "posixrules" ||
       name == "Factory")
      return false;
   return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-' || c == '+';
   });
}

template <class F>
void each_line(std::string_view text, F&& f) {
   while (!text.empty()) {
      const auto line = text.substr(0, text.find('\n'));
      if (!line.empty() && line.front() != '#') f(line);
      text.remove_prefix(std::min(text.size(), line.size() + 1));
   }
}

std::string_view next_field(std::string_view& line, char end) {
   const auto out = line.substr(0, line.find(end));
   line.remove_prefix(std::min(line.size(), out.size() + 1));
   return out;
}

/// How many single-character edits lie between two words, at most `most` + 1.
std::size_t edits(std::string_view a, std::string_view b) {
   std::vector<std::size_t> row(b.size() + 1);
   for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
   for (std::size_t i = 1; i <= a.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i);
      for (std::size_t j = 1; j <= b.size(); ++j) {
         const auto here =
               std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
         diagonal = std::exchange(row[j], here);
      }
   }
   return row.back();
}

} // namespace

std::string folded(std::string_view name) {
   std::string out(name);
   for (char& c : out) {
      if (c == ' ') c = '_';
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
   }
   return out;
}

database::database(std::string directory) : directory_(std::move(directory)) {}

void database::walk(const std::string& below, int depth) {
   const std::string path = below.empty() ? directory_ : directory_ + '/' + below;
   DIR* dir = ::opendir(path.c_str());
   if (dir == nullptr) return;
   while (const auto* entry = ::readdir(dir)) {
      if (!is_zone_part(entry->d_name) || names_.size() >= max_zones) continue;
      const std::string name = below.empty() ? entry->d_name : below + '/' + entry->d_name;
      struct stat status{};
      if (::stat((directory_ + '/' + name).c_str(), &status) != 0) continue;
      if (S_ISDIR(status.st_mode) && depth < 3) {
         walk(name, depth + 1);
      } else if (S_ISREG(status.st_mode) && contents(directory_ + '/' + name, 4) == "TZif") {
         names_.push_back({name, {}, {}});
      }
   }
   ::closedir(dir);
}

void database::read_countries() {
   std::map<std::string, std::string, std::less<>> names;
   const auto iso = contents(directory_ + "/iso3166.tab", max_file);
   each_line(iso, [&](std::string_view line) {
      const auto code = next_field(line, '\t');
      names.emplace(code, line);
   });
   // Country codes (several with commas), coordinates, zone, comment.
   auto table = contents(directory_ + "/zone1970.tab", max_file);
   if (table.empty()) table = contents(directory_ + "/zone.tab", max_file);
   each_line(table, [&](std::string_view line) {
      auto codes = next_field(line, '\t');
      next_field(line, '\t');
      const auto at = by_folded_.find(folded(next_field(line, '\t')));
      if (at == by_folded_.end()) return;
      auto& zone = names_[at->second];
      while (!codes.empty()) {
         const auto code = next_field(codes, ',');
         const auto name = names.find(code);
         zone.codes.emplace_back(code);
         if (name != names.end()) zone.countries.push_back(name->second);
      }
   });
}

void database::read_names() {
   if (is_read_) return;
   walk("", 0);
   if (names_.empty()) {
      throw std::runtime_error("There are no time zones in " + directory_ +
                               "; install the package tzdata, or set zoneinfo.");
   }
   std::sort(names_.begin(), names_.end(),
             [](const auto& a, const auto& b) { return a.name < b.name; });
   for (std::size_t i = 0; i < names_.size(); ++i) by_folded_.emplace(folded(names_[i].name), i);
   read_countries();
   is_read_ = true;
}

const std::vector<named_zone>& database::all() {
   const std::lock_guard<std::mutex> lock(mutex_);
   read_names();
   return names_;
}

std::shared_ptr<const zone> database::find(std::string_view name, std::string* exact_name) {
   const std::lock_guard<std::mutex> lock(mutex_);
   read_names();
   const auto known = by_folded_.find(folded(name));
   if (known == by_folded_.end()) throw no_such_zone(suggestion(name));
   const std::string& exact = names_[known->second].name;
   if (exact_name != nullptr) *exact_name = exact;
   const auto loaded = loaded_.find(exact);
   if (loaded != loaded_.end()) return loaded->second;
   auto parsed = zone::parse(contents(directory_ + '/' + exact, max_file));
   if (!parsed) throw no_such_zone("The file of time zone " + exact + " cannot be used.");
   auto made = std::make_shared<const zone>(std::move(*parsed));
   loaded_.emplace(exact, made);
   return made;
}

std::string database::suggestion(std::string_view name) const {
   const auto wanted = folded(name.substr(0, 64));
   std::string best;
   std::size_t least = wanted.size() < 6 ? 2 : 4;
   for (const auto& [key, index] : by_folded_) {
      // "berlin" for Europe/Berlin
      const auto slash = key.rfind('/');
      const bool is_city = slash != std::string::npos && key.substr(slash + 1) == wanted;
      const auto n = is_city ? 0 : edits(wanted, key);
      if (n < least) {
         least = n;
         best = names_[index].name;
      }
   }
   std::string out = "There is no time zone \"" + std::string(name.substr(0, 64)) + "\".";
   if (!best.empty()) return out + " Did you mean " + best + "?";
   return out + " Names are like Europe/Berlin or UTC; list_timezones finds them.";
}

} // namespace zones
