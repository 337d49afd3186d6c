// A plugin with one tool, in C++. Rename "hello_cpp" and "com.example" and go on from here.

#include <fmcp/cpp/plugin.hpp>

struct greeting {
   std::string who;

   void describe(fmcp::fields& f) { f("who", who, "Whom to greet").length(1, 100); }
};

class hello : public fmcp::plugin {
public:
   hello() {
      add(fmcp::tool("hello_cpp", "Greets somebody by name", [](const greeting& in) {
             return "Hello, " + in.who + "!";
          }).read_only());
   }
};

FMCP_PLUGIN(hello, "com.example.hello-cpp", "hello_cpp", "1.0.0");
