#pragma once

/// A tool as the protocol sees it: its definition, prepared once when it is listed, and the narrow
/// door through which calls leave this room.

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/principal.hpp"
#include "core/result.hpp"
#include "protocol/message.hpp"
#include "protocol/revision.hpp"
#include "json/document.hpp"
#include "json/schema.hpp"
#include "json/value.hpp"

namespace fmcp::protocol {

/// An argument that a modern HTTP client repeats in a header (`x-mcp-header`, reference 4.3).
struct header_parameter {
   enum class type : std::uint8_t { string, integer, boolean };
   std::string header;            ///< `Mcp-Param-Region`
   std::vector<std::string> path; ///< member names, from the root of the arguments
   type what = type::string;
};

/// Everything that calls and lists need of a tool. Immutable, any thread.
class tool_definition {
public:
   /// Compiles the schemas and checks the annotations of an MCP Tool object.
   /// Errors: invalid (a member of the wrong type, a schema that is none, an input schema whose
   /// root is not `type: object`, an output schema that is no object, a bad `x-mcp-header`),
   /// unsupported (dialect), not_found (`$ref`), limit. The message is a predicate that names the
   /// member: "has an inputSchema that …".
   static core::result<std::shared_ptr<const tool_definition>> make(std::string_view name,
                                                                    const json::value& tool);

   [[nodiscard]] const std::string& name() const noexcept { return name_; }
   [[nodiscard]] const json::schema& input() const noexcept { return *input_; }
   /// Null: the tool declares none.
   [[nodiscard]] const json::schema* output() const noexcept { return output_.get(); }
   /// The root of the output schema is `type: object`, so older revisions can carry it as it is.
   [[nodiscard]] bool has_object_output() const noexcept { return has_object_output_; }
   [[nodiscard]] const std::vector<header_parameter>& headers() const noexcept { return headers_; }

   /// Appends the Tool object as revision `r` can carry it (reference 2.7 and 9.2): members that
   /// `r` does not know are left out; an output schema without object root is wrapped for legacy
   /// revisions (`{"type":"object","properties":{"result":…},"required":["result"]}` with
   /// same-document references rewritten and `$schema` and `$id` hoisted), and left out if that
   /// cannot be done; schemas are otherwise passed on to the letter, see `append_schema`.
   /// `execution` is never listed; members that no revision knows always are.
   void append_to(std::string& out, revision r) const;

private:
   tool_definition() = default;
   void wrap_output(const json::value& schema);
   std::string name_;
   json::document document_; ///< the Tool object
   std::shared_ptr<const json::schema> input_;
   std::shared_ptr<const json::schema> output_;
   std::string wrapped_output_; ///< for legacy revisions; empty: not needed, or not possible
   std::vector<header_parameter> headers_;
   bool has_object_output_ = false;
};

/// One content block of a result. Views are borrowed for the call that hands them over.
struct content {
   enum class kind : std::uint8_t {
      text,
      image,
      audio,
      resource_link,
      resource_text,
      resource_blob,
      raw_json
   };
   kind what = kind::text;
   std::string_view mime = {}, uri = {}, name = {};
   std::string_view data = {};             ///< raw bytes; of raw_json one JSON object
   std::string_view annotations_json = {}; ///< unchecked
   std::string_view meta_json = {};        ///< unchecked
};

/// What a call came to. Nothing in it has been checked: it comes from a plugin.
struct tool_result {
   enum class outcome : std::uint8_t { ok, tool_error, rpc_error, need_input, cancelled };
   outcome what = outcome::ok;
   int rpc_code = 0;
   std::string_view message = {}; ///< of the two error outcomes
   std::span<const content> blocks = {};
   std::string_view structured_json = {}, error_data_json = {}, meta_json = {};
   std::string_view raw_json = {}; ///< the whole result object instead of everything above
};

/// Why a call ended without a result of the tool's.
enum class call_failure : std::uint8_t { failed, timed_out, cancelled, busy, stopped, misbehaved };

/// The receiving end of one call.
///
/// Thread safety: exactly one of on_result and on_failure is called, once, possibly inside
/// `tool_backend::start`, possibly on any thread; on_progress and on_log never after it and never
/// concurrently with each other or with it.
class tool_call {
public:
   virtual ~tool_call() = default;
   virtual void on_progress(double done, double total, std::string_view message) noexcept = 0;
   /// `data_json` is valid JSON.
   virtual void on_log(log_level level, std::string_view logger,
                       std::string_view data_json) noexcept = 0;
   virtual void on_result(const tool_result& r) noexcept = 0;
   /// `why_text` is one sentence.
   virtual void on_failure(call_failure why, std::string_view why_text) noexcept = 0;
};

/// What a tool is called with. The views must live until the call's outcome *and* until the
/// backend lets go of the `tool_call`, so they point into that object.
struct call_input {
   std::string_view arguments_json; ///< an object, valid against the input schema
   std::string_view meta_json;      ///< params._meta, or empty
   std::string_view session_id;     ///< an opaque digest, or empty
   std::string_view protocol_version;
   std::string_view client_info_json, client_capabilities_json;
   std::string_view traceparent;
   const core::principal* principal = nullptr; ///< who calls; null: nobody asked
   bool wants_progress = false;
   bool can_elicit = false, can_elicit_url = false, can_sample = false, can_list_roots = false;
};

/// A tool that can be called now. `handle` is the backend's own.
struct tool_entry {
   std::shared_ptr<const tool_definition> definition{};
   std::shared_ptr<const void> handle{};
   /// A caller needs all of them. They live as long as `handle`.
   std::span<const std::string> required_scopes{};
};
[[nodiscard]] bool may_use(const tool_entry& tool, const core::principal& who) noexcept;

/// A started call, for whoever may want to end it.
class running_call {
public:
   virtual ~running_call() = default;
   /// Ends the call for its receiver at once (`cancelled`, unless it is over) and tells the tool.
   /// [any thread]
   virtual void cancel() noexcept = 0;
};

/// Where calls go. [any thread]
class tool_backend {
public:
   virtual ~tool_backend() = default;
   /// Every outcome, a refusal included, arrives through `to`; when that happened before this
   /// returns, the answer is null.
   virtual std::shared_ptr<running_call> start(const tool_entry& tool, const call_input& input,
                                               std::shared_ptr<tool_call> to) = 0;
};

} // namespace fmcp::protocol
