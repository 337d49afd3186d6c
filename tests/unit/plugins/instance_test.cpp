#include <atomic>
#include <cmath>
#include <cstring>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/grown.hpp"
#include "plugins/registry.hpp"
#include "unit/plugins/fake_plugin.hpp"

namespace fmcp::plugins {
namespace {

using test::buffer_ledger;
using test::fake_plugin;
using test::recorded_call;
using testing::HasSubstr;
using namespace std::chrono_literals;

fmcp_status say(fmcp_err* err, std::string_view text, fmcp_status status) {
   err->len = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), err->cap));
   std::memcpy(err->msg, text.data(), err->len);
   return status;
}

// ---- tables that break the contract ----

struct bent_table {
   const char* name;
   std::function<void(fake_plugin&)> bend;
   const char* message;
};

class InstanceRefuses : public testing::TestWithParam<bent_table> {};

TEST_P(InstanceRefuses, WithItsOwnSentence) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, {}}, {"b", FMCP_EX_NONBLOCKING, {}}};
   GetParam().bend(p);
   EXPECT_THAT(p.start(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
      Tables, InstanceRefuses,
      testing::Values(
            bent_table{"EntrySizeZero", [](auto& p) { p.entry.size = 0; }, "entry whose size"},
            bent_table{"EntrySizeOdd", [](auto& p) { p.entry.size = sizeof(fmcp_entry) + 1; },
                       "entry whose size"},
            bent_table{"EntrySizeHuge", [](auto& p) { p.entry.size = 1u << 30; },
                       "entry whose size"},
            bent_table{"EntryOtherMajor", [](auto& p) { p.entry.abi_major = 2; },
                       "entry for ABI 2.0"},
            bent_table{"EntryNeedsMinor", [](auto& p) { p.entry.abi_minor_needed = 7; },
                       "contradicts its manifest"},
            bent_table{"CreateNull", [](auto& p) { p.entry.create = nullptr; },
                       "without a create function"},
            bent_table{"CreateFails", [](auto& p) { p.create_status = FMCP_E_NO_MEMORY; },
                       "create(): FMCP_E_NO_MEMORY"},
            bent_table{"TableNull", [](auto& p) { p.made = nullptr; }, "no table from create()"},
            bent_table{"TableSizeZero", [](auto& p) { p.table.size = 0; }, "fmcp_plugin.size"},
            bent_table{"TableSizeOdd", [](auto& p) { p.table.size = 27; }, "fmcp_plugin.size"},
            bent_table{"TableSizeHuge", [](auto& p) { p.table.size = 1u << 20; },
                       "fmcp_plugin.size"},
            bent_table{"TableEndsInsideAMember",
                       [](auto& p) { p.table.size = offsetof(fmcp_plugin, cancel) + 4; },
                       "fmcp_plugin.size"},
            bent_table{"InitFails",
                       [](auto& p) {
                          p.table.init = [](void*, const fmcp_init*, fmcp_err* err) noexcept {
                             return say(err, "the key \"zone\" is empty", FMCP_E_CONFIG);
                          };
                       },
                       "cannot use its settings: the key \"zone\" is empty"},
            bent_table{"FacetNull", [](auto& p) { p.table.facet = nullptr; }, "offers no tools"},
            bent_table{"ToolsSize", [](auto& p) { p.tools_table.size = 3; }, "fmcp_tools.size"},
            bent_table{"ListNull", [](auto& p) { p.tools_table.list = nullptr; }, "without list()"},
            bent_table{"CallNull", [](auto& p) { p.tools_table.call = nullptr; }, "without call()"},
            bent_table{"CallCutOff",
                       [](auto& p) { p.tools_table.size = offsetof(fmcp_tools, call); },
                       "without call()"},
            bent_table{"StrideZero",
                       [](auto& p) { p.bend_list = [](auto&, fmcp_list& l) { l.stride = 0; }; },
                       "stride of 0"},
            bent_table{
                  "ItemsNull",
                  [](auto& p) { p.bend_list = [](auto&, fmcp_list& l) { l.items = nullptr; }; },
                  "at no address"},
            bent_table{"TooManyItems",
                       [](auto& p) { p.bend_list = [](auto&, fmcp_list& l) { l.count = 1025; }; },
                       "lists 1025 tools"},
            bent_table{"ItemSizeZero",
                       [](auto& p) { p.bend_list = [](auto& i, auto&) { i[1].size = 0; }; },
                       "number 2 with a size that cannot be true"},
            bent_table{"ItemLargerThanStride",
                       [](auto& p) { p.bend_list = [](auto& i, auto&) { i[0].size += 8; }; },
                       "larger than the list's stride"},
            bent_table{
                  "NameNull",
                  [](auto& p) { p.bend_list = [](auto& i, auto&) { i[0].name.ptr = nullptr; }; },
                  "with a name that is not"},
            bent_table{"NameReserved", [](auto& p) { p.offered[0].name = "fastmcp.reload"; },
                       "reserved"},
            bent_table{"NameWithBlank", [](auto& p) { p.offered[0].name = "a b"; },
                       "with a name that is not"},
            bent_table{"TwiceTheSame", [](auto& p) { p.offered[1].name = "a"; },
                       "lists tool a twice"},
            bent_table{"JsonNotClosed",
                       [](auto& p) { p.bend_list = [](auto& i, auto&) { --i[0].json.len; }; },
                       "whose JSON cannot be read"},
            bent_table{"JsonOtherName",
                       [](auto& p) { p.bend_list = [](auto& i, auto&) { i[0].json = i[1].json; }; },
                       "no object with that name"},
            bent_table{"NoInputSchema",
                       [](auto& p) {
                          p.bend_list = [](auto& i, auto&) { i[0].json = str(R"({"name":"a"})"); };
                       },
                       "without an inputSchema"},
            bent_table{"ScopesCannotBeStepped",
                       [](auto& p) {
                          p.bend_list = [](auto& i, auto&) { i[0].required_scopes.count = 1; };
                       },
                       "list of scopes"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(Instance, RefusesAnEntryThatIsNotThere) {
   fake_plugin p;
   ASSERT_EQ(p.start(), "");
   EXPECT_THAT(p.instance->attach(nullptr, {}).error().message, HasSubstr("returns no entry"));
}

TEST(Instance, CallsSettingsAsTheOperatorKnowsThem) {
   static const char* words;
   const auto problem = [](const char* said, fmcp_status status = FMCP_E_CONFIG) {
      static fmcp_status code;
      code = status;
      words = said;
      fake_plugin p;
      p.settings.labels = {{"zone", "FASTMCP_PLUGIN_FAKE_ZONE (.env:3)"}, {"home", "{zone}"}};
      p.table.init = [](void*, const fmcp_init*, fmcp_err* err) noexcept {
         return say(err, words, code);
      };
      return p.start();
   };
   EXPECT_EQ(problem("{zone} is empty, {zone}."),
             "cannot use its settings: FASTMCP_PLUGIN_FAKE_ZONE (.env:3) is empty, "
             "FASTMCP_PLUGIN_FAKE_ZONE (.env:3).");
   for (const char* plain : {"{none} and {", "}{", "{{}}", "{ zone}", "{zone"})
      EXPECT_EQ(problem(plain), std::string("cannot use its settings: ") + plain);
   EXPECT_EQ(problem("{{zone}"), "cannot use its settings: {FASTMCP_PLUGIN_FAKE_ZONE (.env:3)");
   EXPECT_EQ(problem("{home}"), "cannot use its settings: {zone}") << "once is enough";
   EXPECT_EQ(problem("{zone} is empty", FMCP_E_FAIL), "failed in init(): {zone} is empty");
}

TEST(Instance, DestroysWhatCouldNotBeInitialised) {
   fake_plugin p;
   p.table.init = [](void*, const fmcp_init*, fmcp_err*) noexcept -> fmcp_status {
      return FMCP_E_IO;
   };
   EXPECT_THAT(p.start(), HasSubstr("FMCP_E_IO"));
   EXPECT_EQ(p.destroyed, 1);
   EXPECT_TRUE(p.instance->retire(1s));
   p.is_retired = true;
   EXPECT_EQ(p.destroyed, 1);
   EXPECT_EQ(p.quiesced, 0);
}

// [task]: never after destroy() returned, and what init() posted is no exception.
TEST(Instance, DestroysOnlyWhenWhatInitPostedIsBack) {
   static fake_plugin* subject;
   static std::atomic<int> early, late;
   static std::promise<void> begun;
   early = late = 0;
   begun = {};
   fake_plugin p;
   subject = &p;
   p.table.init = [](void*, const fmcp_init*, fmcp_err*) noexcept -> fmcp_status {
      const auto count = [](void*) noexcept { ++(subject->destroyed == 0 ? early : late); };
      const auto& exec = subject->exec();
      exec.post(
            subject->host->ctx,
            [](void*) noexcept {
               begun.set_value();
               for (int i = 0; i < 1000 && subject->destroyed == 0; ++i) std::this_thread::yield();
               ++(subject->destroyed == 0 ? early : late);
            },
            nullptr);
      exec.after(subject->host->ctx, 3'600'000, count, nullptr, nullptr);
      begun.get_future().wait();
      return FMCP_E_IO;
   };
   EXPECT_THAT(p.start(), HasSubstr("FMCP_E_IO"));
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(early, 2);
   EXPECT_EQ(late, 0);
   EXPECT_EQ(p.destroyed, 1);
}

TEST(Instance, IsNotEnteredAgainOnceItIsDestroyed) {
   static std::atomic<int> late;
   static fake_plugin* subject;
   late = 0;
   fake_plugin p;
   subject = &p;
   p.tools_table.list = [](void*, fmcp_list*, fmcp_err*) noexcept -> fmcp_status {
      late += subject->destroyed;
      return FMCP_E_FAIL;
   };
   EXPECT_NE(p.start(), ""); // up, and not listed yet: it is stopped just then
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_THAT(p.instance->list().error().message, HasSubstr("is being stopped"));
   EXPECT_THAT(p.instance->attach(&p.entry, {}).error().message, HasSubstr("is being stopped"));
   EXPECT_EQ(late, 0);
   EXPECT_EQ(p.destroyed, 1);
}

TEST(Instance, PassesSettingsAndSecretsToInit) {
   static std::string seen;
   fake_plugin p;
   p.settings = {R"({"zone":"UTC"})", {{"key", "hush"}}};
   p.table.init = [](void*, const fmcp_init* in, fmcp_err*) noexcept -> fmcp_status {
      const auto* secret = static_cast<const fmcp_kv*>(in->secrets.items);
      seen = std::string(test::text_of(in->instance)) + " " +
             std::string(test::text_of(in->config_json)) + " " +
             std::string(test::text_of(secret->key)) + "=" +
             std::string(test::text_of(secret->value));
      return in->secrets.count == 1 && in->size == sizeof *in ? FMCP_OK : FMCP_E_INVALID;
   };
   EXPECT_EQ(p.start(), "");
   EXPECT_EQ(seen, R"(fake {"zone":"UTC"} key=hush)");
}

TEST(Instance, WorksWithAPluginOfFewerMembers) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request& rq, fmcp_err*) { return p.complete(rq.call, "fine"); }}};
   p.table.size = offsetof(fmcp_plugin, cancel);
   p.table.cancel =
         reinterpret_cast<decltype(p.table.cancel)>(std::uintptr_t{16}); // beyond its end
   ASSERT_EQ(p.start(), "");
   EXPECT_EQ(p.call("a")->text(), "fine");
}

// ---- one call ----

TEST(Call, CompletesInsideStart) {
   buffer_ledger ledger;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    EXPECT_EQ(rq.size, sizeof rq);
                    EXPECT_GT(rq.deadline_ns, p.host->mono_ns(p.host->ctx));
                    EXPECT_EQ(p.complete_owned(rq.call, "now", ledger), FMCP_OK);
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_EQ(c->outcomes(), 1);
   EXPECT_EQ(c->text(), "now");
   EXPECT_EQ(ledger.returned, 1);
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

TEST(Call, RunsOnAThreadOfThePluginWhenItMayBlock) {
   std::thread::id ran_on;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_MAY_BLOCK, [&](const fmcp_request& rq, fmcp_err*) {
                    ran_on = std::this_thread::get_id();
                    p.complete(rq.call, "later");
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   ASSERT_TRUE(c->wait());
   EXPECT_EQ(c->text(), "later");
   EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(Call, HandsTheWordsOfAFailureOver) {
   fake_plugin p;
   p.offered = {{"words", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request&, fmcp_err* err) {
                    return say(err, "the disk is full\n", FMCP_E_IO);
                 }},
                {"silent", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request&, fmcp_err*) { return FMCP_E_DENIED; }},
                {"liar", FMCP_EX_NONBLOCKING, [&](const fmcp_request&, fmcp_err* err) {
                    err->len = 1u << 30;
                    return FMCP_E_FAIL;
                 }}};
   ASSERT_EQ(p.start(), "");
   EXPECT_EQ(p.call("words")->text(), "the disk is full\\n");
   EXPECT_EQ(p.call("words")->why(), call_failure::failed);
   EXPECT_THAT(p.call("silent")->text(), HasSubstr("FMCP_E_DENIED"));
   EXPECT_THAT(p.call("liar")->text(), HasSubstr("FMCP_E_FAIL"));
}

// What completes later has the same way to fail as what fails inside invoke: words for the
// operator, which the client sees unless details are hidden.
TEST(Call, FailsLaterInTheSameWay) {
   buffer_ledger ledger;
   fmcp_call handle = 0;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto outcome = [&](std::string_view words) {
      const auto c = p.call("a");
      fmcp_result r{};
      r.size = sizeof r;
      r.outcome = FMCP_OUT_FAILED;
      r.message = str(words);
      r.meta_json = ledger.lend("{}");
      EXPECT_EQ(p.host->complete(p.host->ctx, handle, &r), FMCP_OK);
      EXPECT_FALSE(c->has_result());
      EXPECT_EQ(c->why(), call_failure::failed);
      return c->text();
   };
   EXPECT_EQ(outcome("the disk is full\n"), "the disk is full\\n");
   EXPECT_EQ(outcome("bad \xff byte"), "bad \xEF\xBF\xBD byte");
   EXPECT_EQ(outcome(std::string(5000, 'x')).size(), 1024u);
   EXPECT_THAT(outcome(""), HasSubstr("Tool a of plugin fake failed without saying why"));
   EXPECT_EQ(ledger.returned, 4);
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

TEST(Call, CarriesTheTagOfItsItem) {
   std::vector<std::uint64_t> seen;
   fake_plugin p;
   const auto note = [&](const fmcp_request& rq, fmcp_err*) {
      seen.push_back(rq.tag);
      return p.complete(rq.call, "");
   };
   p.offered = {{"a", FMCP_EX_NONBLOCKING, note, 0, 0, 7}, {"b", FMCP_EX_NONBLOCKING, note}};
   ASSERT_EQ(p.start(), "");
   p.call("a");
   p.call("b");
   const auto before = p.tools;
   p.offered[0].tag = UINT64_MAX;
   p.tools = p.instance->list().value();
   EXPECT_FALSE(is_same_list(before, p.tools)); // so the host publishes it
   p.call("a");
   EXPECT_THAT(seen, testing::ElementsAre(7u, 0u, UINT64_MAX));
}

TEST(Call, ThatReturnsOkWithoutAResultIsMisbehaviour) {
   fake_plugin p;
   p.offered = {
         {"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request&, fmcp_err*) { return FMCP_OK; }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_EQ(c->why(), call_failure::misbehaved);
   EXPECT_THAT(c->text(), HasSubstr("Tool a of plugin fake returned without a result"));
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

TEST(Call, RefusesASecondCompletionAndReleasesItsBuffers) {
   buffer_ledger ledger;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    EXPECT_EQ(p.complete_owned(rq.call, "first", ledger), FMCP_OK);
                    EXPECT_EQ(p.complete_owned(rq.call, "second", ledger), FMCP_E_GONE);
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_EQ(c->text(), "first");
   EXPECT_EQ(c->outcomes(), 1);
   EXPECT_EQ(ledger.lent, 2);
   EXPECT_EQ(ledger.returned, 2);
}

TEST(Call, IsNotCompletedByForgedHandles) {
   buffer_ledger ledger;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    for (fmcp_call other = 0; other < 5000; ++other) {
                       EXPECT_EQ(p.complete_owned(other, "forged", ledger), FMCP_E_GONE);
                    }
                    for (unsigned bit = 0; bit < 64; ++bit) {
                       EXPECT_EQ(p.complete(rq.call ^ (std::uint64_t{1} << bit), "forged"),
                                 FMCP_E_GONE);
                    }
                    EXPECT_EQ(p.host->complete(nullptr, rq.call, nullptr), FMCP_E_GONE);
                    fmcp_result owned{};
                    owned.size = sizeof owned;
                    owned.meta_json = ledger.lend("{}");
                    EXPECT_EQ(p.host->complete(nullptr, rq.call, &owned), FMCP_E_GONE);
                    return p.complete(rq.call, "mine");
                 }}};
   ASSERT_EQ(p.start(), "");
   EXPECT_EQ(p.call("a")->text(), "mine");
   EXPECT_EQ(ledger.returned, 5001);
}

TEST(Call, PendingEndsWithALaterCompletion) {
   fmcp_call handle = 0;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_EQ(c->outcomes(), 0);
   EXPECT_EQ(p.host->cancelled(p.host->ctx, handle), 0);
   std::thread([&] { EXPECT_EQ(p.complete(handle, "eventually"), FMCP_OK); }).join();
   EXPECT_EQ(c->text(), "eventually");
   EXPECT_NE(p.host->cancelled(p.host->ctx, handle), 0);
   EXPECT_EQ(p.complete(handle, "again"), FMCP_E_GONE);
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

TEST(Call, KeepsTheRequestUntilThePluginIsDone) {
   fmcp_call handle = 0;
   const fmcp_request* seen = nullptr;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    seen = &rq;
                    return FMCP_PENDING;
                 }}};
   ASSERT_EQ(p.start(), "");
   auto c = p.call("a", R"({"k":1})");
   instance::cancel(*c, FMCP_CANCEL_CLIENT);
   EXPECT_EQ(c->why(), call_failure::cancelled);
   const std::weak_ptr<recorded_call> watch = c;
   c.reset();
   ASSERT_FALSE(watch.expired());
   EXPECT_EQ(test::text_of(seen->args_json), R"({"k":1})"); // asan: still there
   EXPECT_EQ(p.instance->calls().stuck(), 1u);
   EXPECT_EQ(p.complete(handle, "late"), FMCP_E_GONE);
   EXPECT_TRUE(watch.expired());
   EXPECT_EQ(p.instance->calls().stuck(), 0u);
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

struct bent_result {
   const char* name;
   std::function<void(fmcp_result&, fmcp_content&)> bend;
   const char* message;
};
class ResultRefused : public testing::TestWithParam<bent_result> {};

TEST_P(ResultRefused, EndsTheCallWithItsOwnSentence) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    fmcp_content block{};
                    block.size = sizeof block;
                    block.kind = FMCP_C_TEXT;
                    fmcp_result r{};
                    r.size = sizeof r;
                    r.content = {&block, 1, sizeof block};
                    GetParam().bend(r, block);
                    EXPECT_EQ(p.host->complete(p.host->ctx, rq.call, &r), FMCP_E_INVALID);
                    return FMCP_OK;
                 }}};
   instance::config c;
   c.max_result_bytes = 1000;
   ASSERT_EQ(p.start(c), "");
   const auto made = p.call("a");
   EXPECT_EQ(made->outcomes(), 1);
   EXPECT_EQ(made->why(), call_failure::misbehaved);
   EXPECT_THAT(made->text(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
      Results, ResultRefused,
      testing::Values(
            bent_result{"SizeZero", [](auto& r, auto&) { r.size = 0; }, "size cannot be true"},
            bent_result{"SizeHuge", [](auto& r, auto&) { r.size = 1u << 24; },
                        "size cannot be true"},
            bent_result{"StrideZero", [](auto& r, auto&) { r.content.stride = 0; },
                        "cannot be stepped"},
            bent_result{"CountHuge", [](auto& r, auto&) { r.content.count = UINT32_MAX; },
                        "cannot be stepped"},
            bent_result{"BlockSize", [](auto&, auto& b) { b.size = 4; }, "block whose size"},
            bent_result{"UnknownKind", [](auto&, auto& b) { b.kind = 99; }, "of a kind"},
            bent_result{"NullMeta", [](auto&, auto& b) { b.meta_json.len = 5; }, "no address"},
            bent_result{"NullBytes", [](auto&, auto& b) { b.data.len = 5; }, "no address"},
            bent_result{"TooLarge",
                        [](auto&, auto& b) {
                           static const std::string large(1001, 'x');
                           b.data = {large.data(), large.size(), nullptr, nullptr};
                        },
                        "more bytes than a result may have"},
            bent_result{"LengthsOverflow",
                        [](auto& r, auto& b) {
                           b.data = {"x", UINT64_MAX, nullptr, nullptr};
                           r.message = {"x", UINT64_MAX};
                        },
                        "more bytes than a result may have"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(Call, StepsContentByItsOwnStride) {
   struct longer {
      fmcp_content content;
      char future[64];
   };
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    longer blocks[3]{};
                    for (auto& b : blocks) {
                       b.content.size = sizeof(longer);
                       b.content.kind = FMCP_C_TEXT;
                       b.content.data = {"ab", 2, nullptr, nullptr};
                    }
                    fmcp_result r{};
                    r.size = sizeof r;
                    r.outcome = 77; // unknown
                    r.content = {blocks, 3, sizeof(longer)};
                    return p.host->complete(p.host->ctx, rq.call, &r);
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_EQ(c->text(), "ababab");
   EXPECT_EQ(c->outcome(), FMCP_OUT_RPC_ERROR);
}

// ---- progress and logs ----

TEST(Progress, MustRiseAndIsDroppedWhenNobodyAskedForIt) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    const auto report = [&](double done) {
                       return p.host->progress(p.host->ctx, rq.call, done, 10, str("step"));
                    };
                    EXPECT_EQ(report(1), FMCP_OK);
                    EXPECT_EQ(report(1), FMCP_E_INVALID);
                    EXPECT_EQ(report(0.5), FMCP_E_INVALID);
                    EXPECT_EQ(report(NAN), FMCP_E_INVALID);
                    EXPECT_EQ(report(HUGE_VAL), FMCP_E_INVALID);
                    EXPECT_EQ(report(2), FMCP_OK);
                    p.complete(rq.call, "");
                    EXPECT_EQ(report(3), FMCP_E_GONE);
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto asked = p.call("a", "{}", FMCP_RQ_PROGRESS);
   EXPECT_THAT(asked->progress(),
               testing::ElementsAre(testing::Pair(1.0, "step"), testing::Pair(2.0, "step")));
   EXPECT_TRUE(p.call("a")->progress().empty());
}

TEST(Progress, RepairsItsText) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    p.host->progress(p.host->ctx, rq.call, 1, 0, str("bad \xff byte"));
                    return p.complete(rq.call, "");
                 }}};
   ASSERT_EQ(p.start(), "");
   EXPECT_EQ(p.call("a", "{}", FMCP_RQ_PROGRESS)->progress().front().second,
             "bad \xEF\xBF\xBD byte");
}

TEST(Progress, MayCancelItsOwnCallFromTheCallback) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    EXPECT_EQ(p.host->progress(p.host->ctx, rq.call, 1, 0, {}), FMCP_OK);
                    EXPECT_EQ(p.host->progress(p.host->ctx, rq.call, 2, 0, {}), FMCP_E_GONE);
                    EXPECT_EQ(p.complete(rq.call, "too late"), FMCP_E_GONE);
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = std::make_shared<recorded_call>("a", "{}", FMCP_RQ_PROGRESS);
   c->during_progress = [&] { instance::cancel(*c, FMCP_CANCEL_CLIENT); };
   p.start_call("a", c);
   EXPECT_EQ(c->outcomes(), 1);
   EXPECT_EQ(c->why(), call_failure::cancelled);
   EXPECT_EQ(p.instance->calls().live(), 0u);
   c->during_progress = {};
}

TEST(ClientLog, PassesValidJsonOnOneLine) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    const auto log = [&](std::int32_t level, std::string_view data) {
                       return p.host->client_log(p.host->ctx, rq.call, level, str("me"), str(data));
                    };
                    EXPECT_EQ(log(FMCP_LOG_WARN, "{\n\"a\": 1}"), FMCP_OK);
                    EXPECT_EQ(log(99, "\"x\""), FMCP_OK);
                    EXPECT_EQ(log(FMCP_LOG_INFO, "{"), FMCP_E_INVALID);
                    p.complete(rq.call, "");
                    EXPECT_EQ(log(FMCP_LOG_INFO, "1"), FMCP_E_GONE);
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(), "");
   EXPECT_THAT(p.call("a")->logs(), testing::ElementsAre(testing::Pair(FMCP_LOG_WARN, R"({"a":1})"),
                                                         testing::Pair(FMCP_LOG_INFO, "\"x\"")));
}

// ---- deadlines and cancellation ----

TEST(Deadline, AnswersAtOnceAndTellsThePlugin) {
   fmcp_call handle = 0;
   fake_plugin p;
   p.offered = {{"async", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 },
                 0, 30}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("async");
   ASSERT_TRUE(c->wait());
   EXPECT_EQ(c->why(), call_failure::timed_out);
   EXPECT_EQ(c->text(), "Tool async of plugin fake did not answer within 30 ms.");
   ASSERT_TRUE(p.told.wait([&] { return !p.cancelled.empty(); }));
   EXPECT_EQ(p.cancelled.front(), std::pair(handle, std::int32_t{FMCP_CANCEL_DEADLINE}));
   EXPECT_EQ(p.complete(handle, "late"), FMCP_E_GONE);
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

TEST(Deadline, HoldsForACallThatBlocks) {
   std::promise<void> enter, release;
   auto entered = enter.get_future();
   auto released = release.get_future().share();
   core::manual_clock clock; // stands still until the call is inside
   fake_plugin p;
   p.offered = {{"block", FMCP_EX_MAY_BLOCK,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    enter.set_value();
                    released.wait();
                    EXPECT_EQ(p.complete(rq.call, "late"), FMCP_E_GONE);
                    return FMCP_OK;
                 },
                 0, 30}};
   instance::config config;
   config.clock = &clock;
   ASSERT_EQ(p.start(config), "");
   const auto c = p.call("block");
   entered.wait();
   EXPECT_EQ(c->outcomes(), 0);
   clock.advance(30ms);
   ASSERT_TRUE(c->wait());
   EXPECT_EQ(c->why(), call_failure::timed_out);
   EXPECT_TRUE(test::eventually([&] { return p.instance->calls().stuck() == 1; }));
   release.set_value();
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(p.instance->calls().stuck(), 0u);
}

TEST(Deadline, CountsTheTimeInTheQueue) {
   std::promise<void> release;
   auto released = release.get_future().share();
   std::atomic<int> entered{0};
   fake_plugin p;
   p.offered = {{"block", FMCP_EX_MAY_BLOCK,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    ++entered;
                    released.wait();
                    return p.complete(rq.call, "done");
                 }},
                {"quick", FMCP_EX_MAY_BLOCK,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    ++entered;
                    return p.complete(rq.call, "never");
                 },
                 0, 30}};
   instance::config config;
   config.max_threads = 1;
   ASSERT_EQ(p.start(config), "");
   const auto first = p.call("block");
   const auto second = p.call("quick");
   ASSERT_TRUE(second->wait());
   EXPECT_EQ(second->why(), call_failure::timed_out);
   EXPECT_EQ(p.instance->calls().stuck(), 0u); // it never got there
   release.set_value();
   ASSERT_TRUE(first->wait());
   EXPECT_EQ(first->text(), "done");
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(entered, 1);
}

TEST(Cancel, BeforeTheStartEndsItThere) {
   bool was_entered = false;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    was_entered = true;
                    return p.complete(rq.call, "");
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = std::make_shared<recorded_call>("a");
   instance::cancel(*c, 0);
   EXPECT_EQ(c->outcomes(), 0);
   p.start_call("a", c);
   EXPECT_EQ(c->why(), call_failure::cancelled);
   EXPECT_EQ(c->outcomes(), 1);
   EXPECT_FALSE(was_entered);
   EXPECT_EQ(p.instance->calls().live(), 0u);
}

TEST(Cancel, AfterTheEndDoesNothing) {
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request& rq, fmcp_err*) { return p.complete(rq.call, "x"); }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   instance::cancel(*c, 0);
   EXPECT_EQ(c->outcomes(), 1);
   EXPECT_EQ(c->text(), "x");
}

TEST(Cancel, DoesNotWaitForAPluginThatBlocksInIt) {
   std::promise<void> release;
   auto released = release.get_future().share();
   fmcp_call handle = 0;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 }}};
   p.on_cancel = [&](fmcp_call) { released.wait(); };
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   instance::cancel(*c, FMCP_CANCEL_CLIENT); // would hang here
   EXPECT_EQ(c->why(), call_failure::cancelled);
   release.set_value();
   EXPECT_EQ(p.complete(handle, ""), FMCP_E_GONE);
}

// ---- limits ----

TEST(Bulkhead, SaysBusyWhenTheQueueIsFull) {
   std::promise<void> release;
   auto released = release.get_future().share();
   std::atomic<int> inside{0};
   fake_plugin p;
   p.offered = {{"block", FMCP_EX_MAY_BLOCK, [&](const fmcp_request& rq, fmcp_err*) {
                    ++inside;
                    released.wait();
                    return p.complete(rq.call, "done");
                 }}};
   instance::config config;
   config.max_threads = 2;
   config.max_queue = 3;
   ASSERT_EQ(p.start(config), "");
   std::vector<std::shared_ptr<recorded_call>> calls{p.call("block"), p.call("block")};
   while (inside < 2) std::this_thread::yield();
   for (int i = 0; i < 3; ++i) calls.push_back(p.call("block"));
   const auto refused = p.call("block");
   EXPECT_EQ(refused->why(), call_failure::busy);
   EXPECT_THAT(refused->text(), HasSubstr("too many calls"));
   release.set_value();
   for (const auto& c : calls) {
      ASSERT_TRUE(c->wait());
      EXPECT_EQ(c->text(), "done");
   }
}

TEST(Bulkhead, FreesTheQueueWhenWaitingCallsAreCancelled) {
   std::promise<void> release;
   auto released = release.get_future().share();
   std::atomic<int> inside{0};
   fake_plugin p;
   p.offered = {{"block", FMCP_EX_MAY_BLOCK, [&](const fmcp_request& rq, fmcp_err*) {
                    ++inside;
                    released.wait();
                    return p.complete(rq.call, "done");
                 }}};
   instance::config config;
   config.max_threads = 1;
   config.max_queue = 1;
   ASSERT_EQ(p.start(config), "");
   const auto first = p.call("block");
   while (inside < 1) std::this_thread::yield();
   const auto second = p.call("block");
   EXPECT_EQ(p.call("block")->why(), call_failure::busy);
   instance::cancel(*second, 0);
   const auto third = p.call("block");
   EXPECT_EQ(third->outcomes(), 0);
   release.set_value();
   ASSERT_TRUE(third->wait());
   EXPECT_EQ(third->text(), "done");
   EXPECT_EQ(second->why(), call_failure::cancelled);
}

TEST(Bulkhead, LimitsRunningAndStuckCallsTogether) {
   std::vector<fmcp_call> handles;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handles.push_back(rq.call);
                    return FMCP_PENDING;
                 }}};
   instance::config config;
   config.max_calls = 3;
   ASSERT_EQ(p.start(config), "");
   std::vector<std::shared_ptr<recorded_call>> calls;
   for (int i = 0; i < 3; ++i) calls.push_back(p.call("a"));
   for (const auto& c : calls) instance::cancel(*c, 0);
   EXPECT_EQ(p.instance->calls().stuck(), 3u);
   EXPECT_EQ(p.call("a")->why(), call_failure::busy);
   EXPECT_EQ(p.complete(handles[1], ""), FMCP_E_GONE);
   EXPECT_EQ(p.call("a")->outcomes(), 0);
   for (const auto h : handles) EXPECT_LE(p.complete(h, "x"), FMCP_OK);
}

TEST(Concurrency, OneAfterTheOther) {
   std::atomic<int> inside{0}, most{0};
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_MAY_BLOCK,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    const int now = ++inside;
                    if (now > most) most = now;
                    std::this_thread::yield();
                    --inside;
                    return p.complete(rq.call, "x");
                 },
                 1}};
   ASSERT_EQ(p.start(), "");
   std::vector<std::shared_ptr<recorded_call>> calls;
   for (int i = 0; i < 100; ++i) calls.push_back(p.call("a"));
   for (const auto& c : calls) {
      ASSERT_TRUE(c->wait());
      EXPECT_TRUE(c->has_result());
   }
   EXPECT_EQ(most, 1);
}

TEST(Concurrency, AnInlineToolWaitsForItsTurn) {
   std::vector<fmcp_call> handles;
   test::latch_box box;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    box.change([&] { handles.push_back(rq.call); });
                    return FMCP_PENDING;
                 },
                 1}};
   ASSERT_EQ(p.start(), "");
   const auto first = p.call("a");
   const auto second = p.call("a");
   EXPECT_EQ(box.read([&] { return handles.size(); }), 1u);
   EXPECT_EQ(p.complete(handles[0], "1"), FMCP_OK);
   ASSERT_TRUE(box.wait([&] { return handles.size() == 2; }));
   EXPECT_EQ(p.complete(handles[1], "2"), FMCP_OK);
   ASSERT_TRUE(second->wait());
   EXPECT_EQ(second->text(), "2");
}

// ---- services ----

TEST(ExecService, RunsPostedWorkOnAThreadOfThePool) {
   fake_plugin p;
   ASSERT_EQ(p.start(), "");
   static test::latch_box box;
   static std::thread::id ran_on;
   ran_on = {};
   ASSERT_EQ(p.exec().post(
                   p.host->ctx,
                   [](void*) noexcept { box.change([] { ran_on = std::this_thread::get_id(); }); },
                   nullptr),
             FMCP_OK);
   ASSERT_TRUE(box.wait([] { return ran_on != std::thread::id{}; }));
   EXPECT_NE(ran_on, std::this_thread::get_id());
   EXPECT_EQ(p.exec().post(p.host->ctx, nullptr, nullptr), FMCP_E_INVALID);
}

struct task_count {
   test::latch_box box;
   int n = 0;
   static void add(void* self) noexcept {
      auto& me = *static_cast<task_count*>(self);
      me.box.change([&] { ++me.n; });
   }
};

TEST(ExecService, RunsLaterAndEarlierWhenBroughtForward) {
   task_count soon, forward;
   fake_plugin p;
   ASSERT_EQ(p.start(), "");
   fmcp_op op = 0;
   ASSERT_EQ(p.exec().after(p.host->ctx, 20, task_count::add, &soon, nullptr), FMCP_OK);
   ASSERT_EQ(p.exec().after(p.host->ctx, 3'600'000, task_count::add, &forward, &op), FMCP_OK);
   ASSERT_TRUE(soon.box.wait([&] { return soon.n == 1; }));
   EXPECT_EQ(forward.box.read([&] { return forward.n; }), 0);
   p.exec().bring_forward(p.host->ctx, op);
   ASSERT_TRUE(forward.box.wait([&] { return forward.n == 1; }));
   p.exec().bring_forward(p.host->ctx, op);
   p.exec().bring_forward(p.host->ctx, 999);
}

TEST(ExecService, BoundsWhatWaitsAndRunsAllOfItBeforeTheEnd) {
   task_count count;
   instance::config config;
   config.max_queue = 8;
   fake_plugin p;
   ASSERT_EQ(p.start(config), "");
   int accepted = 0;
   while (p.exec().after(p.host->ctx, 3'600'000, task_count::add, &count, nullptr) == FMCP_OK) {
      ++accepted;
   }
   EXPECT_EQ(accepted, 1024);
   EXPECT_EQ(p.exec().after(p.host->ctx, 1, task_count::add, &count, nullptr), FMCP_E_LIMIT);
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(count.n, 1024);
   EXPECT_EQ(p.destroyed, 1);
   EXPECT_EQ(p.exec().post(p.host->ctx, task_count::add, &count), FMCP_E_GONE);
   EXPECT_EQ(p.exec().after(p.host->ctx, 1, task_count::add, &count, nullptr), FMCP_E_GONE);
}

TEST(Services, AreNullWhenUnknown) {
   fake_plugin p;
   ASSERT_EQ(p.start(), "");
   for (const auto* id : {"fmcp.http/1", "fmcp.kv/1", "fmcp.exec/2", "", "fmcp.exec/1 "}) {
      EXPECT_EQ(p.host->service(p.host->ctx, str(id)), nullptr) << id;
   }
   EXPECT_NE(p.host->service(p.host->ctx, str("fmcp.notify/1")), nullptr);
   EXPECT_EQ(p.host->service(p.host->ctx, {nullptr, 5}), nullptr);
}

TEST(NotifyService, KnowsWhatIsOffered) {
   fake_plugin p;
   ASSERT_EQ(p.start(), "");
   const auto& notify =
         *static_cast<const fmcp_notify*>(p.host->service(p.host->ctx, str("fmcp.notify/1")));
   EXPECT_EQ(notify.list_changed(p.host->ctx, str("fmcp.tools/1")), FMCP_OK);
   EXPECT_EQ(notify.list_changed(p.host->ctx, str("fmcp.prompts/1")), FMCP_E_NOT_FOUND);
   EXPECT_EQ(notify.list_changed(p.host->ctx, str("nonsense")), FMCP_E_NOT_FOUND);
   EXPECT_EQ(notify.resource_updated(p.host->ctx, str("file:///x")), FMCP_OK);
   EXPECT_EQ(notify.resource_updated(p.host->ctx, str("\xff")), FMCP_E_INVALID);
}

// ---- stopping ----

TEST(Retire, AnswersOpenCallsAndWaitsForThePlugin) {
   std::promise<fmcp_call> got;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    got.set_value(rq.call);
                    return FMCP_PENDING;
                 }}};
   p.on_cancel = [&](fmcp_call c) { EXPECT_EQ(p.complete(c, ""), FMCP_E_GONE); };
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(c->why(), call_failure::stopped);
   EXPECT_EQ(p.quiesced, 1);
   EXPECT_EQ(p.destroyed, 1);
   EXPECT_EQ(p.call("a")->why(), call_failure::stopped);
}

TEST(Retire, GivesUpOnACallThatNeverEnds) {
   fmcp_call handle = 0;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("a");
   EXPECT_FALSE(p.instance->retire(20ms));
   EXPECT_EQ(c->outcomes(), 1);
   EXPECT_EQ(p.destroyed, 0);
   EXPECT_EQ(p.complete(handle, ""), FMCP_E_GONE); // it comes back after all
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(p.quiesced, 1); // not a second time
   EXPECT_EQ(p.destroyed, 1);
}

// A call that was accepted may go on in steps while the host drains.
TEST(Drain, RefusesNewCallsAndLetsTasksOfOldOnesRun) {
   static fake_plugin* subject;
   static fmcp_call handle;
   fake_plugin p;
   subject = &p;
   p.offered = {{"steps", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 }}};
   ASSERT_EQ(p.start(), "");
   const auto c = p.call("steps");
   p.instance->refuse_calls();
   EXPECT_EQ(p.call("steps")->why(), call_failure::stopped);
   const auto finish = [](void*) noexcept { subject->complete(handle, "all steps"); };
   ASSERT_EQ(p.exec().after(p.host->ctx, 1, finish, nullptr, nullptr), FMCP_OK);
   ASSERT_TRUE(c->wait());
   EXPECT_EQ(c->text(), "all steps");
}

} // namespace
} // namespace fmcp::plugins
