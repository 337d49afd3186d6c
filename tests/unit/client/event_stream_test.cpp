#include "client/event_stream.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Fed in pieces of `size` bytes.
std::vector<std::string> events(std::string_view text, std::size_t size = std::string::npos) {
   event_stream s;
   std::vector<std::string> out;
   while (!text.empty()) {
      const auto piece = text.substr(0, size);
      EXPECT_TRUE(s.feed(piece, [&](const event_stream::event& e) {
         out.push_back(std::string(e.type) + "|" + std::string(e.data));
      }));
      text.remove_prefix(piece.size());
   }
   return out;
}

TEST(EventStream, IsReadInPiecesOfAnySize) {
   const std::string text = "\xef\xbb\xbf"
                            "event: message\ndata: {\"a\":\ndata:1}\n\n"
                            ": keep-alive\n\ndata: two\r\n\r\ndata: three\r\r";
   for (std::size_t size = 1; size <= text.size(); ++size)
      EXPECT_THAT(events(text, size),
                  ElementsAre("message|{\"a\":\n1}", "message|two", "message|three"))
            << size;
}

TEST(EventStream, KeepsAllButOneBlank) {
   EXPECT_THAT(events("data:  x \n\n"), ElementsAre("message| x "));
   EXPECT_THAT(events("data\ndata\n\n"), ElementsAre("message|\n"));
}

TEST(EventStream, DropsWhatIsNoEvent) {
   EXPECT_THAT(events("data: cut off\n"), IsEmpty());
   EXPECT_THAT(events("event: x\n\n"), IsEmpty());
   EXPECT_THAT(events("id: 1\nretry: 5\ndata:\n\n"), IsEmpty()) << "the priming event";
   EXPECT_THAT(events("nonsense: x\ndata: y\n\n"), ElementsAre("message|y"));
   EXPECT_THAT(events("event: ping\ndata: y\n\ndata: z\n\n"), ElementsAre("ping|y", "message|z"));
}

TEST(EventStream, KnowsTheLastId) {
   event_stream s;
   const auto nothing = [](const event_stream::event&) {};
   s.feed("id: 1\ndata: x\n\nid: 2\n", nothing);
   EXPECT_EQ(s.last_id(), "1");
   s.feed("\n", nothing);
   EXPECT_EQ(s.last_id(), "2");
}

TEST(EventStream, IsBounded) {
   event_stream s(16);
   const auto nothing = [](const event_stream::event&) {};
   EXPECT_TRUE(s.feed("data: 01234567\n\n", nothing));
   EXPECT_TRUE(s.feed("data: 01234567\n", nothing));
   EXPECT_FALSE(s.feed("data: 01234567\n", nothing)) << "an event of many lines";
   EXPECT_FALSE(s.feed("\n\n", nothing)) << "nothing more is read";
   event_stream one_line(16);
   EXPECT_FALSE(one_line.feed(std::string(17, 'x'), nothing));
}

} // namespace
} // namespace fmcp::client
