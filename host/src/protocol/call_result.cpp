#include "protocol/call_result.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "protocol/content_block.hpp"
#include "protocol/message.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

using json::kind;

constexpr revision first_with_structure = revision::v2025_06_18;
constexpr std::string_view server_info_key = "io.modelcontextprotocol/serverInfo";

/// Of one result against its output schema: as many steps as its values can ask for.
constexpr json::check_limits check_bounds{.max_steps = 16'000'000};

/// Who the server is, is for the server to say, and only where the revision lets it.
void append_meta(std::string& out, const result_rules& rules, const json::value* meta) {
   const auto start = out.size();
   const auto separate = [&] { out.append(out.size() == start ? R"(,"_meta":{)" : ","); };
   if (is_modern(rules.spoken) && !rules.server_info_member.empty()) {
      separate();
      out.append(rules.server_info_member);
   }
   if (meta != nullptr) {
      for (const auto& [key, val] : meta->members()) {
         if (key == server_info_key) continue;
         separate();
         json::append_string(out, key);
         out.push_back(':');
         json::append_compact(out, val);
      }
   }
   if (out.size() != start) out.push_back('}');
}

/// Writes one `tools/call` result. A function that returns false has set the complaint, and what
/// was written until then has to go.
class result_writer {
public:
   result_writer(std::string& out, const result_rules& rules, encoder& work)
       : out_(out), rules_(rules), work_(work), blocks_(out, rules.spoken, work.piece) {}

   bool write(std::string_view id, const tool_result& r);
   [[nodiscard]] std::string take_complaint() { return std::move(blocks_.complaint()); }

private:
   bool refuse(std::string complaint) {
      blocks_.complaint() = std::move(complaint);
      return false;
   }
   bool write_fields(const tool_result& r);
   bool write_raw(const tool_result& r);
   bool check_structured(const json::value* v, bool is_error);
   void add_text_of(const json::value& structured);
   void append_structured(const json::value& v);

   std::string& out_;
   const result_rules& rules_;
   encoder& work_;
   block_writer blocks_;
};

void begin_tool_result(std::string& out, std::string_view id, revision r) {
   begin_result(out, id);
   out.append(is_modern(r) ? R"({"resultType":"complete","content":[)" : R"({"content":[)");
}

bool result_writer::write(std::string_view id, const tool_result& r) {
   begin_tool_result(out_, id, rules_.spoken);
   if (!(r.raw_json.empty() ? write_fields(r) : write_raw(r))) return false;
   out_.append("}}");
   return true;
}

bool result_writer::write_fields(const tool_result& r) {
   const bool is_error = r.what == tool_result::outcome::tool_error;
   if (is_error && !r.message.empty()) blocks_.add_text(r.message);
   for (const auto& block : r.blocks) {
      if (!blocks_.add(block)) return false;
   }
   const json::value* structured = nullptr;
   if (!r.structured_json.empty()) {
      const auto v = work_.structured.parse_copy(r.structured_json, result_bounds);
      if (!v)
         return refuse("returned structured content that cannot be used: " + v.error().message);
      structured = *v;
   }
   if (!check_structured(structured, is_error)) return false;
   if (structured != nullptr)
      add_text_of(*structured);
   else if (is_error && r.message.empty() && r.blocks.empty())
      blocks_.add_text("The tool failed.");
   out_.push_back(']');
   if (structured != nullptr) append_structured(*structured);
   if (is_error) out_.append(R"(,"isError":true)");

   const json::value* meta = nullptr;
   if (!r.meta_json.empty()) {
      const auto v = work_.piece.parse_copy(r.meta_json, result_bounds);
      if (!v) return refuse("returned a _meta that cannot be used: " + v.error().message);
      if (!(*v)->is(kind::object)) return refuse("returned a _meta that is not an object");
      meta = *v;
   }
   append_meta(out_, rules_, meta);
   return true;
}

/// The members of a result object that are not simply passed on.
struct raw_members {
   const json::value* content = nullptr;
   const json::value* structured = nullptr;
   const json::value* is_error = nullptr;
   const json::value* result_type = nullptr;
   const json::value* meta = nullptr;

   /// Whether `key` is one of ours; then it is kept.
   bool take(const json::member& m) noexcept {
      if (m.key == "content")
         content = &m.val;
      else if (m.key == "structuredContent")
         structured = &m.val;
      else if (m.key == "isError")
         is_error = &m.val;
      else if (m.key == "resultType")
         result_type = &m.val;
      else if (m.key == "_meta")
         meta = &m.val;
      // Cache hints do not belong on results of calls (reference 14.1), nor on anything legacy.
      else
         return m.key == "ttlMs" || m.key == "cacheScope";
      return true;
   }

   const char* find_fault() const noexcept {
      if (content == nullptr || !content->is(kind::array)) {
         return "returned a result object without the array \"content\"";
      }
      if (is_error != nullptr && !is_error->is(kind::boolean)) {
         return "returned a result object whose isError is neither true nor false";
      }
      if (meta != nullptr && !meta->is(kind::object)) {
         return "returned a result object whose _meta is not an object";
      }
      if (result_type != nullptr &&
          !(result_type->is(kind::string) && result_type->string() == "complete")) {
         return "returned a result object whose resultType is not \"complete\", which this host "
                "cannot pass on";
      }
      return nullptr;
   }
};

bool result_writer::write_raw(const tool_result& r) {
   const auto v = work_.structured.parse_copy(r.raw_json, result_bounds);
   if (!v) return refuse("returned a result object that cannot be used: " + v.error().message);
   const json::value& root = **v;
   if (!root.is(kind::object)) return refuse("returned a result that is not an object");
   raw_members own;
   for (const auto& m : root.members()) own.take(m);
   if (const char* fault = own.find_fault(); fault != nullptr) return refuse(fault);
   const bool is_error = r.what == tool_result::outcome::tool_error ||
                         (own.is_error != nullptr && own.is_error->boolean());

   for (const auto& block : own.content->items()) {
      if (!blocks_.add_raw(block)) return false;
   }
   if (!check_structured(own.structured, is_error)) return false;
   if (own.structured != nullptr) add_text_of(*own.structured);
   out_.push_back(']');
   if (own.structured != nullptr) append_structured(*own.structured);
   if (is_error) out_.append(R"(,"isError":true)");
   for (const auto& m : root.members()) {
      if (raw_members().take(m)) continue;
      out_.push_back(',');
      json::append_string(out_, m.key);
      out_.push_back(':');
      json::append_compact(out_, m.val);
   }
   append_meta(out_, rules_, own.meta);
   return true;
}

/// Reference 9.3: with an output schema, results must carry what fits it; errors need not.
bool result_writer::check_structured(const json::value* v, bool is_error) {
   const auto* schema = rules_.tool == nullptr ? nullptr : rules_.tool->output();
   if (schema == nullptr || is_error) return true;
   if (v == nullptr)
      return refuse("returned no structured content although it has an outputSchema");
   if (schema->accepts(*v, check_bounds)) return true;
   std::string complaint = "returned structured content that does not fit its outputSchema";
   const char* separator = ": ";
   for (const auto& reason : schema->check(*v, check_bounds)) {
      complaint.append(std::exchange(separator, "; ")).append(reason.sentence());
   }
   return refuse(std::move(complaint));
}

/// For clients and models that read only text.
void result_writer::add_text_of(const json::value& structured) {
   if (blocks_.has_text()) return;
   work_.text.clear();
   json::append_compact(work_.text, structured);
   blocks_.add_text(work_.text);
}

void result_writer::append_structured(const json::value& v) {
   if (rules_.spoken < first_with_structure) return;
   // Reference 2.7: legacy clients read an object, wrapped where the schema that they saw is.
   const bool is_wrapped =
         !is_modern(rules_.spoken) &&
         (!v.is(kind::object) || (rules_.tool != nullptr && rules_.tool->output() != nullptr &&
                                  !rules_.tool->has_object_output()));
   out_.append(is_wrapped ? R"(,"structuredContent":{"result":)" : R"(,"structuredContent":)");
   json::append_compact(out_, v);
   if (is_wrapped) out_.push_back('}');
}

// ---------------------------------------------------------------------------------------------
// Errors

/// What becomes of an `rpc_error` (reference 3.1). Codes outside -32768…-32000 belong to
/// applications and pass. Of the reserved ones a tool has a use for these:
///
/// -32602  its parameters are wrong in a way no schema tells
/// -32603  it broke
/// -32021  the client lacks a capability, which `data.requiredCapabilities` must name. Legacy
/// clients
///         do not know the code: -32603 with the same text and data
/// -32002  a resource does not exist. Forbidden in the modern era: -32602 there
///
/// Any other would claim something about the protocol that only the host can know, so that a client
/// might give up its session or try another revision because of it.
struct error_mapping {
   int code = code::internal_error;
   const char* complaint = nullptr;
};

constexpr int resource_not_found = -32002;

error_mapping map_error(int rpc_code, revision r, bool has_capabilities) noexcept {
   if (rpc_code == 0) return {};
   if (rpc_code < -32768 || rpc_code > -32000) return {rpc_code};
   switch (rpc_code) {
   case code::invalid_params:
   case code::internal_error: return {rpc_code};
   case resource_not_found: return {is_modern(r) ? code::invalid_params : resource_not_found};
   case code::missing_capability:
      if (!is_modern(r)) return {};
      if (has_capabilities) return {rpc_code};
      return {code::internal_error, "failed with the error code -32021 and without the object "
                                    "requiredCapabilities in its error data"};
   default:
      return {code::internal_error,
              "failed with an error code that the protocol reserves; use one outside of -32768 to "
              "-32000, or -32602"};
   }
}

int status_of(int rpc_code, revision r) noexcept {
   const bool is_refusal = rpc_code == code::header_mismatch ||
                           rpc_code == code::missing_capability ||
                           rpc_code == code::unsupported_version;
   return is_modern(r) && is_refusal ? 400 : 200;
}

encoded append_rpc_error(std::string& out, std::string_view id, const tool_result& r,
                         const result_rules& rules, encoder& work) {
   encoded done;
   const json::value* data = nullptr;
   if (!r.error_data_json.empty()) {
      if (const auto v = work.piece.parse_copy(r.error_data_json, result_bounds); v)
         data = *v;
      else
         done.complaint = "returned error data that cannot be used: " + v.error().message;
   }
   const auto* capabilities = data == nullptr ? nullptr : data->find("requiredCapabilities");
   const auto mapped = map_error(r.rpc_code, rules.spoken,
                                 capabilities != nullptr && capabilities->is(kind::object));
   if (mapped.complaint != nullptr) done.complaint = mapped.complaint;
   work.text.clear();
   if (data != nullptr) json::append_compact(work.text, *data);
   append_error(out, id, mapped.code, r.message.empty() ? "The tool failed." : r.message,
                work.text);
   done.http_status = status_of(mapped.code, rules.spoken);
   return done;
}

std::string_view masked_text(call_failure why) noexcept {
   switch (why) {
   case call_failure::timed_out: return "The tool did not answer in time.";
   case call_failure::cancelled: return "The call was cancelled.";
   case call_failure::busy: return "The tool is busy. Try again later.";
   case call_failure::stopped: return "The tool is not available.";
   case call_failure::failed:
   case call_failure::misbehaved: break;
   }
   return "The tool failed.";
}

encoded complain(std::string& out, std::string_view id, const result_rules& rules,
                 std::string complaint) {
   if (rules.mask_error_details) {
      append_tool_error(out, id, masked_text(call_failure::misbehaved), rules);
   } else {
      append_tool_error(out, id, fmt::format("The tool {}.", complaint), rules);
   }
   return {.complaint = std::move(complaint)};
}

/// Hands back what a large result grew.
void forget(encoder& work) noexcept {
   constexpr std::size_t keep = 64u << 10;
   if (!work.structured.empty()) work.structured.clear(keep);
   if (!work.piece.empty()) work.piece.clear(keep);
   if (work.text.capacity() > keep) work.text = {};
}

} // namespace

encoded append_call_result(std::string& out, std::string_view id, const tool_result& r,
                           const result_rules& rules, encoder& work) {
   encoded done;
   switch (r.what) {
   case tool_result::outcome::ok:
   case tool_result::outcome::tool_error: {
      const auto start = out.size();
      result_writer w(out, rules, work);
      if (!w.write(id, r)) {
         out.resize(start);
         done = complain(out, id, rules, w.take_complaint());
      }
      break;
   }
   case tool_result::outcome::rpc_error: done = append_rpc_error(out, id, r, rules, work); break;
   case tool_result::outcome::need_input:
      done = complain(out, id, rules,
                      "asked for input from the client, which this host cannot pass on yet");
      break;
   case tool_result::outcome::cancelled:
      append_call_failure(out, id, call_failure::cancelled, {}, rules);
      break;
   }
   forget(work);
   return done;
}

encoded append_call_failure(std::string& out, std::string_view id, call_failure why,
                            std::string_view why_text, const result_rules& rules) {
   const bool is_shown = !rules.mask_error_details && !why_text.empty();
   append_tool_error(out, id, is_shown ? why_text : masked_text(why), rules);
   return {};
}

void append_tool_error(std::string& out, std::string_view id, std::string_view text,
                       const result_rules& rules) {
   begin_tool_result(out, id, rules.spoken);
   out.append(R"({"type":"text","text":)");
   json::append_string(out, text);
   out.append(R"(}],"isError":true)");
   append_meta(out, rules, nullptr);
   out.append("}}");
}

} // namespace fmcp::protocol
