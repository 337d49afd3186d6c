// The templates, as a third party builds them, in the host: they load, answer and go.

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "sdk/loaded_plugin.hpp"

namespace fmcp {
namespace {

std::string built_template(const std::string& name) {
   const std::string path = std::string(FMCP_TEMPLATE_DIR "/") + name + ".so";
   std::ifstream in(path, std::ios::binary);
   if (!in) throw std::runtime_error(path + " is not built; the test sdk.templates does it");
   return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Template, InCLoadsAnswersAndGoes) {
   test::loaded_plugin p(built_template("hello"));
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.call("hello").text(), "Hello from C!");
   EXPECT_TRUE(p.unload());
}

TEST(Template, InCppLoadsAnswersAndGoes) {
   test::loaded_plugin p(built_template("hello_cpp"));
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.call("hello_cpp", R"({"who":"world"})").text(), "Hello, world!");
   EXPECT_TRUE(p.unload());
}

TEST(Template, LoadsAndGoesAHundredTimes) {
   for (const auto* name : {"hello", "hello_cpp"}) {
      const auto bytes = built_template(name);
      for (int i = 0; i < 100; ++i) {
         test::loaded_plugin p(bytes);
         ASSERT_EQ(p.problem(), "");
         ASSERT_TRUE(p.unload()) << name << ", round " << i;
      }
   }
}

} // namespace
} // namespace fmcp
