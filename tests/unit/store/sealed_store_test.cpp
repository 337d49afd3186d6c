#include "store/sealed_store.hpp"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.hpp"
#include "unit/store/expect_error.hpp"

namespace fmcp::store {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string secret_1 = "the first secret, of enough bytes";
const std::string secret_2 = "the second secret, of enough bytes";

/// A store whose content the test may read and change, as somebody with the file could.
class open_store final : public store {
public:
   using place = std::pair<std::string, std::string>;
   struct entry {
      record content;
      std::chrono::milliseconds ttl;
   };

   core::result<record> get(std::string_view space, std::string_view key) override {
      const auto at = entries.find(place(space, key));
      if (at == entries.end()) return core::fail(core::errc::not_found, "no such key");
      return at->second.content;
   }
   core::result<std::uint64_t> put(std::string_view space, std::string_view key,
                                   std::string_view value, std::chrono::milliseconds ttl,
                                   std::uint64_t if_version) override {
      const auto at = entries.find(place(space, key));
      const auto current = at == entries.end() ? only_if_absent : at->second.content.version;
      if (if_version != any_version && if_version != current)
         return core::fail(core::errc::conflict, "another version");
      entries[place(space, key)] = {{std::string(value), ++last}, ttl};
      return last;
   }
   core::result<record> take(std::string_view space, std::string_view key) override {
      auto out = get(space, key);
      entries.erase(place(space, key));
      return out;
   }
   core::result<void> remove(std::string_view space, std::string_view key) override {
      entries.erase(place(space, key));
      return {};
   }
   core::result<std::size_t> purge() override { return 0; }

   std::map<place, entry> entries;
   std::uint64_t last = 0;
};

/// The same store in the hands of several sealed ones, one after the other.
class borrowed final : public store {
public:
   explicit borrowed(store& s) : s_(s) {}
   core::result<record> get(std::string_view space, std::string_view key) override {
      return s_.get(space, key);
   }
   core::result<std::uint64_t> put(std::string_view space, std::string_view key,
                                   std::string_view value, std::chrono::milliseconds ttl,
                                   std::uint64_t if_version) override {
      return s_.put(space, key, value, ttl, if_version);
   }
   core::result<record> take(std::string_view space, std::string_view key) override {
      return s_.take(space, key);
   }
   core::result<void> remove(std::string_view space, std::string_view key) override {
      return s_.remove(space, key);
   }
   core::result<std::size_t> purge() override { return s_.purge(); }

private:
   store& s_;
};

class SealedStore : public ::testing::Test {
protected:
   sealed_store open(std::string_view current, std::vector<std::string> previous = {}) {
      return {std::make_unique<borrowed>(file_), crypto::key_ring::make(current, previous).value(),
              limits{}, clock_};
   }
   /// Entries that are not the store's own.
   std::vector<open_store::place> places(std::string_view space) const {
      std::vector<open_store::place> out;
      for (const auto& [at, e] : file_.entries)
         if (at.first == space) out.push_back(at);
      return out;
   }

   core::manual_clock clock_;
   open_store file_;
};

TEST_F(SealedStore, ShowsNeitherNamesNorValues) {
   auto s = open(secret_1);
   ASSERT_TRUE(s.put("space", "refresh token of alice", "a token", 1h, any_version).has_value());
   ASSERT_EQ(places("space").size(), 1u);
   for (const auto& [at, e] : file_.entries) {
      EXPECT_THAT(at.second, Not(HasSubstr("alice")));
      EXPECT_THAT(e.content.value, Not(HasSubstr("token")));
   }
}

TEST_F(SealedStore, AnotherProcessWithTheSecretFindsEverything) {
   ASSERT_TRUE(open(secret_1).put("space", "key", "value", 1h, any_version).has_value());
   EXPECT_EQ(open(secret_1).get("space", "key").value().value, "value");
}

TEST_F(SealedStore, RefusesAChangedValue) {
   auto s = open(secret_1);
   ASSERT_TRUE(s.put("space", "key", "value", 1h, any_version).has_value());
   auto& value = file_.entries.at(places("space").front()).content.value;
   for (std::size_t i = 0; i < value.size(); ++i) {
      value[i] = static_cast<char>(value[i] ^ 1);
      EXPECT_ERROR(s.get("space", "key"), io);
      value[i] = static_cast<char>(value[i] ^ 1);
   }
   EXPECT_TRUE(s.get("space", "key").has_value());
}

TEST_F(SealedStore, RefusesValuesThatWereSwapped) {
   auto s = open(secret_1);
   ASSERT_TRUE(s.put("space", "mine", "1", 1h, any_version).has_value());
   ASSERT_TRUE(s.put("space", "yours", "2", 1h, any_version).has_value());
   const auto at = places("space");
   std::swap(file_.entries.at(at[0]), file_.entries.at(at[1]));
   EXPECT_ERROR(s.get("space", "mine"), io);
   EXPECT_ERROR(s.take("space", "yours"), io);
}

TEST_F(SealedStore, RefusesAValueThatWasMovedToAnotherSpace) {
   auto s = open(secret_1);
   ASSERT_TRUE(s.put("a", "key", "1", 1h, any_version).has_value());
   ASSERT_TRUE(s.put("b", "key", "2", 1h, any_version).has_value());
   std::swap(file_.entries.at(places("a").front()), file_.entries.at(places("b").front()));
   EXPECT_ERROR(s.get("a", "key"), io);
   // Nor under the name that it had there.
   file_.entries[{"b", places("a").front().second}] = file_.entries.at(places("a").front());
   EXPECT_ERROR(s.get("b", "key"), io);
}

TEST_F(SealedStore, NobodyLengthensALife) {
   auto s = open(secret_1);
   ASSERT_TRUE(s.put("space", "key", "value", 1000ms, any_version).has_value());
   clock_.advance(999ms); // the store below expires nothing
   EXPECT_TRUE(s.get("space", "key").has_value());
   clock_.advance(1ms);
   EXPECT_ERROR(s.get("space", "key"), not_found);
   EXPECT_ERROR(s.take("space", "key"), not_found);
}

TEST_F(SealedStore, ItsOwnSpaceIsClosed) {
   auto s = open(secret_1);
   EXPECT_ERROR(s.get("", "naming key"), invalid);
   EXPECT_ERROR(s.remove("", "naming key"), invalid);
   EXPECT_ERROR(s.put("", "naming key", "mine", 1h, any_version), invalid);
}

TEST_F(SealedStore, KeepsEverythingWhenTheSecretIsRotated) {
   ASSERT_TRUE(open(secret_1).put("space", "key", "value", 1h, any_version).has_value());
   {
      auto s = open(secret_2, {secret_1});
      EXPECT_EQ(s.get("space", "key").value().value, "value");
      ASSERT_TRUE(s.put("space", "newer", "value", 1h, any_version).has_value());
      EXPECT_EQ(places("space").size(), 2u);
   }
   // When the old secret goes, the names stay, and what was written since.
   auto s = open(secret_2);
   EXPECT_EQ(s.get("space", "newer").value().value, "value");
   const auto unreadable = s.get("space", "key");
   EXPECT_ERROR(unreadable, io);
   EXPECT_THAT(unreadable.error().message, HasSubstr("not given any more"));
   ASSERT_TRUE(s.put("space", "key", "again", 1h, any_version).has_value());
   EXPECT_EQ(s.get("space", "key").value().value, "again");
}

TEST_F(SealedStore, SaysThatTheSecretIsAnotherOneInsteadOfFindingNothing) {
   ASSERT_TRUE(open(secret_1).put("space", "key", "value", 1h, any_version).has_value());
   auto s = open(secret_2);
   const auto refused = s.get("space", "key");
   EXPECT_ERROR(refused, io);
   EXPECT_THAT(refused.error().message, HasSubstr("another key"));
   EXPECT_ERROR(s.put("space", "key", "value", 1h, any_version), io);
   EXPECT_ERROR(s.take("space", "key"), io);
   EXPECT_EQ(open(secret_1).get("space", "key").value().value, "value") << "nothing was harmed";
}

TEST_F(SealedStore, TwoThatStartTogetherUseOneNamingKey) {
   // The second one makes its key while the first one has put its own already.
   auto first = open(secret_1), second = open(secret_1);
   ASSERT_TRUE(first.put("space", "key", "value", 1h, any_version).has_value());
   EXPECT_EQ(second.get("space", "key").value().value, "value");
   EXPECT_ERROR(second.put("space", "key", "x", 1h, only_if_absent), conflict);
}

} // namespace
} // namespace fmcp::store
