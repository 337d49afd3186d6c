// What the protocol room costs on the way of a request: one envelope read, one header compared, one
// result written.

#include <string>

#include <benchmark/benchmark.h>

#include "protocol/call_result.hpp"
#include "protocol/catalogue.hpp"
#include "protocol/header_value.hpp"
#include "protocol/message.hpp"
#include "json/document.hpp"

namespace {

using namespace fmcp;
using namespace fmcp::protocol;

const std::string body =
      R"({"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"_meta":{)"
      R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
      R"("io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},)"
      R"("io.modelcontextprotocol/clientCapabilities":{}},"name":"echo","arguments":)"
      R"({"text":"The quick brown fox jumps over the lazy dog, 42 times"}}})";

constexpr std::string_view server_info =
      R"("io.modelcontextprotocol/serverInfo":{"name":"fastmcp-host","version":"0.1.0"})";

void read_envelope(benchmark::State& state) {
   json::document d;
   const auto* v = *d.parse(body);
   for (auto _ : state) {
      const message m = read_message(*v);
      const request_meta meta = read_meta(m.params);
      benchmark::DoNotOptimize(find_meta_fault(meta));
   }
}
BENCHMARK(read_envelope);

void compare_name(benchmark::State& state) {
   json::document d;
   const auto* v = *d.parse(body);
   const auto& name = *v->find("params")->find("name");
   std::string memory;
   for (auto _ : state) {
      const auto text = decode_header_value(" echo", memory);
      benchmark::DoNotOptimize(says_the_same(*text, name, header_parameter::type::string));
   }
}
BENCHMARK(compare_name);

void write(benchmark::State& state, const tool_result& r, const result_rules& rules) {
   std::string out;
   encoder work;
   for (auto _ : state) {
      out.clear();
      benchmark::DoNotOptimize(append_call_result(out, "17", r, rules, work));
   }
   state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}

const std::string sentence = "The quick brown fox jumps over the lazy dog, 42 times";

void write_text(benchmark::State& state) {
   const content block{.what = content::kind::text, .data = sentence};
   write(state, {.blocks = {&block, 1}},
         {.spoken = state.range(0) == 0 ? newest_legacy : newest_modern,
          .server_info_member = server_info});
}
BENCHMARK(write_text)->ArgName("modern")->Arg(0)->Arg(1);

void write_structured(benchmark::State& state) {
   json::document d;
   const auto tool = tool_definition::make(
         "t", **d.parse_copy(R"({"name":"t","inputSchema":{"type":"object"},"outputSchema":
            {"type":"object","properties":{"temperature":{"type":"number"},"unit":{"type":"string"}},
             "required":["temperature"]}})"));
   write(state, {.structured_json = R"({"temperature":21.5,"unit":"C"})"},
         {.spoken = newest_modern, .tool = tool->get(), .server_info_member = server_info});
}
BENCHMARK(write_structured);

void write_large(benchmark::State& state) {
   const std::string bytes(static_cast<std::size_t>(state.range(1)), 'x');
   const auto what = state.range(0) == 0 ? content::kind::text : content::kind::image;
   const content block{.what = what, .mime = "image/png", .data = bytes};
   write(state, {.blocks = {&block, 1}}, {.spoken = newest_modern});
}
BENCHMARK(write_large)
      ->ArgNames({"image", "bytes"})
      ->ArgsProduct({{0, 1}, {1 << 20, 16 << 20}})
      ->Unit(benchmark::kMillisecond);

void write_large_raw(benchmark::State& state) {
   std::string text = R"({"content":[],"structuredContent":[0)";
   for (std::int64_t i = 1; i < state.range(0); ++i) text.append(",\"sixteen letters\"");
   text.append("]}");
   write(state, {.raw_json = text}, {.spoken = newest_modern});
}
BENCHMARK(write_large_raw)->Arg(100'000)->Arg(900'000)->Unit(benchmark::kMillisecond);

void list_tools(benchmark::State& state) {
   json::document d;
   const auto v = d.parse_copy(R"({"name":"t","inputSchema":{"type":"object"}})");
   const catalogue c({{*tool_definition::make("t", **v), nullptr}}, {});
   for (auto _ : state) benchmark::DoNotOptimize(c.page(newest_modern, std::nullopt));
}
BENCHMARK(list_tools);

} // namespace

BENCHMARK_MAIN();
