// The templates, as a third party builds them, in the host: they load, answer and go.

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "sdk/fake_auth_host.hpp"
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

// The example that a third party copies, built with the installed SDK.
TEST(Template, TheProviderOutsideTheTreeAnswersAndGoes) {
   const std::string path = FMCP_TEMPLATE_DIR "/auth_provider.so";
   {
      const test::loaded_file file(path);
      test::fake_auth_host host;
      test::fake_hosted_provider p(host, file.entry(), R"({"endpoint":"https://a.example/me"})");
      ASSERT_EQ(p.problem(), "");
      const auto c = p.ask("token");
      host.answer_fetch(0, 200, R"({"user":"ann"})");
      EXPECT_EQ(p.answer_of(c).subject, "ann");
   }
   void* still = ::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
   EXPECT_EQ(still, nullptr) << "it is still mapped";
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
