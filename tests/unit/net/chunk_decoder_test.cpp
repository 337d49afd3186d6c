#include "net/chunk_decoder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

using outcome = chunk_decoder::outcome;

struct decoded {
   outcome what = outcome::more;
   std::string body;
   std::string rest; ///< behind the body
};

/// In pieces of `step` bytes, each decoded in place as the connection does it.
decoded decode(std::string_view bytes, std::size_t step, std::uint64_t max_body = 1000,
               std::size_t max_extra = 100) {
   chunk_decoder d;
   d.begin(max_body, max_extra);
   decoded out;
   for (std::size_t at = 0; at < bytes.size() && out.what == outcome::more; at += step) {
      std::string piece(bytes.substr(at, step));
      std::size_t used = 0, made = 0;
      out.what = d.decode(piece.data(), piece.size(), piece.data(), used, made);
      out.body += piece.substr(0, made);
      if (out.what == outcome::done) out.rest = bytes.substr(at + used);
      if (out.what == outcome::more) {
         EXPECT_EQ(used, piece.size());
      }
   }
   return out;
}

TEST(ChunkDecoder, PiecesOfAnySizeGiveTheSameBody) {
   const std::string bytes = "5\r\nhello\r\n"
                             "00A;ext=1;e2=\"q\\\"\\;\";e3\r\n0123456789\r\n"
                             "1 ;x\r\n!\r\n"
                             "0\r\nTrailer: value\r\nB:\r\n\r\nGET /";
   for (std::size_t step = 1; step <= bytes.size(); ++step) {
      const auto d = decode(bytes, step);
      ASSERT_EQ(d.what, outcome::done) << step;
      EXPECT_EQ(d.body, "hello0123456789!") << step;
      EXPECT_EQ(d.rest, "GET /") << step;
   }
}

TEST(ChunkDecoder, EmptyBodyEndsAtOnce) {
   const auto d = decode("0\r\n\r\n", 5);
   EXPECT_EQ(d.what, outcome::done);
   EXPECT_EQ(d.body, "");
}

struct malformed_row {
   const char* name;
   std::string bytes;
};
class Malformed : public testing::TestWithParam<malformed_row> {};

TEST_P(Malformed, IsRefusedInAnyPieces) {
   for (const std::size_t step : {std::size_t{1}, GetParam().bytes.size()}) {
      EXPECT_EQ(decode(GetParam().bytes, step).what, outcome::malformed) << step;
   }
}

INSTANTIATE_TEST_SUITE_P(
      ChunkDecoder, Malformed,
      testing::Values(malformed_row{"NoSize", "\r\nhello\r\n"},
                      malformed_row{"Plus", "+5\r\nhello"}, malformed_row{"Minus", "-5\r\nhello"},
                      malformed_row{"HexPrefix", "0x5\r\nhello"},
                      malformed_row{"BlankInFront", " 5\r\nhello"},
                      malformed_row{"BlankBehind", "5 \r\nhello"},
                      malformed_row{"SizeTooLong", "00000000000000005\r\nhello"},
                      malformed_row{"BareLineFeed", "5\nhello\n"},
                      malformed_row{"BareCarriageReturn", "5\rhello"},
                      malformed_row{"LineFeedInExtension", "5;a\nhello"},
                      malformed_row{"NulInExtension", std::string("5;\0\r\nhello", 9)},
                      malformed_row{"CarriageReturnInQuotes", "5;a=\"\r\n\"\r\nhello"},
                      malformed_row{"QuoteInSize", "5\"\r\nhello"},
                      malformed_row{"TooMuchData", "5\r\nhello!\r\n"},
                      malformed_row{"DataWithoutReturn", "5\r\nhello\n0\r\n\r\n"},
                      malformed_row{"DataWithoutLineFeed", "5\r\nhello\r0\r\n\r\n"},
                      malformed_row{"TrailerWithoutColon", "0\r\nabc\r\n\r\n"},
                      malformed_row{"TrailerFolded", "0\r\nA: b\r\n c\r\n\r\n"},
                      malformed_row{"TrailerBlankBeforeColon", "0\r\nA : b\r\n\r\n"},
                      malformed_row{"TrailerLineFeed", "0\r\nA: b\n\r\n"},
                      malformed_row{"EndWithoutLineFeed", "0\r\n\rX"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(ChunkDecoder, BodyIsBoundedBeforeItIsRead) {
   EXPECT_EQ(decode("3e8\r\n", 5).what, outcome::more);
   EXPECT_EQ(decode("3e9\r\n", 5).what, outcome::body_too_long);
   EXPECT_EQ(decode("ffffffffffffffff\r\n", 18).what, outcome::body_too_long);
   EXPECT_EQ(decode("5\r\nhello\r\n3e4\r\n", 1).what, outcome::body_too_long);
}

TEST(ChunkDecoder, ExtensionsAndTrailersAreBounded) {
   EXPECT_EQ(decode("5;" + std::string(200, 'a'), 7).what, outcome::line_too_long);
   EXPECT_EQ(decode("5;a=\"" + std::string(200, 'a'), 7).what, outcome::line_too_long);
   EXPECT_EQ(decode("0\r\nA: " + std::string(200, 'a'), 7).what, outcome::line_too_long);
   std::string many;
   for (int i = 0; i < 60; ++i) many += "1;a\r\nx\r\n";
   EXPECT_EQ(decode(many, 7).what, outcome::line_too_long) << "counted over all chunks";
   std::string plain;
   for (int i = 0; i < 60; ++i) plain += "1\r\nx\r\n";
   EXPECT_EQ(decode(plain, 7).what, outcome::more) << "size lines are bounded by the body";
}

} // namespace
} // namespace fmcp::net
