#include "net/line_splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

using lines = std::vector<std::string>;
constexpr std::size_t max_line = 10;

/// Long lines show as "(long)".
lines split(std::string_view bytes, std::size_t step) {
   line_splitter s(max_line);
   lines out;
   const auto line = [&](std::string_view text) { out.emplace_back(text); };
   for (std::size_t at = 0; at < bytes.size(); at += step) {
      s.feed(bytes.substr(at, step), line, [&] { out.emplace_back("(long)"); });
   }
   s.finish(line);
   return out;
}

struct row {
   const char* name;
   std::string bytes;
   lines expected;
};
class Lines : public testing::TestWithParam<row> {};

TEST_P(Lines, AreTheSameInAnyPieces) {
   for (std::size_t step = 1; step <= GetParam().bytes.size(); ++step) {
      EXPECT_EQ(split(GetParam().bytes, step), GetParam().expected) << "in pieces of " << step;
   }
}

INSTANTIATE_TEST_SUITE_P(
      LineSplitter, Lines,
      testing::Values(row{"Two", "one\ntwo\n", {"one", "two"}},
                      row{"CarriageReturns", "one\r\ntwo\r\n", {"one", "two"}},
                      row{"Empty", "\n\r\none\n\n\ntwo\n", {"one", "two"}},
                      row{"WithoutLastEnd", "one\ntwo", {"one", "two"}},
                      row{"InnerReturnStays", "a\rb\n", {"a\rb"}},
                      row{"OneReturnOnly", "a\r\r\n", {"a\r"}},
                      row{"Longest", "0123456789\nx\n", {"0123456789", "x"}},
                      row{"LongestWithReturn", "0123456789\r\nx\n", {"0123456789", "x"}},
                      row{"TooLong", "01234567890\nx\n", {"(long)", "x"}},
                      row{"TooLongWithReturn", "01234567890\r\nx\n", {"(long)", "x"}},
                      row{"ReturnThenMore", "0123456789\rx\ny\n", {"(long)", "y"}},
                      row{"MuchTooLong", std::string(100, 'a') + "\nx\n", {"(long)", "x"}},
                      row{"TwoTooLong",
                          std::string(30, 'a') + "\n" + std::string(30, 'b') + "\nx\n",
                          {"(long)", "(long)", "x"}},
                      row{"TooLongAtTheEnd", "x\n" + std::string(30, 'a'), {"x", "(long)"}},
                      row{"Nul", std::string("a\0b\n", 4), {std::string("a\0b", 3)}}),
      [](const auto& r) { return std::string(r.param.name); });

} // namespace
} // namespace fmcp::net
