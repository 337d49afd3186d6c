#include "client/token_file.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_dir.hpp"

namespace fmcp::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

kept_login login(std::string server, std::string issuer, std::string token = "t0ken") {
   return {.server = std::move(server),
           .issuer = std::move(issuer),
           .resource = "https://srv/mcp",
           .token_endpoint = "https://as/token",
           .client = {.id = "c", .secret = "s", .auth_method = "client_secret_post"},
           .redirect_port = 4711,
           .access_token = std::move(token),
           .refresh_token = "r",
           .scopes = {"a", "b"},
           .renew_at_ms = 1'700'000'000'000};
}

class TokenFile : public ::testing::Test {
protected:
   token_file open() const { return token_file::open(dir_.at("state/client")).value(); }
   void keep(const kept_login& l) const {
      const auto file = open();
      const auto lock = file.lock();
      ASSERT_TRUE(lock.has_value()) << lock.error().message;
      const auto done = file.keep(*lock, l);
      ASSERT_TRUE(done.has_value()) << done.error().message;
   }
   std::string path() const { return dir_.at("state/client/tokens.json"); }
   test::temp_dir dir_;
};

TEST_F(TokenFile, GivesBackWhatItWasGiven) {
   const kept_logins all{login("https://srv/mcp", "https://as"), {.server = "s", .issuer = "i"}};
   EXPECT_EQ(read_logins(write_logins(all)), all);
   EXPECT_THAT(open().read().value(), IsEmpty()) << "nothing was written yet";
   keep(all[0]);
   EXPECT_THAT(open().read().value(), ElementsAre(all[0]));
}

TEST_F(TokenFile, IsOfItsUserAlone) {
   keep(login("s", "i"));
   struct stat status{};
   ASSERT_EQ(::stat(path().c_str(), &status), 0);
   EXPECT_EQ(status.st_mode & 07777u, 0600u);
   ASSERT_EQ(::stat(dir_.at("state/client").c_str(), &status), 0);
   EXPECT_EQ(status.st_mode & 07777u, 0700u);
}

TEST_F(TokenFile, IsRefusedWhenOthersMayReadIt) {
   keep(login("s", "i"));
   ASSERT_EQ(::chmod(path().c_str(), 0640), 0);
   EXPECT_EQ(open().read().error().code, core::errc::denied);
   const auto file = open();
   const auto lock = file.lock();
   const auto done = file.keep(*lock, login("s", "i", "new"));
   ASSERT_FALSE(done.has_value());
   EXPECT_THAT(done.error().message, HasSubstr("chmod 600"));
}

TEST_F(TokenFile, KeepsOnePerServerAndIssuer) {
   keep(login("s", "i", "1"));
   keep(login("s", "j", "2"));
   keep(login("t", "i", "3"));
   keep(login("s", "i", "4"));
   const auto all = open().read().value();
   ASSERT_EQ(all.size(), 3u);
   EXPECT_EQ(find_login(all, "s")->access_token, "4") << "the last one";
   EXPECT_EQ(find_login(all, "s", "j")->access_token, "2");
   EXPECT_EQ(find_login(all, "t")->access_token, "3");
   EXPECT_EQ(find_login(all, "u"), nullptr);
   EXPECT_EQ(find_login(all, "t", "j"), nullptr);
}

TEST_F(TokenFile, ForgetsAServer) {
   keep(login("s", "i"));
   keep(login("s", "j"));
   keep(login("t", "i"));
   EXPECT_EQ(open().forget("s"), 2u);
   EXPECT_EQ(open().forget("s"), 0u);
   EXPECT_EQ(open().read()->size(), 1u);
}

TEST_F(TokenFile, HoldsOnlySoMany) {
   kept_logins full;
   for (int i = 0; i < 200; ++i) full.push_back(login("s" + std::to_string(i), "i"));
   keep(login("s0", "i")); // makes the directory
   dir_.put("state/client/tokens.json", write_logins(full), 0600);
   keep(login("s200", "i"));
   const auto all = open().read().value();
   EXPECT_EQ(all.size(), 200u);
   EXPECT_EQ(find_login(all, "s0"), nullptr) << "the oldest goes";
   EXPECT_NE(find_login(all, "s200"), nullptr);
}

TEST_F(TokenFile, IsLeftAloneWhenItIsNotOurs) {
   keep(login("s", "i"));
   for (const auto* text : {"t0ken", "{}", R"({"version":2,"logins":[]})", R"({"version":1})"}) {
      dir_.put("state/client/tokens.json", text, 0600);
      const auto read = open().read();
      ASSERT_FALSE(read.has_value()) << text;
      EXPECT_THAT(read.error().message, HasSubstr("tokens.json cannot be used"));
      EXPECT_THAT(read.error().message, Not(HasSubstr("t0ken")));
      const auto file = open();
      const auto lock = file.lock();
      EXPECT_FALSE(file.keep(*lock, login("s", "i")).has_value());
   }
}

TEST_F(TokenFile, DropsEntriesThatMakeNoSense) {
   const auto read = read_logins(R"({"version":1,"logins":[1,{},{"server":"s"},)"
                                 R"({"server":"s","issuer":"i","redirect_port":70000,)"
                                 R"("renew_at_ms":-1,"access_token":5}]})");
   EXPECT_THAT(read.value(), ElementsAre(kept_login{.server = "s", .issuer = "i"}));
}

/// flock() belongs to the open file, so another opening in the same process is another holder.
TEST_F(TokenFile, IsLockedForOneAtATime) {
   const auto where = store::state_directory::open(dir_.at("state/client")).value();
   auto first = where.lock_file("lock", std::chrono::milliseconds(0));
   ASSERT_TRUE(first.has_value()) << first.error().message;
   const auto second = where.lock_file("lock", std::chrono::milliseconds(0));
   ASSERT_FALSE(second.has_value());
   EXPECT_EQ(second.error().code, core::errc::timeout);
   first->reset();
   EXPECT_TRUE(where.lock_file("lock", std::chrono::milliseconds(0)).has_value());
}

} // namespace
} // namespace fmcp::client
