#include "config/secret_file.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/safe_path.hpp"

namespace fmcp::config {

core::result<secret_file> read_secret(std::string_view path) {
   constexpr std::uint64_t most = 64 * 1024;
   const auto file = core::open_safely(path, {.follow_links = true, .max_bytes = most});
   if (!file) return std::unexpected(file.error());
   auto text = core::read_all(*file, most);
   if (!text) return std::unexpected(text.error());
   if (text->ends_with('\n')) text->pop_back();
   if (text->ends_with('\r')) text->pop_back();
   if (text->empty()) return core::fail(core::errc::invalid, file->path + " is empty.");
   secret_file out{.text = std::move(*text), .warning = {}};
   if ((file->status.st_mode & S_IROTH) != 0) {
      out.warning = fmt::format("{} holds a secret and may be read by every user of this machine "
                                "(mode {:04o}): chmod o-r {}",
                                file->path, file->status.st_mode & 07777u, file->path);
   }
   return out;
}

} // namespace fmcp::config
