// Throws wherever the wrapper calls it: nothing of it may leave the file.

#include <fmcp/cpp/plugin.hpp>

namespace {

struct options {
   bool refuse = false;
   std::string refuse_with;
   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("refuse", &options::refuse, "Throw a std::exception when starting"),
            fmcp::setting("refuse_with", &options::refuse_with, "Throw a setting_error, or an int")
                  .one_of("setting_error", "int", "nothing")
                  .otherwise("nothing"));
   }
};

class throws : public fmcp::plugin_with<options> {
public:
   throws() {
      if (settings().refuse) throw std::runtime_error("Refused, as it was told to.");
      if (settings().refuse_with == "setting_error") {
         throw fmcp::setting_error("refuse_with must not be setting_error.");
      }
      if (settings().refuse_with == "int") throw 7;

      add(fmcp::tool("throws_exception", "Throws a std::runtime_error",
                     [] { throw std::runtime_error("The disk is full."); }));
      add(fmcp::tool("throws_int", "Throws something that is no exception", [] { throw 42; }));
      add(fmcp::tool("throws_bad_alloc", "Throws as when there is no memory",
                     [] { throw std::bad_alloc(); }));
      add(fmcp::tool("throws_tool_error", "Throws what the model should see",
                     [] { throw fmcp::tool_error("There is no such city."); }));
      add(fmcp::tool("throws_rpc_error", "Throws a JSON-RPC error", [] {
         throw fmcp::rpc_error(-32002, "There is no such resource.", R"({"uri":"x://y"})");
      }));
      add(fmcp::tool("throws_long", "Throws with a text that is longer than the host's room", [] {
         std::string text;
         for (int i = 0; i < 1000; ++i) text += "\xE2\x82\xAC"; // EURO SIGN
         throw std::runtime_error(text);
      }));
      add(fmcp::tool("throws_in_async", "Throws before it gives the call away",
                     [](fmcp::async_call&) { throw std::runtime_error("Not even started."); }));
      add(fmcp::tool("throws_in_task", "Throws in a task of the host's",
                     [](fmcp::async_call& call) {
                        call.post([](fmcp::async_call&) { throw std::runtime_error("Half way."); });
                     }));
      add(fmcp::tool(
            "throws_int_in_task", "Throws an int in a task of the host's",
            [](fmcp::async_call& call) { call.post([](fmcp::async_call&) { throw 42; }); }));
      add(fmcp::tool("throws_after_moving", "Throws after it gave the call away",
                     [](fmcp::async_call& call) {
                        auto mine = std::move(call);
                        throw std::runtime_error("The call was dropped on the way out.");
                     }));
      add(fmcp::tool("drops", "Forgets its call", [](fmcp::async_call&) {}));
      add(fmcp::tool("answers", "Does what it should", [] { return "fine"; }));
   }
};

} // namespace

FMCP_PLUGIN(throws, "io.fastmcp-host.test.throws", "throws", "1.0.0");
