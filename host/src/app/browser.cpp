#include "app/browser.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace fmcp::app {
namespace {

using strings = std::vector<std::string>;

strings split(std::string_view text, char at) {
   strings out;
   while (!text.empty()) {
      const auto end = std::min(text.find(at), text.size());
      if (end > 0) out.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
   }
   return out;
}

/// The words of one program of `BROWSER`.
strings words_for(const std::string& program, const std::string& url) {
   auto words = split(program, ' ');
   bool is_placed = false;
   for (auto& word : words) {
      if (const auto at = word.find("%s"); at != word.npos) {
         word.replace(at, 2, url);
         is_placed = true;
      }
   }
   if (!is_placed && !words.empty()) words.push_back(url);
   return words;
}

std::vector<char*> pointers(strings& texts) {
   std::vector<char*> out;
   for (auto& t : texts) out.push_back(t.data());
   out.push_back(nullptr);
   return out;
}

/// Our own variables may hold secrets.
strings environment_without_ours() {
   strings out;
   for (char** v = environ; v != nullptr && *v != nullptr; ++v) {
      if (!std::string_view(*v).starts_with("FASTMCP_")) out.emplace_back(*v);
   }
   return out;
}

bool start(strings words) {
   if (words.empty()) return false;
   auto variables = environment_without_ours();
   posix_spawn_file_actions_t files;
   posix_spawnattr_t attributes;
   if (::posix_spawn_file_actions_init(&files) != 0) return false;
   if (::posix_spawnattr_init(&attributes) != 0) {
      ::posix_spawn_file_actions_destroy(&files);
      return false;
   }
   // In a session of its own: Ctrl-C here is not meant for the browser.
   const bool is_set_up =
         ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
         ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO) == 0 &&
         ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID) == 0;
   pid_t child = 0;
   const bool has_started =
         is_set_up && ::posix_spawnp(&child, words.front().c_str(), &files, &attributes,
                                     pointers(words).data(), pointers(variables).data()) == 0;
   ::posix_spawnattr_destroy(&attributes);
   ::posix_spawn_file_actions_destroy(&files);
   return has_started;
}

bool has_variable(const char* name) {
   const char* value = ::secure_getenv(name);
   return value != nullptr && *value != '\0';
}

} // namespace

bool open_browser(const std::string& url) {
   if (has_variable("BROWSER")) {
      const auto programs = split(::secure_getenv("BROWSER"), ':');
      return std::ranges::any_of(programs, [&](const auto& p) { return start(words_for(p, url)); });
   }
   // Without a display it would start a browser inside this terminal.
   if (!has_variable("DISPLAY") && !has_variable("WAYLAND_DISPLAY")) return false;
   return start({"xdg-open", url});
}

} // namespace fmcp::app
