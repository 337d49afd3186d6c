// The smallest tool in C++: its arguments are a struct that says what its members mean, and the
// schema, the check and the default come from that.

#include <fmcp/cpp/plugin.hpp>

struct greeting {
   std::string who;
   int times = 1;

   void describe(fmcp::fields& f) {
      f("who", who, "Whom to greet").length(1, 100);
      f("times", times, "How often").range(1, 10).optional();
   }
};

class greeter : public fmcp::plugin {
public:
   greeter() {
      add(fmcp::tool("greet_cpp", "Greets somebody by name", [](const greeting& in) {
             std::string out;
             for (int i = 0; i < in.times; ++i) out += "Hello, " + in.who + "!\n";
             return out;
          }).read_only());
   }
};

FMCP_PLUGIN(greeter, "com.example.tool-cpp", "tool_cpp", "1.0.0");
