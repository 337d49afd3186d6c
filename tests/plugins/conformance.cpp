// The tools that the official conformance suite expects of a server: names, arguments and answers
// are the suite's. Those that need sampling, elicitation, roots or tasks come with these.

#include <fmcp/cpp/plugin.hpp>

namespace {

using namespace std::chrono_literals;

// A red dot: one pixel, PNG.
constexpr unsigned char png[] = {
      0x89, 'P',  'N',  'G',  0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 'I',  'H',
      'D',  'R',  0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00,
      0x00, 0x90, 0x77, 0x53, 0xDE, 0x00, 0x00, 0x00, 0x0C, 'I',  'D',  'A',  'T',  0x08,
      0xD7, 0x63, 0xF8, 0xCF, 0xC0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0x18, 0xDD, 0x8D,
      0xB0, 0x00, 0x00, 0x00, 0x00, 'I',  'E',  'N',  'D',  0xAE, 0x42, 0x60, 0x82};
// Silence: four samples, 8 kHz, 8 bit, mono, WAV.
constexpr unsigned char wav[] = {'R',  'I',  'F',  'F',  0x28, 0x00, 0x00, 0x00, 'W',  'A',
                                 'V',  'E',  'f',  'm',  't',  ' ',  0x10, 0x00, 0x00, 0x00,
                                 0x01, 0x00, 0x01, 0x00, 0x40, 0x1F, 0x00, 0x00, 0x40, 0x1F,
                                 0x00, 0x00, 0x01, 0x00, 0x08, 0x00, 'd',  'a',  't',  'a',
                                 0x04, 0x00, 0x00, 0x00, 0x80, 0x80, 0x80, 0x80};

template <std::size_t N>
std::string bytes(const unsigned char (&data)[N]) {
   return {reinterpret_cast<const char*>(data), N};
}

constexpr const char* schema_2020_12 = R"({
   "$schema": "https://json-schema.org/draft/2020-12/schema",
   "type": "object",
   "$defs": {
      "address": {
         "$anchor": "addressDef",
         "type": "object",
         "properties": {"street": {"type": "string"}, "city": {"type": "string"}}
      }
   },
   "properties": {
      "name": {"type": "string"},
      "address": {"$ref": "#/$defs/address"},
      "contactMethod": {"type": "string", "enum": ["phone", "email"]},
      "phone": {"type": "string"},
      "email": {"type": "string"}
   },
   "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
   "if": {
      "properties": {"contactMethod": {"const": "phone"}},
      "required": ["contactMethod"]
   },
   "then": {"required": ["phone"]},
   "else": {"required": ["email"]},
   "additionalProperties": false
})";

struct region {
   std::string name;
   void describe(fmcp::fields& f) {
      f("region", name, "Repeated in the header Mcp-Param-Region").header("Region");
   }
};

struct greeting {
   std::string name = "World";
   void describe(fmcp::fields& f) { f("name", name, "Whom to greet").optional(); }
};

class conformance : public fmcp::plugin {
public:
   conformance() {
      // First: the suite calls the first tool of the list with no arguments.
      add(fmcp::tool("test_simple_text", "Answers with one text block",
                     [] { return "This is a simple text response for testing."; }));
      add_contents();
      add(fmcp::tool("test_error_handling", "Fails in a way that the model sees",
                     [] { throw fmcp::tool_error("This tool fails on purpose."); }));
      add_reports();
      add(fmcp::tool("json_schema_2020_12_tool", "Has an input schema of the 2020-12 dialect",
                     [](const fmcp::json_text& in) { return "Called with " + in.str(); })
                .input_schema(fmcp::json_text(schema_2020_12)));
      add(fmcp::tool("test_reconnection", "Answers after a while", [](fmcp::async_call& call) {
         call.after(300ms, [](fmcp::async_call& c) { c.complete("The client has waited."); });
      }));
      add(fmcp::tool("test_missing_capability", "Refuses clients that cannot sample",
                     [](fmcp::call& call) {
                        if (call.can_sample()) return "The client can sample.";
                        throw fmcp::rpc_error(-32021, "This tool needs a client that can sample.",
                                              R"({"requiredCapabilities":{"sampling":{}}})");
                     }));
      add(fmcp::tool("test_streaming_elicitation", "Answers without asking anything",
                     [] { return "Nothing had to be asked."; }));
      add_triggers();
      add(fmcp::tool("test_x_mcp_header", "Has an argument that HTTP clients repeat in a header",
                     [](const region& in) { return "The region is " + in.name; }));
      add(fmcp::tool("greet", "Greets somebody by name",
                     [](const greeting& in) { return "Hello, " + in.name + "!"; }));
   }

private:
   void add_contents() {
      add(fmcp::tool("test_image_content", "Answers with an image",
                     [] { return fmcp::content::image(bytes(png), "image/png"); }));
      add(fmcp::tool("test_audio_content", "Answers with sound",
                     [] { return fmcp::content::audio(bytes(wav), "audio/wav"); }));
      add(fmcp::tool("test_embedded_resource", "Answers with an embedded resource", [] {
         return fmcp::content::text_resource("test://embedded-resource",
                                             "This is an embedded resource content.", "text/plain");
      }));
      add(fmcp::tool("test_multiple_content_types", "Answers with text, an image and a resource",
                     [] {
                        return fmcp::result()
                              .text("Multiple content types test:")
                              .image(bytes(png), "image/png")
                              .add(fmcp::content::text_resource("test://mixed-content-resource",
                                                                R"({"test":"data","value":123})",
                                                                "application/json"));
                     }));
   }

   void add_reports() {
      add(fmcp::tool("test_tool_with_progress", "Reports its progress three times",
                     [](fmcp::async_call& call) { advance(call, 0); }));
      add(fmcp::tool("test_tool_with_logging", "Sends the client three log messages",
                     [](fmcp::call& call) {
                        call.client_log(fmcp::level::info, "Tool execution started");
                        call.client_log(fmcp::level::info, "Tool processing data");
                        call.client_log(fmcp::level::info, "Tool execution completed");
                        return "Logged three times.";
                     }));
      add(fmcp::tool("test_logging_tool", "Would log, but only to clients that asked for it",
                     [](fmcp::call& call) {
                        call.client_log(fmcp::level::info, "Only for those who asked");
                        return "Done.";
                     }));
   }
   static void advance(fmcp::async_call& call, int percent) {
      call.progress(percent, 100, "Completed step " + std::to_string(percent) + " of 100");
      if (percent == 100 || call.is_cancelled()) {
         return call.complete("Went from 0 to 100.");
      }
      call.after(50ms, [percent](fmcp::async_call& c) { advance(c, percent + 50); });
   }

   void add_triggers() {
      add(fmcp::tool("test_trigger_tool_change", "Adds a tool to the list, or removes it again",
                     [this] {
                        constexpr const char* name = "test_dynamic_tool";
                        if (remove(name)) return "Removed test_dynamic_tool.";
                        add(fmcp::tool(name, "Comes and goes", [] { return "Here."; }));
                        return "Added test_dynamic_tool.";
                     })
                .max_concurrency(1));
      add(fmcp::tool("test_trigger_prompt_change",
                     "Would change the list of prompts if there was one",
                     [] { return "This plugin has no prompts."; }));
   }
};

} // namespace

FMCP_PLUGIN(conformance, "io.fastmcp-host.test.conformance", "conformance", "1.0.0");
