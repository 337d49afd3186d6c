// What JSON costs on the way of a request: one parse of a tools/call body, one check of its
// arguments, one answer written.

#include <string>

#include <benchmark/benchmark.h>

#include "json/document.hpp"
#include "json/schema.hpp"
#include "json/writer.hpp"

namespace {

using namespace fmcp::json;

const std::string body =
      R"({"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"echo","arguments":)"
      R"({"text":"The quick brown fox jumps over the lazy dog, 42 times"}}})";

constexpr const char* one_string = R"({"type":"object","properties":{"text":{"type":"string"}},)"
                                   R"("required":["text"]})";

constexpr const char* typical = R"({
   "type": "object",
   "properties": {
      "path": {"type": "string", "minLength": 1, "maxLength": 4096},
      "mode": {"enum": ["text", "binary", "auto"]},
      "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
      "recursive": {"type": "boolean"},
      "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10}
   },
   "required": ["path"],
   "additionalProperties": false
})";
const std::string typical_arguments =
      R"({"path":"src/json/schema.cpp","mode":"text","limit":200,"recursive":true,)"
      R"("tags":["a","b"]})";

void parse_call(benchmark::State& state) {
   document d;
   for (auto _ : state) benchmark::DoNotOptimize(d.parse(body));
   state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(parse_call);

void check(benchmark::State& state, const char* schema_text, const std::string& instance_text) {
   const auto compiled = schema::compile(schema_text).value();
   document d;
   const auto* instance = d.parse(instance_text).value();
   if (const auto* params = instance->find("params")) instance = params->find("arguments");
   if (!compiled->accepts(*instance)) state.SkipWithError("the instance is not valid");
   for (auto _ : state) benchmark::DoNotOptimize(compiled->accepts(*instance));
}
BENCHMARK_CAPTURE(check, one_string, one_string, body);
BENCHMARK_CAPTURE(check, typical, typical, typical_arguments);

void explain(benchmark::State& state) {
   const auto compiled = schema::compile(typical).value();
   document d;
   const std::string wrong = R"({"pth":"x","limit":0})";
   const auto* instance = d.parse(wrong).value();
   for (auto _ : state) benchmark::DoNotOptimize(compiled->check(*instance));
}
BENCHMARK(explain);

void compile(benchmark::State& state) {
   for (auto _ : state) benchmark::DoNotOptimize(schema::compile(typical));
}
BENCHMARK(compile);

void write_answer(benchmark::State& state) {
   std::string out;
   for (auto _ : state) {
      out.clear();
      writer w(out);
      w.begin_object().key("jsonrpc").string("2.0").key("id").raw("17").key("result");
      w.begin_object().key("content").begin_array().begin_object();
      w.key("type").string("text").key("text").string(
            "The quick brown fox jumps over the lazy dog");
      w.end_object().end_array().end_object().end_object();
      benchmark::DoNotOptimize(out.data());
   }
}
BENCHMARK(write_answer);

} // namespace

BENCHMARK_MAIN();
