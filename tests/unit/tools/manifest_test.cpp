// From the variables that an operator sets, through the manifest that the compiler wrote, to a
// tool.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/plugin_settings.hpp"
#include "plugins/host.hpp"
#include "sdk/loaded_plugin.hpp"
#include "support/temp_dir.hpp"
#include "unit/plugins/plugin_files.hpp"
#include "json/document.hpp"

namespace fmcp {
namespace {

using testing::HasSubstr;

std::string file_of(std::string_view plugin) {
   return FMCP_TEST_BINARY_DIR "/lib/fastmcp-host/plugins/" + std::string(plugin) + ".so";
}

/// What the host would start the plugin with, given these variables.
core::result<plugins::plugin_settings> settings_of(const std::string& plugin,
                                                   std::vector<std::string> variables) {
   const auto facts = plugins::inspect(file_of(plugin), {});
   if (!facts) return std::unexpected(facts.error());
   const test::temp_dir empty;
   config::sources from;
   from.directory = empty.path();
   from.environment = std::move(variables);
   const auto loaded = config::load(from);
   json::document manifest;
   const auto parsed = manifest.parse_copy(facts->manifest_json);
   if (!parsed) return std::unexpected(parsed.error());
   const auto values = config::resolve_plugin(
         **parsed, {.name = plugin, .prefix = config::plugin_prefix(plugin), .other_prefixes = {}},
         loaded.values->given);
   if (!values) return std::unexpected(values.error());
   return plugins::plugin_settings{values->config_json, values->secrets};
}

TEST(Manifest, OfTheShippedToolsPleasesTheLint) {
   for (const auto* name : {"time", "files"}) {
      const auto facts = plugins::inspect(file_of(name), {});
      ASSERT_TRUE(facts) << facts.error().message;
      EXPECT_EQ(facts->export_count, 1u) << name;
      EXPECT_EQ(facts->unique_count, 0u) << name;
      EXPECT_THAT(facts->manifest_json, HasSubstr("\"license\":\"Apache-2.0\"")) << name;
   }
}

TEST(Manifest, OfTimeIsWhatItsCodeReads) {
   const auto defaults = settings_of("time", {});
   ASSERT_TRUE(defaults) << defaults.error().message;
   EXPECT_EQ(defaults->config_json, R"({"home":"UTC","zoneinfo":"/usr/share/zoneinfo"})");
   const auto given = settings_of("time", {"FASTMCP_PLUGIN_TIME_HOME=Asia/Tokyo"});
   ASSERT_TRUE(given);
   test::loaded_plugin p(test::built("../../lib/fastmcp-host/plugins/time"), *given);
   ASSERT_EQ(p.problem(), "");
   EXPECT_THAT(p.call("current_time").structured, HasSubstr("Asia/Tokyo"));
}

TEST(Manifest, OfFilesIsWhatItsCodeReads) {
   const auto defaults = settings_of("files", {});
   ASSERT_TRUE(defaults) << defaults.error().message;
   EXPECT_EQ(defaults->config_json, R"({"hidden":false,"max_read":262144,)"
                                    R"("max_search_file":8388608,"search_time":10000})");
   const test::temp_dir dir;
   dir.put("a.txt", "hello");
   const auto given = settings_of("files", {"FASTMCP_PLUGIN_FILES_ROOTS=docs=" + dir.path(),
                                            "FASTMCP_PLUGIN_FILES_MAX_READ=2KiB"});
   ASSERT_TRUE(given) << given.error().message;
   test::loaded_plugin p(test::built("../../lib/fastmcp-host/plugins/files"), *given);
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.call("read_file", R"({"path":"docs/a.txt"})").text(), "hello");
}

TEST(Manifest, HasTheHostNameWhatIsWrong) {
   const auto size = settings_of("files", {"FASTMCP_PLUGIN_FILES_MAX_READ=1GiB"});
   ASSERT_FALSE(size);
   EXPECT_THAT(size.error().message, HasSubstr("is more than 16MiB"));
   const auto name = settings_of("files", {"FASTMCP_PLUGIN_FILES_ROOT=/srv"});
   ASSERT_FALSE(name);
   EXPECT_THAT(name.error().message, HasSubstr("ROOTS"));
}

} // namespace
} // namespace fmcp
