#pragma once

/// The official JSON Schema test suite, read from where the tests' data are.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/document.hpp"
#include "json/schema.hpp"

namespace fmcp::test {

inline std::filesystem::path data_root() {
   const char* root = std::getenv("FASTMCP_TEST_DATA");
   return root != nullptr ? root : FMCP_TEST_DATA_DEFAULT;
}
inline std::filesystem::path suite_root() {
   return data_root() / "json-schema";
}

inline std::optional<std::string> read_text(const std::filesystem::path& file) {
   std::ifstream in(file, std::ios::binary);
   if (!in) return std::nullopt;
   return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The documents that the suite expects an implementation to know: metaschemas and `remotes/`.
inline std::optional<std::string> load_known(std::string_view uri) {
   const auto root = suite_root();
   if (uri == "http://json-schema.org/draft-07/schema") {
      return read_text(root / "metaschemas/draft7/metaschema.json");
   }
   if (uri == "https://json-schema.org/draft/2020-12/schema") {
      return read_text(root / "metaschemas/draft2020-12/metaschema.json");
   }
   constexpr std::string_view meta = "https://json-schema.org/draft/2020-12/meta/";
   constexpr std::string_view remote = "http://localhost:1234/";
   if (uri.starts_with(meta)) {
      return read_text(root / "metaschemas/draft2020-12/vocabularies" / uri.substr(meta.size()));
   }
   if (uri.starts_with(remote)) return read_text(root / "remotes" / uri.substr(remote.size()));
   return std::nullopt;
}

inline json::dialect dialect_of(const std::string& file) {
   return file.find("draft7") != std::string::npos ? json::dialect::draft7
                                                   : json::dialect::draft2020_12;
}

/// What one file of the suite came to.
struct suite_outcome {
   std::size_t passed = 0;
   std::vector<std::string> failures; ///< one line each
};

inline suite_outcome run_suite_file(const std::filesystem::path& file, json::dialect dialect,
                                    bool assert_formats) {
   suite_outcome out;
   json::document suite;
   const auto text = read_text(file).value_or("");
   const auto groups = suite.parse(text, {.max_depth = 128});
   if (!groups) {
      out.failures.push_back(groups.error().message);
      return out;
   }
   json::schema_options options;
   options.default_dialect = dialect;
   options.assert_formats = assert_formats;
   options.load = load_known;
   for (const auto& group : (*groups)->items()) {
      const auto compiled = json::schema::compile(group.find("schema")->raw(), options);
      for (const auto& test : group.find("tests")->items()) {
         const auto name = std::string(*group.find_string("description")) + " / " +
                           std::string(*test.find_string("description"));
         if (!compiled) {
            out.failures.push_back(name + ": " + compiled.error().message);
            continue;
         }
         const auto& data = *test.find("data");
         const bool expected = test.find("valid")->boolean();
         const bool accepted = (*compiled)->accepts(data);
         const auto reasons = (*compiled)->check(data);
         if (accepted != expected) {
            out.failures.push_back(name + (accepted ? ": accepted" : ": refused"));
         } else if (reasons.empty() != accepted) {
            out.failures.push_back(name + ": check() does not agree with accepts()");
         } else {
            ++out.passed;
         }
      }
   }
   return out;
}

/// Files ending in .json right in `folder`, sorted.
inline std::vector<std::string> suite_files(const std::string& folder) {
   std::vector<std::string> out;
   std::error_code ignored;
   for (const auto& e : std::filesystem::directory_iterator(suite_root() / folder, ignored)) {
      if (e.path().extension() == ".json") {
         out.push_back((std::filesystem::path(folder) / e.path().filename()).string());
      }
   }
   std::ranges::sort(out);
   return out;
}

} // namespace fmcp::test
