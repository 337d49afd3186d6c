/// fmcp/cpp/result.hpp - what a tool answers with.
///
/// Most tools return a std::string, or a described struct as structured content. The types here are
/// for the rest: images, sound, resources, several blocks, annotations, _meta.
///
///    return fmcp::result().text("Here it is:").image(png_bytes, "image/png");
///    return fmcp::structured(report, "It is 20 degrees.");       // both forms of one answer
///
/// Bytes are raw: the host writes the base64.
/// Thread safety: none, a result is a value.
#ifndef FMCP_CPP_RESULT_HPP
#define FMCP_CPP_RESULT_HPP

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../call.h"
#include "detail/guard.hpp"
#include "fields.hpp"

namespace fmcp {
inline namespace v1 {

/// Hints for whoever shows a content block.
class annotations {
public:
   /// Whom it is for: "user", "assistant", or both.
   annotations& audience(std::vector<std::string> roles) {
      audience_ = std::move(roles);
      return *this;
   }
   /// 0 (may be left out) to 1 (must be there).
   annotations& priority(double p) {
      priority_ = p;
      return *this;
   }
   /// ISO 8601: "2026-01-31T12:00:00Z".
   annotations& last_modified(std::string when) {
      last_modified_ = std::move(when);
      return *this;
   }
   void describe(fields& f) {
      f("audience", audience_);
      f("priority", priority_);
      f("lastModified", last_modified_);
   }

private:
   std::optional<std::vector<std::string>> audience_;
   std::optional<double> priority_;
   std::optional<std::string> last_modified_;
};

/// One content block.
class content {
public:
   static content text(std::string utf8) { return {FMCP_C_TEXT, {}, {}, {}, std::move(utf8)}; }
   static content image(std::string bytes, std::string mime) {
      return {FMCP_C_IMAGE, std::move(mime), {}, {}, std::move(bytes)};
   }
   static content audio(std::string bytes, std::string mime) {
      return {FMCP_C_AUDIO, std::move(mime), {}, {}, std::move(bytes)};
   }
   /// Something that the client may read itself.
   static content link(std::string uri, std::string name, std::string description = {},
                       std::string mime = {}) {
      return {FMCP_C_RESOURCE_LINK, std::move(mime), std::move(uri), std::move(name),
              std::move(description)};
   }
   static content text_resource(std::string uri, std::string utf8, std::string mime = {}) {
      return {FMCP_C_RESOURCE_TEXT, std::move(mime), std::move(uri), {}, std::move(utf8)};
   }
   static content blob_resource(std::string uri, std::string bytes, std::string mime = {}) {
      return {FMCP_C_RESOURCE_BLOB, std::move(mime), std::move(uri), {}, std::move(bytes)};
   }
   /// A block as the MCP specification writes it, for kinds that are younger than this SDK.
   static content raw(const json_text& block) { return {FMCP_C_RAW_JSON, {}, {}, {}, block.str()}; }
   content& annotate(annotations hints) {
      annotations_json_ = detail::json_of(hints);
      return *this;
   }

private:
   friend class result;
   content(int32_t kind, std::string mime, std::string uri, std::string name, std::string data)
       : kind_(kind), mime_(std::move(mime)), uri_(std::move(uri)), name_(std::move(name)),
         data_(std::move(data)) {}

   int32_t kind_;
   std::string mime_, uri_, name_, data_, annotations_json_;
};

namespace detail {
class engine;
} // namespace detail

/// A whole answer.
class result {
public:
   result() = default;
   /* implicit */ result(content block) { blocks_.push_back(std::move(block)); }
   /// A failure for the model to see; what a tool_error becomes.
   static result failure(std::string text) {
      result out;
      out.outcome_ = FMCP_OUT_TOOL_ERROR;
      out.message_ = std::move(text);
      return out;
   }
   /// A JSON-RPC error; what an rpc_error becomes.
   static result rpc_failure(int code, std::string message, std::string data_json = {}) {
      result out;
      out.outcome_ = FMCP_OUT_RPC_ERROR;
      out.code_ = code;
      out.message_ = std::move(message);
      out.error_data_json_ = std::move(data_json);
      return out;
   }
   /// The call was cancelled and has stopped.
   static result stopped() {
      result out;
      out.outcome_ = FMCP_OUT_CANCELLED;
      return out;
   }

   result& add(content block) & {
      blocks_.push_back(std::move(block));
      return *this;
   }
   result&& add(content block) && { return std::move(add(std::move(block))); }
   result& text(std::string utf8) & { return add(content::text(std::move(utf8))); }
   result&& text(std::string utf8) && { return std::move(text(std::move(utf8))); }
   result& image(std::string bytes, std::string mime) & {
      return add(content::image(std::move(bytes), std::move(mime)));
   }
   result&& image(std::string bytes, std::string mime) && {
      return std::move(image(std::move(bytes), std::move(mime)));
   }
   /// `structuredContent`. A tool that always has some says so with its return type instead, so
   /// that its outputSchema is known.
   result& structured(const json_text& value) & {
      structured_json_ = value.str();
      return *this;
   }
   result&& structured(const json_text& value) && { return std::move(structured(value)); }
   /// `_meta` of the result, a JSON object.
   result& meta(const json_text& object) & {
      meta_json_ = object.str();
      return *this;
   }
   result&& meta(const json_text& object) && { return std::move(meta(object)); }

private:
   friend class detail::engine;
   template <class T>
   friend class structured;

   /// From this size on the host takes bytes over instead of copying them.
   static constexpr std::size_t worth_owning = 4096;

   using owners = std::vector<std::unique_ptr<std::string>>;

   static fmcp_buf lend_text(std::string& text, owners& kept) {
      if (text.size() < worth_owning) return {text.data(), text.size(), nullptr, nullptr};
      kept.push_back(std::make_unique<std::string>(std::move(text)));
      const auto give_back = [](void* owner, const void*, uint64_t) noexcept {
         delete static_cast<std::string*>(owner);
      };
      return {kept.back()->data(), kept.back()->size(), give_back, kept.back().get()};
   }

   /// Calls `f(const fmcp_result&)`, which must take the owned buffers over and must not throw.
   template <class F>
   fmcp_status lend(F&& f) {
      owners kept;
      kept.reserve(blocks_.size() + 1);
      std::vector<fmcp_content> blocks;
      blocks.reserve(blocks_.size());
      for (auto& block : blocks_) {
         fmcp_content c{};
         c.size = sizeof c;
         c.kind = block.kind_;
         c.mime = detail::str(block.mime_);
         c.uri = detail::str(block.uri_);
         c.name = detail::str(block.name_);
         c.data = lend_text(block.data_, kept);
         c.annotations_json = detail::str(block.annotations_json_);
         blocks.push_back(c);
      }
      fmcp_result r{};
      r.size = sizeof r;
      r.outcome = outcome_;
      r.rpc_code = code_;
      r.message = detail::str(message_);
      r.content = {blocks.data(), static_cast<uint32_t>(blocks.size()), sizeof(fmcp_content)};
      r.structured_json = lend_text(structured_json_, kept);
      r.error_data_json = {error_data_json_.data(), error_data_json_.size(), nullptr, nullptr};
      r.meta_json = {meta_json_.data(), meta_json_.size(), nullptr, nullptr};
      for (auto& owner : kept) (void)owner.release(); // the host's from here on
      return f(static_cast<const fmcp_result&>(r));
   }

   int32_t outcome_ = FMCP_OUT_OK;
   int32_t code_ = 0;
   std::string message_;
   std::vector<content> blocks_;
   std::string structured_json_, error_data_json_, meta_json_;
};

/// A value as structured content, together with content blocks of one's own. Without blocks the
/// host adds the value's JSON as text, for clients that know no structured content.
template <class T>
class structured {
public:
   explicit structured(T value, result blocks = {})
       : value_(std::move(value)), result_(std::move(blocks)) {}
   structured(T value, std::string text)
       : structured(std::move(value), result().text(std::move(text))) {}
   /// For the library only.
   result take() {
      result_.structured_json_ = detail::json_of(value_);
      return std::move(result_);
   }

private:
   T value_;
   result result_;
};
template <class T>
structured(T, const char*) -> structured<T>;

} // namespace v1
} // namespace fmcp
#endif
