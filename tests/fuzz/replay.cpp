// Runs a fuzz target over files, in builds without libFuzzer: the arguments are files, or folders
// of files. Exit code 2 when there was nothing to run, so that an empty corpus is no success.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& argument) {
   if (!fs::is_directory(argument)) return {argument};
   std::vector<fs::path> out;
   for (const auto& e : fs::recursive_directory_iterator(argument)) {
      if (e.is_regular_file()) out.push_back(e.path());
   }
   std::ranges::sort(out);
   return out;
}

bool replay(const fs::path& file) {
   std::ifstream in(file, std::ios::binary);
   const std::string bytes(std::istreambuf_iterator<char>(in), {});
   if (!in) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      return false;
   }
   // A copy of exactly this size, so that a sanitizer sees a read behind the end.
   const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
   std::printf("%s\n", file.c_str());
   std::fflush(stdout);
   LLVMFuzzerTestOneInput(exact.data(), exact.size());
   return true;
}

} // namespace

int main(int count, char** arguments) {
   int ran = 0;
   for (int i = 1; i < count; ++i) {
      for (const auto& file : files_of(arguments[i])) {
         if (!replay(file)) return 1;
         ++ran;
      }
   }
   std::printf("%d inputs\n", ran);
   return ran > 0 ? 0 : 2;
}
