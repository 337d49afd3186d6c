#include "walk.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>

namespace files {
namespace {

class walker {
public:
   walker(const walk_limits& limits, const std::function<bool(const walked_entry&)>& visit)
       : limits_(limits), visit_(visit) {}

   /// False: the whole walk is over.
   bool directory(descriptor fd, const std::string& shown, int depth) {
      for (const auto& name : names_in(fd)) {
         if (++seen_ > limits_.entries) return end(walk_end::too_many);
         if (std::chrono::steady_clock::now() > limits_.until) return end(walk_end::too_long);
         walked_entry entry;
         entry.name = name;
         entry.shown = shown + '/' + name;
         entry.directory = fd.get();
         entry.depth = depth;
         const descriptor handle(::openat(fd.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
         if (!handle) continue; // gone meanwhile
         entry.status = status_of(handle.get(), entry.shown);
         if (!visit_(entry)) return end(walk_end::stopped);
         if (entry.status.kind != entry_kind::directory || depth >= limits_.depth) continue;
         descriptor below(
               ::openat(fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
         if (below && !directory(std::move(below), entry.shown, depth + 1)) return false;
      }
      return true;
   }
   [[nodiscard]] walk_end ended() const { return ended_; }

private:
   bool end(walk_end why) {
      ended_ = why;
      return false;
   }
   std::vector<std::string> names_in(const descriptor& fd) {
      std::vector<std::string> out;
      descriptor own(::openat(fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      const std::unique_ptr<DIR, int (*)(DIR*)> dir(own ? ::fdopendir(own.get()) : nullptr,
                                                    ::closedir);
      if (!dir) return out;
      (void)own.release(); // the stream's from here on
      while (const auto* e = ::readdir(dir.get())) {
         const std::string_view name = e->d_name;
         if (name == "." || name == ".." || (name.front() == '.' && !limits_.show_hidden)) continue;
         if (out.size() == limits_.entries_of_one_directory) {
            ended_ = walk_end::too_many;
            break;
         }
         out.emplace_back(name);
      }
      std::sort(out.begin(), out.end());
      return out;
   }

   const walk_limits& limits_;
   const std::function<bool(const walked_entry&)>& visit_;
   std::size_t seen_ = 0;
   walk_end ended_ = walk_end::complete;
};

} // namespace

walk_end walk(const root_set& roots, const located& at, const walk_limits& limits,
              const std::function<bool(const walked_entry&)>& visit) {
   walker w(limits, visit);
   w.directory(roots.open_directory(at), at.shown, 1);
   return w.ended();
}

} // namespace files
