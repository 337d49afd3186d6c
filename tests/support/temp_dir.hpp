#pragma once

/// A directory of one test's own, gone when the test ends.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace fmcp::test {

class temp_dir {
public:
   temp_dir() {
      std::string name = (std::filesystem::temp_directory_path() / "fmcp_test_XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
      // Without links, since files are opened by walks that follow none.
      path_ = std::filesystem::canonical(name);
   }
   temp_dir(const temp_dir&) = delete;
   temp_dir& operator=(const temp_dir&) = delete;
   ~temp_dir() {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
   }

   [[nodiscard]] std::string path() const { return path_.string(); }
   [[nodiscard]] std::string at(std::string_view relative) const {
      return (path_ / relative).string();
   }
   /// Writes a file, with the directories above it, and gives its path.
   std::string put(std::string_view relative, std::string_view text, mode_t mode = 0644) const {
      const auto file = path_ / relative;
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file, std::ios::binary) << text;
      if (::chmod(file.c_str(), mode) != 0)
         throw std::runtime_error("chmod failed for " + file.string());
      return file.string();
   }

private:
   std::filesystem::path path_;
};

} // namespace fmcp::test
