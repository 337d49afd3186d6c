#include "config/secret_file.hpp"

#include "core/safe_path.hpp"

namespace fmcp::config {

core::result<std::string> read_secret(std::string_view path) {
   constexpr std::uint64_t most = 64 * 1024;
   const auto file = core::open_safely(path, {.follow_links = true, .max_bytes = most});
   if (!file) return std::unexpected(file.error());
   auto text = core::read_all(*file, most);
   if (!text) return text;
   if (text->ends_with('\n')) text->pop_back();
   if (text->ends_with('\r')) text->pop_back();
   if (text->empty()) return core::fail(core::errc::invalid, file->path + " is empty.");
   return text;
}

} // namespace fmcp::config
