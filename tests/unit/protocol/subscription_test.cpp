#include "protocol/subscription.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/fake_backend.hpp"

namespace fmcp::protocol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Subscriber : public testing::Test {
protected:
   struct recorder final : subscriber {
      using subscriber::subscriber;
      void send(std::string_view message) override { said.emplace_back(message); }
      void close(std::string_view result) override { said.push_back("end " + std::string(result)); }
      std::vector<std::string> said;
   };
   test::fake_backend backend;
   service server{{.me = {.name = "unit", .version = "1"}}, backend};
   recorder subject{"7", subscription{.wants_tool_changes = true}, server};
};

TEST_F(Subscriber, SaysNothingBeforeItsAcknowledgement) {
   subject.on_tools_changed();
   subject.on_tools_changed();
   EXPECT_THAT(subject.said, IsEmpty());
   subject.acknowledge();
   EXPECT_THAT(subject.said, ElementsAre(HasSubstr("acknowledged"), HasSubstr("list_changed")))
         << "what came too early is told behind it, once";
   subject.on_tools_changed();
   EXPECT_EQ(subject.said.size(), 3u);
}

TEST_F(Subscriber, SaysItsGoodbyeBehindTheAcknowledgement) {
   subject.on_shutdown();
   EXPECT_THAT(subject.said, IsEmpty());
   subject.acknowledge();
   EXPECT_THAT(subject.said,
               ElementsAre(HasSubstr("acknowledged"),
                           HasSubstr(R"(end {"jsonrpc":"2.0","id":7,"result":{"resultType":)")));
}

TEST_F(Subscriber, SaysNothingAfterItsEnd) {
   subject.acknowledge();
   subject.end();
   subject.on_tools_changed();
   subject.on_shutdown();
   EXPECT_EQ(subject.said.size(), 1u);
}

TEST_F(Subscriber, SaysGoodbyeOnceAndNothingBehindIt) {
   subject.acknowledge();
   subject.on_shutdown();
   subject.on_shutdown();
   subject.on_tools_changed();
   EXPECT_EQ(subject.said.size(), 2u);
}

TEST_F(Subscriber, HearsOnlyWhatItAskedFor) {
   recorder other{"8", subscription{}, server};
   other.acknowledge();
   other.on_tools_changed();
   EXPECT_THAT(other.said, ElementsAre(HasSubstr(R"("notifications":{},)")));
}

} // namespace
} // namespace fmcp::protocol
