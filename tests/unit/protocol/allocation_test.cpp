// The hot path of a request takes no memory from the heap. Counted, since it is easily lost: one
// std::string by value is enough.

#include <string>

#include <gtest/gtest.h>

#include "protocol/call_result.hpp"
#include "protocol/header_value.hpp"
#include "protocol/message.hpp"
#include "unit/protocol/counted_new.hpp"
#include "unit/protocol/parsed.hpp"
#include "unit/protocol/results.hpp"

namespace fmcp::protocol {
namespace {

template <class F>
std::size_t count_allocations(F&& work) {
   const auto before = test::allocations();
   work();
   return test::allocations() - before;
}

TEST(HotPath, IsCountedAtAll) {
   EXPECT_EQ(count_allocations([] { EXPECT_EQ(std::string(1000, 'x').size(), 1000u); }), 1u);
}

TEST(HotPath, ReadsEnvelopesWithoutTheHeap) {
   const test::parsed v(R"({"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"_meta":{
      "io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":1,
      "io.modelcontextprotocol/clientCapabilities":{}},"name":"echo"}})");
   EXPECT_EQ(count_allocations([&] {
                const message m = read_message(*v);
                const auto meta = read_meta(m.params);
                EXPECT_EQ(find_meta_fault(meta), nullptr);
             }),
             0u);
}

TEST(HotPath, ComparesLiteralHeadersWithoutTheHeap) {
   const test::parsed v(R"("a tool whose name is too long for a string without memory")");
   const std::string field(v->string());
   std::string memory;
   EXPECT_EQ(count_allocations([&] {
                const auto text = decode_header_value(field, memory);
                EXPECT_TRUE(says_the_same(*text, *v, header_parameter::type::string));
             }),
             0u);
}

TEST(HotPath, WritesTextResultsIntoTheGivenMemoryAlone) {
   const test::a_result r{
         {test::text_block("hello \"you\", in a text that no string holds inside")}, {}};
   std::string out;
   out.reserve(1000);
   encoder work;
   for (const auto spoken : {newest_legacy, newest_modern}) {
      out.clear();
      const auto fields = r.get();
      const result_rules rules{.spoken = spoken, .server_info_member = test::server_info};
      EXPECT_EQ(count_allocations([&] { (void)append_call_result(out, "1", fields, rules, work); }),
                0u);
      EXPECT_NE(out, "");
   }
}

TEST(HotPath, WritesStructuredResultsWithoutTheHeapOnceItsMemoryIsWarm) {
   const test::a_result r{{},
                          {.structured_json = R"({"temperature":21.5,"unit":"degrees Celsius"})"}};
   std::string out;
   out.reserve(1000);
   encoder work;
   const auto fields = r.get();
   const auto write = [&] {
      out.clear();
      (void)append_call_result(out, "1", fields, {.spoken = newest_modern}, work);
   };
   write();
   EXPECT_EQ(count_allocations(write), 0u);
}

} // namespace
} // namespace fmcp::protocol
