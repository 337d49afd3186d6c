// Every kind of content block, and structured content of every shape.

#include <fmcp/cpp/plugin.hpp>

namespace {

enum class color { red, green };
inline fmcp::enum_names<color> describe(color) {
   return {{color::red, "red"}, {color::green, "green"}};
}

struct point {
   double x = 0, y = 0;
   void describe(fmcp::fields& f) {
      f("x", x, "To the right");
      f("y", y, "Upwards");
   }
};

struct shape {
   std::string name;
   color paint = color::red;
   std::vector<point> corners;
   std::optional<std::string> note;
   void describe(fmcp::fields& f) {
      f("name", name, "What it is called");
      f("paint", paint, "Its colour");
      f("corners", corners, "Its corners in order").count(0, 100);
      f("note", note, "Anything else");
   }
};

shape triangle() {
   return {"triangle", color::green, {{0, 0}, {1, 0}, {0.5, 0.75}}, {}};
}

class kinds : public fmcp::plugin {
public:
   kinds() {
      add_blocks();
      add_structured();
      add(fmcp::tool("kind_echo_shape", "Answers with the shape that it is given",
                     [](const shape& in) { return in; }));
   }

private:
   void add_blocks() {
      const std::string binary("\x00\x01\xFE\xFF", 4);
      add(fmcp::tool("kind_text", "Text with everything that needs an escape",
                     [] { return std::string("\"quotes\", \\, \n, \x01, \0, \xE2\x82\xAC", 24); }));
      add(fmcp::tool("kind_bad_utf8", "Text that is not UTF-8",
                     [] { return "before \xC3\x28 after"; }));
      add(fmcp::tool("kind_image", "An image",
                     [binary] { return fmcp::content::image(binary, "image/png"); }));
      add(fmcp::tool("kind_audio", "Sound",
                     [binary] { return fmcp::content::audio(binary, "audio/wav"); }));
      add(fmcp::tool("kind_link", "A link to a resource", [] {
         return fmcp::content::link("test://there", "there", "What is there", "text/plain");
      }));
      add(fmcp::tool("kind_text_resource", "An embedded text", [] {
         return fmcp::content::text_resource("test://text", "inside", "text/plain");
      }));
      add(fmcp::tool("kind_blob_resource", "Embedded bytes", [binary] {
         return fmcp::content::blob_resource("test://blob", binary, "application/octet-stream");
      }));
      add(fmcp::tool("kind_raw", "A block as the specification writes it", [] {
         return fmcp::content::raw(
               fmcp::json_text(R"({"type":"text","text":"raw","_meta":{"test/a":1}})"));
      }));
      add(fmcp::tool("kind_annotated", "A block with annotations and a result with _meta", [] {
         return fmcp::result()
               .add(fmcp::content::text("for you").annotate(
                     fmcp::annotations().audience({"user"}).priority(0.5).last_modified(
                           "2026-01-31T12:00:00Z")))
               .meta(fmcp::json_text(R"({"test/a":[1,2]})"));
      }));
      add(fmcp::tool("kind_nothing", "No block at all", [] {}));
      add(fmcp::tool("kind_large", "A block that is too large to be copied twice",
                     [] { return std::string(100'000, 'x'); }));
   }

   void add_structured() {
      add(fmcp::tool("kind_object", "A structured object", [] { return triangle(); }));
      add(fmcp::tool("kind_object_with_text", "A structured object with its own words",
                     [] { return fmcp::structured(triangle(), "A green triangle."); }));
      add(fmcp::tool("kind_array", "A structured array",
                     [] { return std::vector<std::int64_t>{1, 2, 3}; }));
      add(fmcp::tool("kind_scalar", "A structured number", [] { return 42.5; }));
      add(fmcp::tool("kind_string", "A structured string",
                     [] { return fmcp::structured(std::string("word")); }));
      add(fmcp::tool("kind_null", "A structured null", [] {
             return fmcp::structured(fmcp::json_text());
          }).output_schema(fmcp::json_text(R"({"type":"null"})")));
      add(fmcp::tool("kind_map", "A structured map",
                     [] { return std::map<std::string, bool>{{"no", false}, {"yes", true}}; }));
      add(fmcp::tool("kind_breaks_promise", "Structured content that its schema forbids",
                     [] { return fmcp::structured(fmcp::json_text(R"({"n":"text"})")); })
                .output_schema(fmcp::json_text(
                      R"({"type":"object","properties":{"n":{"type":"integer"}}})")));
      add(fmcp::tool("kind_later", "A structured object that comes later",
                     [](fmcp::async_call_for<shape>& call) {
                        call.post([](fmcp::async_call_for<shape>& c) { c.complete(triangle()); });
                     }));
   }
};

} // namespace

FMCP_PLUGIN(kinds, "io.fastmcp-host.test.kinds", "kinds", "1.0.0");
