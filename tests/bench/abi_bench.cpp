// What one call across the plugin ABI costs beyond the plugin's own work: slot, deadline, result
// copy, outcome, release. The plugin here does nothing but complete inline with 200 bytes.

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "plugins/grown.hpp"
#include "plugins/instance.hpp"

namespace {

using namespace fmcp::plugins;

const fmcp_host* host_table;
char answer[200];

void release_copy(void* owner, const void*, std::uint64_t) noexcept {
   std::free(owner);
}

fmcp_status complete_inline(void*, const fmcp_request* rq, fmcp_err*) noexcept {
   const bool is_owned = rq->name.len == 5; // "owned"
   fmcp_content block{};
   block.size = sizeof block;
   block.kind = FMCP_C_TEXT;
   block.data = {answer, sizeof answer, nullptr, nullptr};
   if (is_owned) {
      void* copy = std::malloc(sizeof answer);
      std::memcpy(copy, answer, sizeof answer);
      block.data = {copy, sizeof answer, release_copy, copy};
   }
   fmcp_result result{};
   result.size = sizeof result;
   result.content = {&block, 1, sizeof block};
   return host_table->complete(host_table->ctx, rq->call, &result);
}

fmcp_status list(void*, fmcp_list* out, fmcp_err*) noexcept {
   static const char json[] = R"({"name":"plain","inputSchema":{"type":"object"}})";
   static const char owned[] = R"({"name":"owned","inputSchema":{"type":"object"}})";
   static const char pooled[] = R"({"name":"pooled","inputSchema":{"type":"object"}})";
   static const char limited[] = R"({"name":"limited","inputSchema":{"type":"object"}})";
   const auto item = [](std::uint32_t exec, std::string_view name, std::string_view text,
                        std::uint32_t max_concurrency = 0) {
      fmcp_item made{};
      made.size = sizeof made;
      made.exec = exec;
      made.name = str(name);
      made.json = str(text);
      made.max_concurrency = max_concurrency;
      return made;
   };
   static const fmcp_item items[] = {
         item(FMCP_EX_NONBLOCKING, "plain", json),
         item(FMCP_EX_NONBLOCKING, "owned", owned),
         item(FMCP_EX_MAY_BLOCK, "pooled", pooled),
         item(FMCP_EX_NONBLOCKING, "limited", limited, 64),
   };
   *out = {items, 4, sizeof(fmcp_item)};
   return FMCP_OK;
}

const fmcp_tools tools{sizeof(fmcp_tools), 0, list, complete_inline};

const void* facet(void*, fmcp_str id) noexcept {
   return std::string_view(id.ptr, id.len) == "fmcp.tools/1" ? &tools : nullptr;
}

fmcp_plugin plugin_table{};

fmcp_status create(const fmcp_host* host, fmcp_str, const fmcp_plugin** out, fmcp_err*) noexcept {
   host_table = host;
   plugin_table.size = sizeof plugin_table;
   plugin_table.facet = facet;
   *out = &plugin_table;
   return FMCP_OK;
}

const fmcp_entry entry{sizeof(fmcp_entry), 1, 0, 0, create};

/// A caller that appends the text to an output buffer, as the protocol does.
class appending_call final : public call {
public:
   explicit appending_call(std::string& out, std::string_view name) : out_(out) {
      request.name = {name.data(), name.size()};
      request.args_json = {"{}", 2};
   }
   void on_progress(double, double, std::string_view) noexcept override {}
   void on_log(std::int32_t, std::string_view, std::string_view) noexcept override {}
   void on_result(const fmcp_result& r) noexcept override {
      for (std::uint32_t i = 0; i < r.content.count; ++i) {
         const fmcp_content c = content_at(r, i);
         out_.append(static_cast<const char*>(c.data.ptr), c.data.len);
      }
      is_over.store(true, std::memory_order_release);
      is_over.notify_one();
   }
   void on_failure(call_failure, std::string_view) noexcept override { std::abort(); }
   std::atomic<bool> is_over{false};

private:
   std::string& out_;
};

/// One instance for all benchmarks, for the life of the process.
const tool& find_tool(std::string_view name) {
   static const auto loaded = [] {
      instance::config c;
      c.name = "bench";
      c.deadlines =
            *new std::shared_ptr<timer>(std::make_shared<timer>(fmcp::core::clock::system()));
      auto plugin = instance::make(c);
      if (!plugin->attach(&entry, {})) std::abort();
      return *plugin->list();
   }();
   for (const auto& t : loaded) {
      if (t->name == name) return *t;
   }
   std::abort();
}

void run(benchmark::State& state, std::string_view name) {
   const tool& t = find_tool(name);
   std::string out;
   out.reserve(1024);
   for (auto _ : state) {
      out.clear();
      const auto c = std::make_shared<appending_call>(out, name);
      t.owner->start(t, c);
      c->is_over.wait(false, std::memory_order_acquire);
      benchmark::DoNotOptimize(out.data());
   }
}

/// What the benchmark itself costs: the caller's object, and the same work called directly.
void caller_alone(benchmark::State& state) {
   std::string out;
   out.reserve(1024);
   fmcp_content block{};
   block.size = sizeof block;
   block.data = {answer, sizeof answer, nullptr, nullptr};
   fmcp_result result{};
   result.size = sizeof result;
   result.content = {&block, 1, sizeof block};
   for (auto _ : state) {
      out.clear();
      const auto c = std::make_shared<appending_call>(out, "plain");
      c->on_result(result);
      benchmark::DoNotOptimize(out.data());
   }
}

void nonblocking(benchmark::State& state) {
   run(state, "plain");
}
void nonblocking_owned(benchmark::State& state) {
   run(state, "owned");
}
void nonblocking_limited(benchmark::State& state) {
   run(state, "limited");
}
void on_the_pool(benchmark::State& state) {
   run(state, "pooled");
}

BENCHMARK(caller_alone)->Name("AbiCall/caller_alone");
BENCHMARK(nonblocking)->Name("AbiCall/nonblocking")->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(nonblocking_owned)->Name("AbiCall/nonblocking_owned");
BENCHMARK(nonblocking_limited)->Name("AbiCall/nonblocking_limited");
BENCHMARK(on_the_pool)->Name("AbiCall/on_the_pool")->UseRealTime();

} // namespace

BENCHMARK_MAIN();
