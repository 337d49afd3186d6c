#include "plugins/host.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plugins/module.hpp"
#include "support/temp_dir.hpp"
#include "unit/plugins/fake_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp::plugins {
namespace {

using test::built;
using test::recorded_call;
using test::with;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

const plugin_status& status_of(const snapshot& s, std::string_view file_end) {
   for (const auto& p : s.plugins) {
      if (p.file.ends_with(file_end)) return p;
   }
   throw std::runtime_error("no status for " + std::string(file_end));
}

std::vector<std::string> names_of(const snapshot& s) {
   std::vector<std::string> out;
   for (const auto& t : s.tools) out.push_back(t->name);
   return out;
}

/// A host over a directory of its own.
class running {
public:
   running() {
      o.directories = {dir.at("plugins")};
      std::filesystem::create_directory(dir.at("plugins"));
      o.on_change = [this](std::shared_ptr<const snapshot> s) {
         changes.change([&] { published.push_back(std::move(s)); });
      };
   }
   void put(std::string_view name, const std::string& bytes, mode_t mode = 0644) {
      dir.put("plugins/" + std::string(name), bytes, mode);
   }
   void put_built(std::string_view name) {
      put(std::string(name.substr(name.find('/') + 1)) + ".so", built(name));
   }
   void load(std::chrono::milliseconds patience = 10s) {
      subject = host::make(o);
      subject->load_all(patience);
   }
   /// Whether a snapshot with exactly these tools was published, in any order.
   bool published_with(std::vector<std::string> names) {
      return changes.wait([&] {
         return std::ranges::any_of(published, [&](const auto& s) {
            return testing::Matches(testing::UnorderedElementsAreArray(names))(names_of(*s));
         });
      });
   }
   bool has_settled() {
      return changes.wait([&] { return !published.empty() && subject->settled(); });
   }
   std::shared_ptr<recorded_call> call(std::string_view tool_name, std::string args = "{}") {
      auto c = std::make_shared<recorded_call>(std::string(tool_name), std::move(args));
      const auto now = subject->current();
      for (const auto& t : now->tools) {
         if (t->name != tool_name) continue;
         subject->start(*t, c);
         return c;
      }
      throw std::runtime_error("no tool " + std::string(tool_name));
   }
   std::string answer(std::string_view tool_name, std::string args = "{}") {
      const auto c = call(tool_name, std::move(args));
      return c->wait() ? c->text() : "no answer";
   }

   test::temp_dir dir;
   options o;
   test::latch_box changes;
   std::vector<std::shared_ptr<const snapshot>> published;
   std::unique_ptr<host> subject;
};

TEST(Host, ServesWhatIsInTheDirectory) {
   running r;
   r.put_built("echo");
   r.load();
   EXPECT_TRUE(r.subject->settled());
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   const auto& status = status_of(*now, "echo.so");
   EXPECT_EQ(status.state, state::active);
   EXPECT_EQ(status.name, "echo");
   EXPECT_EQ(status.reason, "");
   EXPECT_THAT(status.tools, ElementsAre("echo"));
   EXPECT_EQ(r.answer("echo", R"({"text":"hello"})"), "hello");
   EXPECT_EQ(r.published.size(), 1u);
}

TEST(Host, WithNothingToLoadSettlesAtOnce) {
   running r;
   EXPECT_EQ(host::make({})->current()->generation, 0u);
   r.load();
   EXPECT_TRUE(r.subject->settled());
   EXPECT_TRUE(r.subject->current()->tools.empty());
   EXPECT_EQ(r.subject->current()->generation, 1u);
}

TEST(Host, NamesEveryMalformedFileAndServesTheOthers) {
   running r;
   const auto good = built("echo");
   const auto note = test::note_at(good) + test::note_fixed;
   r.put("echo.so", good);
   r.put("bad01.so", good.substr(0, good.size() * 2 / 3));
   r.put("bad02.so", "this is no library");
   r.put("bad03.so", with<char>(good, EI_CLASS, ELFCLASS32));
   r.put("bad04.so", with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_machine), EM_S390));
   r.put("bad05.so", test::swapped(good, FMCP_NOTE_NAME, "XMCPPL"));
   r.put("bad06.so", test::with_two_notes(good));
   r.put("bad07.so", with<std::uint32_t>(good, note, 0));
   r.put("bad08.so", built("bad_abi"));
   r.put("bad09.so", with<std::uint32_t>(good, note + 8, 1));
   r.put("bad10.so", with(good, note + 16, 'x'));
   r.put("bad11.so", test::swapped(good, "fmcp_plugin_entry_v1", "fmcp_plugin_entry_v0"));
   r.put("bad12.so", good, 0666);
   // Under names of their own, since the same plugin twice is a fault of its own.
   const auto other = [&](std::string_view name) { return test::swapped(good, "echo", name); };
   r.put("bad13.so", test::swapped(other("ech1"), "calloc", "callox"));
   r.put("bad14.so", test::swapped(other("ech2"), "libc.so.6", "libq.so.6"));
   r.put("bad15.so", "");
   r.put("bad16.so", with<char>(good, EI_DATA, ELFDATA2MSB));
   r.put("bad17.so", test::swapped(good, "fmcp.tools/1\"]}", "fmcp.tools/1\"] ")); // not closed
   r.dir.put("elsewhere.so", other("ech3"));
   std::filesystem::create_symlink(r.dir.at("elsewhere.so"), r.dir.at("plugins/bad18.so"));
   r.put("bad19.so", built("unit/failing_create"));
   r.put("bad20.so", other("ech4"), 0664);
   std::filesystem::create_directory(r.dir.at("plugins/bad21.so"));
   ASSERT_EQ(::mkfifo(r.dir.at("plugins/bad22.so").c_str(), 0644), 0); // nobody ever writes to it
   r.put("bad23.so", test::swapped(other("ech5"), "libc.so.6", "./xx.so.6"));
   r.put("bad24.so", with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_type), ET_EXEC));
   r.put("bad25.so", test::swapped(good, "\"name\":\"echo\"", "\"name\":\"ECHO\""));
   r.dir.put("open/other.so", other("ech6"));
   ASSERT_EQ(::chmod(r.dir.at("open").c_str(), 0777), 0);
   r.o.directories.push_back(r.dir.at("open"));
   r.load();

   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   const std::pair<const char*, const char*> expected[] = {
         {"bad01.so", "is cut off"},
         {"bad02.so", "is not an ELF file"},
         {"bad03.so", "is a 32-bit file"},
         {"bad04.so", "is for s390x"},
         {"bad05.so", "has no manifest note"},
         {"bad06.so", "has two manifest notes"},
         {"bad07.so", "was built for ABI 0.0"},
         {"bad08.so", "was built for ABI 999.0"},
         {"bad09.so", "needs a host with ABI 1.1"},
         {"bad10.so", "has a manifest that is not JSON"},
         {"bad11.so", "does not export fmcp_plugin_entry_v1"},
         {"bad12.so", "is writable by everybody"},
         {"bad13.so", "(plugin ech1) could not be loaded: undefined symbol: callox"},
         {"bad14.so", "libq.so.6: cannot open shared object file"},
         {"bad15.so", "is empty"},
         {"bad16.so", "is a big-endian file"},
         {"bad17.so", "a comma or } is missing; mend the text that FMCP_MANIFEST is given."},
         {"bad18.so", "is a symbolic link"},
         {"bad19.so", "(plugin failing_create) failed in create(): the licence has run out"},
         {"bad20.so", "is writable by its group (mode 0664)"},
         {"bad21.so", "is not a regular file"},
         {"bad22.so", "is not a regular file"},
         {"bad23.so", "(plugin ech5) needs ./xx.so.6, a path"},
         {"bad24.so", "is a program"},
         {"bad25.so", "the name \"ECHO\" is not"},
         {"/open", "is writable by everybody (mode 0777)"},
   };
   for (const auto& [file, message] : expected) {
      const auto& status = status_of(*now, file);
      EXPECT_EQ(status.state, state::failed) << file;
      EXPECT_THAT(status.reason, AllOf(HasSubstr(file), HasSubstr(message)));
   }
   EXPECT_EQ(now->plugins.size(), std::size(expected) + 1);
   EXPECT_EQ(r.answer("echo", R"({"text":"still here"})"), "still here");
}

// Whatever moment of a copy it is, nothing of the file reaches the loader.
TEST(Host, SaysOfAHalfCopiedFileHowFarItCame) {
   running r;
   const auto good = built("echo");
   std::vector<std::size_t> sizes{1, 15, 63, 64, 100, 4095, 4096, good.size() - 1};
   for (std::size_t size = 512; size < good.size(); size += 512) sizes.push_back(size);
   for (const auto size : sizes) r.put(std::to_string(size) + ".so", good.substr(0, size));
   r.put("whole.so", good);
   r.load();
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   for (const auto size : sizes) {
      const auto& status = status_of(*now, "/" + std::to_string(size) + ".so");
      EXPECT_EQ(status.state, state::failed) << size;
      EXPECT_THAT(status.reason,
                  HasSubstr("is cut off: it has " + std::to_string(size) + " bytes"));
      EXPECT_THAT(status.reason, HasSubstr("move it into place"));
   }
}

TEST(Host, RefusesTheLaterOfTwoFilesWithTheSameTool) {
   running r;
   r.put_built("dup_b");
   r.put_built("dup_a");
   r.put_built("echo");
   r.load();
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("dup", "echo"));
   EXPECT_THAT(status_of(*now, "dup_b.so").reason,
               AllOf(HasSubstr("dup_b.so (plugin dup_b) lists tool dup"), HasSubstr("dup_a.so")));
   EXPECT_EQ(r.answer("dup"), "dup_a");
}

TEST(Host, RefusesTheSamePluginTwice) {
   running r;
   r.put("first.so", built("echo"));
   r.put("second.so", built("echo"));
   r.load();
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   EXPECT_THAT(status_of(*now, "second.so").reason,
               AllOf(HasSubstr("second.so"), HasSubstr("the same name as"), HasSubstr("first.so")));
}

TEST(Host, SkipsPluginsOfOtherKinds) {
   running r;
   r.put("auth.so", test::swapped(built("echo"), "fmcp.tools/1", "fmcp.authx/1"));
   r.load();
   const auto now = r.subject->current();
   EXPECT_TRUE(now->tools.empty());
   EXPECT_EQ(status_of(*now, "auth.so").state, state::skipped);
   EXPECT_THAT(status_of(*now, "auth.so").reason, HasSubstr("fmcp.authx/1"));
}

TEST(Host, SettingsAreAskedBeforeAnyCodeRuns) {
   running r;
   r.put_built("constructor_note");
   r.put_built("echo");
   const auto trace = r.dir.at("trace");
   ::setenv("FMCP_TEST_CONSTRUCTOR_FILE", trace.c_str(), 1);
   r.o.settings = [](std::string_view name, const json::value& manifest,
                     std::span<const std::string> others) -> core::result<plugin_settings> {
      EXPECT_EQ(manifest.find_string("name"), name);
      EXPECT_THAT(others, testing::ElementsAre(name == "echo" ? "constructor_note" : "echo"));
      if (name == "echo") return plugin_settings{};
      return core::fail(core::errc::invalid, "FASTMCP_PLUGIN_X is missing.");
   };
   r.load();
   ::unsetenv("FMCP_TEST_CONSTRUCTOR_FILE");
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   EXPECT_THAT(status_of(*now, "constructor_note.so").reason,
               AllOf(HasSubstr("cannot be configured"), HasSubstr("FASTMCP_PLUGIN_X is missing")));
   EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(Host, AToolThatCannotBePreparedRefusesItsPlugin) {
   running r;
   r.put_built("bad_json");
   r.put_built("echo");
   r.o.prepare_tool = [](std::string_view name,
                         const json::value& tool) -> core::result<std::shared_ptr<const void>> {
      EXPECT_EQ(tool.find_string("name"), name);
      if (name == "bad_json") {
         return core::fail(core::errc::invalid, "inputSchema is no schema: /properties/a/type.");
      }
      return std::make_shared<int>(7);
   };
   r.load();
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   EXPECT_EQ(*static_cast<const int*>(now->tools[0]->prepared.get()), 7);
   EXPECT_THAT(status_of(*now, "bad_json.so").reason,
               AllOf(HasSubstr("bad_json.so (plugin bad_json) lists tool bad_json"),
                     HasSubstr("/properties/a/type")));
}

/// A constructor's way is barred as long as this lives.
class barred_gate {
public:
   explicit barred_gate(const test::temp_dir& dir) : dir_(dir) {
      ::setenv("FMCP_TEST_CONSTRUCTOR_GATE", dir_.at("gate").c_str(), 1);
   }
   ~barred_gate() { open(); }
   void open() {
      dir_.put("gate", "");
      ::unsetenv("FMCP_TEST_CONSTRUCTOR_GATE");
   }

private:
   const test::temp_dir& dir_;
};

// What is published meanwhile depends on how fast the others are loaded, so these tests wait for
// what they are about, and not for a moment in time.

TEST(Host, AHangingInitIsGivenUpWhileOthersServe) {
   running r;
   r.put_built("echo");
   r.put_built("hang_init");
   r.put_built("dup_a");
   r.o.load_timeout = 2s;
   r.load(0ms);
   ASSERT_TRUE(r.published_with({"dup", "echo"}));
   EXPECT_EQ(status_of(*r.subject->current(), "hang_init.so").state, state::loading);
   EXPECT_EQ(r.answer("echo", R"({"text":"meanwhile"})"), "meanwhile");
   ASSERT_TRUE(r.has_settled());
   const auto& status = status_of(*r.subject->current(), "hang_init.so");
   EXPECT_EQ(status.state, state::failed);
   EXPECT_THAT(status.reason, AllOf(HasSubstr("hang_init.so (plugin hang_init)"),
                                    HasSubstr("its init() has not returned")));
   EXPECT_EQ(r.answer("echo", R"({"text":"after"})"), "after");
}

TEST(Host, AHangingConstructorIsNamedForItselfAndForThoseBehindIt) {
   running r;
   r.put_built("echo");
   r.put_built("unit/slow_constructor");
   r.put("z.so", built("dup_a"));
   r.o.load_timeout = 2s;
   barred_gate gate(r.dir);
   r.load();
   const auto now = r.subject->current();
   EXPECT_THAT(names_of(*now), ElementsAre("echo"));
   EXPECT_THAT(status_of(*now, "slow_constructor.so").reason,
               HasSubstr("its constructor has not returned"));
   EXPECT_THAT(status_of(*now, "z.so").reason,
               AllOf(HasSubstr("(plugin dup_a) could not be loaded: a constructor of"),
                     HasSubstr("slow_constructor.so has not returned")));
   EXPECT_EQ(r.answer("echo", R"({"text":"alive"})"), "alive");
   gate.open();
   // The loader's lock is free again for the tests that follow when this gets it.
   (void)module::load(sealed_copy::make(built("echo"), "echo.so").value());
}

TEST(Host, APluginThatComesUpAfterThePatienceIsPublishedThen) {
   running r;
   r.put_built("echo");
   r.put_built("unit/slow_constructor");
   barred_gate gate(r.dir);
   r.load(0ms);
   ASSERT_TRUE(r.published_with({"echo"}));
   EXPECT_FALSE(r.subject->settled());
   gate.open();
   ASSERT_TRUE(r.has_settled());
   EXPECT_THAT(names_of(*r.subject->current()), ElementsAre("echo", "slow_constructor"));
   EXPECT_EQ(r.answer("slow_constructor"), "at last");
}

TEST(Host, ACallThatHangsDelaysNobodyElse) {
   running r;
   r.put_built("echo");
   r.put_built("hang_call");
   r.o.call_timeout = 1s;
   r.o.max_threads_per_plugin = 2;
   r.load();
   std::vector<std::shared_ptr<recorded_call>> hanging;
   for (int i = 0; i < 4; ++i) hanging.push_back(r.call("hang_call"));
   hanging.push_back(r.call("hang_async"));
   for (int i = 0; i < 100; ++i) ASSERT_EQ(r.answer("echo", R"({"text":"x"})"), "x");
   for (const auto& c : hanging) {
      ASSERT_TRUE(c->wait());
      EXPECT_EQ(c->why(), call_failure::timed_out);
   }
   // Two are inside for ever; those that waited behind them are gone.
   EXPECT_TRUE(test::eventually([&] { return r.subject->stuck_calls() == 2; }));
   EXPECT_EQ(r.answer("echo", R"({"text":"still"})"), "still");
}

TEST(Host, SurvivesLateDoubleAndForeignCompletions) {
   running r;
   for (const auto* name : {"late_complete", "double_complete", "foreign_complete"}) {
      r.put_built(name);
   }
   r.load();
   const auto late = r.call("late_complete");
   EXPECT_EQ(r.answer("double_complete"), "first");
   EXPECT_EQ(r.answer("double_complete_count"), "refused 1, released 1");
   EXPECT_EQ(r.answer("foreign_complete"), "accepted 0");
   ASSERT_TRUE(late->wait());
   EXPECT_EQ(late->why(), call_failure::timed_out);
   EXPECT_TRUE(test::eventually([&] { return r.answer("late_complete_count") == "refused 1"; }));
   EXPECT_TRUE(test::eventually([&] { return r.subject->stuck_calls() == 0; }));
}

TEST(Host, ListsAgainWhenAPluginSaysSo) {
   running r;
   std::atomic<int> shouts{0};
   r.o.on_resource_updated = [&](std::string_view plugin, std::string_view uri) {
      EXPECT_EQ(plugin, "growing");
      EXPECT_EQ(uri, "file:///shout");
      ++shouts;
   };
   r.put_built("dup_a");
   r.put_built("unit/growing");
   r.load();
   const auto before = r.subject->current();
   EXPECT_THAT(names_of(*before), ElementsAre("dup", "grow", "shout"));
   EXPECT_EQ(r.answer("shout"), "done");
   EXPECT_EQ(shouts, 1);

   EXPECT_EQ(r.answer("grow"), "done"); // the third tool collides: the old list stays
   EXPECT_FALSE(r.changes.wait([&] { return r.published.size() == 2; }, 200ms));
   EXPECT_THAT(names_of(*r.subject->current()), ElementsAre("dup", "grow", "shout"));
   r.subject.reset();

   std::filesystem::remove(r.dir.at("plugins/dup_a.so"));
   r.published.clear();
   r.load();
   EXPECT_EQ(r.answer("grow"), "done");
   ASSERT_TRUE(r.changes.wait([&] { return r.published.size() == 2; }));
   EXPECT_THAT(names_of(*r.subject->current()), ElementsAre("grow", "shout", "dup"));
   EXPECT_GT(r.subject->current()->generation, 1u);
   EXPECT_THAT(status_of(*r.subject->current(), "growing.so").tools,
               ElementsAre("grow", "shout", "dup"));
}

TEST(Host, GivesEachPluginADirectoryOfItsOwn) {
   running r;
   r.o.data_dir = r.dir.at("state/data");
   r.put_built("echo");
   r.load();
   struct stat status{};
   ASSERT_EQ(::stat(r.dir.at("state/data/echo").c_str(), &status), 0);
   EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(Host, GivesNoDirectoryThatOthersCanWriteOrThatIsALinkToOne) {
   running r;
   r.o.data_dir = r.dir.at("state");
   r.put_built("data_dir");
   std::filesystem::create_directories(r.dir.at("state/data_dir"));
   ASSERT_EQ(::chmod(r.dir.at("state/data_dir").c_str(), 0777), 0);
   r.load();
   EXPECT_EQ(r.answer("data_dir"), "");
   r.subject.reset();

   ASSERT_EQ(::chmod(r.dir.at("state/data_dir").c_str(), 0700), 0);
   r.load();
   EXPECT_EQ(r.answer("data_dir"), r.dir.at("state/data_dir"));
   r.subject.reset();

   std::filesystem::remove(r.dir.at("state/data_dir"));
   std::filesystem::create_directory(r.dir.at("elsewhere"));
   std::filesystem::create_directory_symlink(r.dir.at("elsewhere"), r.dir.at("state/data_dir"));
   r.load();
   EXPECT_EQ(r.answer("data_dir"), "");
}

TEST(Host, DrainsWhatRunsAndRefusesWhatComes) {
   running r;
   r.put_built("echo");
   r.put_built("hang_call");
   r.load();
   const auto hanging = r.call("hang_async");
   r.subject->drain(50ms);
   EXPECT_EQ(hanging->why(), call_failure::stopped);
   const auto late = r.call("echo", R"({"text":"x"})");
   EXPECT_EQ(late->why(), call_failure::stopped);
}

TEST(Host, TheFileMayBeOverwrittenWhileItServes) {
   running r;
   r.put_built("echo");
   r.load();
   std::ofstream(r.dir.at("plugins/echo.so"), std::ios::trunc) << "gone";
   EXPECT_EQ(r.answer("echo", R"({"text":"unharmed"})"), "unharmed");
}

} // namespace
} // namespace fmcp::plugins
