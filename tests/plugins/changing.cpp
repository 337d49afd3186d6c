// Tools that come and go while the plugin runs.

#include <fmcp/cpp/plugin.hpp>

namespace {

struct named {
   std::string name;
   void describe(fmcp::fields& f) {
      f("name", name, "Of the tool").pattern("^[a-z][a-z0-9_]*$").length(1, 64);
   }
};

class changing : public fmcp::plugin {
public:
   changing() {
      add(fmcp::tool("add_tool", "Adds a tool that answers with its own name",
                     [this](const named& in) {
                        add(fmcp::tool(in.name, "Answers with its own name",
                                       [name = in.name] { return name; }));
                        return "added " + in.name;
                     }));
      add(fmcp::tool("remove_tool", "Removes a tool", [this](const named& in) {
         if (!remove(in.name)) throw fmcp::tool_error("There is no tool " + in.name + ".");
         return "removed " + in.name;
      }));
   }
};

} // namespace

FMCP_PLUGIN(changing, "io.fastmcp-host.test.changing", "changing", "1.0.0");
