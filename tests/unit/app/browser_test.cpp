#include "app/browser.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_dir.hpp"

namespace fmcp::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Puts a variable back as it was.
class variable {
public:
   variable(const char* name, const char* value) : name_(name) {
      if (const char* old = std::getenv(name)) old_ = old;
      value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
   }
   ~variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
   variable(const variable&) = delete;
   variable& operator=(const variable&) = delete;

private:
   const char* name_;
   std::optional<std::string> old_;
};

/// A browser that writes its words, variables and input into a pipe, whose reader waits for it.
class Browser : public ::testing::Test {
protected:
   Browser() {
      EXPECT_EQ(::mkfifo(pipe_.c_str(), 0600), 0);
      program_ = dir_.put("browser",
                          "#!/bin/sh\n{ for w; do echo \"word:$w\"; done; env; "
                          "read -r line || echo no input; } >" +
                                pipe_ + "\n",
                          0700);
   }
   std::string seen() const {
      std::ifstream in(pipe_);
      return {std::istreambuf_iterator<char>(in), {}};
   }

   test::temp_dir dir_;
   const std::string pipe_ = dir_.at("pipe");
   std::string program_;
};

TEST_F(Browser, IsTheOneOfTheEnvironment) {
   const variable browser("BROWSER", program_.c_str()), secret("FASTMCP_X", "s3cret");
   ASSERT_TRUE(open_browser("https://as/?a=$(id)&b=';x"));
   const auto text = seen();
   EXPECT_THAT(text, HasSubstr("word:https://as/?a=$(id)&b=';x\n")) << "no shell has seen it";
   EXPECT_THAT(text, HasSubstr("no input"));
   EXPECT_THAT(text, Not(HasSubstr("s3cret")));
   EXPECT_THAT(text, HasSubstr("PATH="));
}

TEST_F(Browser, MayBeOneOfSeveralWithWordsOfItsOwn) {
   const auto list = dir_.at("not_there") + ":" + program_ + " --url=%s --new:never";
   const variable browser("BROWSER", list.c_str());
   ASSERT_TRUE(open_browser("u"));
   EXPECT_THAT(seen(), ::testing::StartsWith("word:--url=u\nword:--new\n"));
}

TEST_F(Browser, MayNotBeThere) {
   const variable browser("BROWSER", dir_.at("not_there").c_str());
   EXPECT_FALSE(open_browser("u"));
   const variable none("BROWSER", ""), display("DISPLAY", nullptr),
         wayland("WAYLAND_DISPLAY", nullptr);
   EXPECT_FALSE(open_browser("u"));
}

} // namespace
} // namespace fmcp::app
