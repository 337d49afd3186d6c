#include "store/sqlite_store.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_dir.hpp"
#include "unit/store/expect_error.hpp"

namespace fmcp::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SqliteStore : public ::testing::Test {
protected:
   std::unique_ptr<sqlite_store> open() {
      return std::make_unique<sqlite_store>(
            sqlite_store::options{.file = file(), .patience = 200ms}, clock_);
   }
   std::string file() const { return dir_.at("store/store.db"); }
   static unsigned mode_of(const std::string& path) {
      struct stat status{};
      return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777u : 0;
   }
   void exec(const std::string& sql) const {
      sqlite3* db = nullptr;
      ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
      EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(db);
      sqlite3_close(db);
   }

   /// So many values that expire in a second, faster than a commit for each.
   void fill(int count) const {
      exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
           std::to_string(count) +
           ") INSERT INTO entry(space, key, value, expires) SELECT x'01', CAST(i AS BLOB), "
           "zeroblob(1000), " +
           std::to_string(clock_.unix_ms() + 1000) + " FROM n");
   }

   test::temp_dir dir_;
   core::manual_clock clock_;
};

TEST_F(SqliteStore, TouchesNothingBeforeTheFirstOperation) {
   const auto s = open();
   EXPECT_FALSE(fs::exists(dir_.at("store")));
   EXPECT_ERROR(s->get("space", "key"), not_found);
   EXPECT_TRUE(fs::exists(file()));
}

TEST_F(SqliteStore, KeepsValuesVersionsAndExpiryOverARestart) {
   const auto version = open()->put("space", "key", "value", 10s, any_version).value();
   clock_.advance(9999ms);
   EXPECT_EQ(open()->get("space", "key").value(), (record{"value", version}));
   ASSERT_TRUE(open()->remove("space", "key").has_value());
   const auto next = open()->put("space", "key", "value", 10s, any_version).value();
   EXPECT_GT(next, version);
   clock_.advance(10s);
   EXPECT_ERROR(open()->get("space", "key"), not_found);
}

TEST_F(SqliteStore, RemembersHowFullASpaceIs) {
   const auto with_two = [&] {
      return sqlite_store({.file = file(), .limits = {.max_entries = 2}}, clock_);
   };
   ASSERT_TRUE(with_two().put("space", "1", "", 1h, any_version).has_value());
   ASSERT_TRUE(with_two().put("space", "2", "", 1h, any_version).has_value());
   EXPECT_ERROR(with_two().put("space", "3", "", 1h, any_version), limit);
}

TEST_F(SqliteStore, PurgesMoreThanOneTransactionTakes) {
   const auto s = open();
   ASSERT_TRUE(s->put("space", "key", "value", 1h, any_version).has_value());
   fill(1000);
   clock_.advance(1s);
   EXPECT_EQ(s->purge().value(), 1000u);
   EXPECT_TRUE(s->get("space", "key").has_value());
}

TEST_F(SqliteStore, ItsFilesAreForThisUserOnlyWhateverTheUmask) {
   const auto old = ::umask(0);
   const auto s = open();
   ASSERT_TRUE(s->put("space", "key", "value", 1h, any_version).has_value());
   ::umask(old);
   EXPECT_EQ(mode_of(dir_.at("store")), 0700u);
   for (const auto* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(mode_of(file() + suffix), 0600u);
}

TEST_F(SqliteStore, RefusesADirectoryThatOthersMayWriteToAndAFileThatTheyMayRead) {
   fs::create_directory(dir_.at("store"));
   ASSERT_EQ(::chmod(dir_.at("store").c_str(), 0770), 0);
   const auto shared = open()->get("space", "key");
   EXPECT_ERROR(shared, denied);
   EXPECT_THAT(shared.error().message, HasSubstr("chmod go-w " + dir_.at("store")));
   ASSERT_EQ(::chmod(dir_.at("store").c_str(), 0700), 0);
   ASSERT_TRUE(open()->put("space", "key", "value", 1h, any_version).has_value());
   ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
   const auto readable = open()->get("space", "key");
   EXPECT_ERROR(readable, denied);
   EXPECT_THAT(readable.error().message, HasSubstr("chmod 600 " + file()));
}

TEST_F(SqliteStore, NeedsTheWholePathOfAFile) {
   for (const auto* path : {"", "store.db", "/"})
      EXPECT_ERROR(sqlite_store({.file = path}).get("space", "key"), invalid);
}

TEST_F(SqliteStore, RefusesALinkInPlaceOfItsFile) {
   const auto elsewhere = dir_.put("elsewhere", "", 0600);
   fs::create_directory(dir_.at("store"));
   ASSERT_EQ(::chmod(dir_.at("store").c_str(), 0700), 0);
   fs::create_symlink(elsewhere, file());
   EXPECT_ERROR(open()->put("space", "key", "value", 1h, any_version), denied);
   EXPECT_EQ(fs::file_size(elsewhere), 0u);
}

TEST_F(SqliteStore, NeverReplacesAFileThatIsNoDatabase) {
   const std::string content(10'000, 'x');
   dir_.put("store/store.db", content, 0600);
   ASSERT_EQ(::chmod(dir_.at("store").c_str(), 0700), 0);
   const auto s = open();
   for (int i = 0; i < 2; ++i) {
      const auto refused = s->put("space", "key", "value", 1h, any_version);
      EXPECT_ERROR(refused, io);
      EXPECT_THAT(refused.error().message, HasSubstr(file() + " is damaged"));
   }
   std::ifstream in(file());
   EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), content);
   // Put right by the operator, it is used without a restart.
   fs::remove(file());
   EXPECT_TRUE(s->put("space", "key", "value", 1h, any_version).has_value());
}

TEST_F(SqliteStore, SaysThatAPageIsDamaged) {
   ASSERT_TRUE(open()->put("space", "7", "value", 1h, any_version).has_value());
   fill(50);
   const auto size = fs::file_size(file());
   {
      std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
      out.seekp(4096);
      for (auto n = size - 4096; n-- > 0;) out.put('\x5a');
   }
   const auto refused = open()->get("space", "7");
   EXPECT_ERROR(refused, io);
   EXPECT_THAT(refused.error().message, HasSubstr("is damaged"));
   EXPECT_EQ(fs::file_size(file()), size);
}

TEST_F(SqliteStore, RefusesTheDatabaseOfAnotherProgramAndOfAnotherVersion) {
   ASSERT_TRUE(open()->put("space", "key", "value", 1h, any_version).has_value());
   exec("PRAGMA user_version = 2");
   const auto newer = open()->get("space", "key");
   EXPECT_ERROR(newer, unsupported);
   EXPECT_THAT(newer.error().message, HasSubstr("format 2, this one reads 1"));
   exec("PRAGMA user_version = 1; PRAGMA application_id = 7");
   const auto foreign = open()->get("space", "key");
   EXPECT_ERROR(foreign, io);
   EXPECT_THAT(foreign.error().message, HasSubstr("another program"));
}

TEST_F(SqliteStore, GivesUpWhenAnotherHoldsTheFileForTooLong) {
   const auto s = open();
   ASSERT_TRUE(s->put("space", "key", "value", 1h, any_version).has_value());
   sqlite3* other = nullptr;
   ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
   ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
   const auto refused = s->put("space", "key", "other", 1h, any_version);
   EXPECT_ERROR(refused, io);
   EXPECT_THAT(refused.error().message, HasSubstr("kept busy"));
   EXPECT_EQ(s->get("space", "key").value().value, "value") << "reading needs no writer's leave";
   sqlite3_close(other);
   EXPECT_TRUE(s->put("space", "key", "other", 1h, any_version).has_value());
}

} // namespace
} // namespace fmcp::store
