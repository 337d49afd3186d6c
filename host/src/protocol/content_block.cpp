#include "protocol/content_block.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base64.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

using json::kind;

constexpr revision first_with_audio = revision::v2025_03_26;
constexpr revision first_with_links = revision::v2025_06_18;

bool is_letter(char c) noexcept {
   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}

/// A scheme (RFC 3986, 3.1) and nothing that ends a line or a word: strict clients refuse the whole
/// result otherwise.
bool is_uri(std::string_view text) noexcept {
   const auto colon = text.find(':');
   if (colon == std::string_view::npos || colon == 0 || !is_letter(text[0])) return false;
   return std::ranges::all_of(text.substr(0, colon),
                              [](char c) {
                                 return is_letter(c) || is_digit(c) || c == '+' || c == '-' ||
                                        c == '.';
                              }) &&
          std::ranges::none_of(
                text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
}

bool is_base64(std::string_view text) noexcept {
   if (text.size() % 4 != 0) return false;
   for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
   return std::ranges::all_of(
         text, [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '/'; });
}

bool is_text_or_absent(const json::value& object, std::string_view key) noexcept {
   const auto* v = object.find(key);
   return v == nullptr || v->is(kind::string);
}

bool is_audience(const json::value& v) noexcept {
   return v.is(kind::array) && std::ranges::all_of(v.items(), [](const json::value& role) {
             return role.is(kind::string) &&
                    (role.string() == "user" || role.string() == "assistant");
          });
}

/// Reference 9.3: the end of "returned …", or null.
const char* find_annotations_fault(const json::value& v) noexcept {
   if (!v.is(kind::object)) return "annotations that are not an object";
   if (const auto* a = v.find("audience"); a != nullptr && !is_audience(*a)) {
      return "annotations whose audience is not an array of \"user\" and \"assistant\"";
   }
   if (const auto* p = v.find("priority");
       p != nullptr && !(p->is(kind::number) && p->as_double() >= 0 && p->as_double() <= 1)) {
      return "annotations whose priority is not a number from 0 to 1";
   }
   if (!is_text_or_absent(v, "lastModified")) {
      return "annotations whose lastModified is not a string";
   }
   return nullptr;
}

const char* find_resource_fault(const json::value* resource) noexcept {
   if (resource == nullptr || !resource->is(kind::object)) {
      return "an embedded resource without the object \"resource\"";
   }
   if (!is_uri(resource->find_string("uri").value_or(""))) {
      return "an embedded resource whose uri is missing or no URI";
   }
   if (!is_text_or_absent(*resource, "mimeType")) {
      return "an embedded resource whose mimeType is not a string";
   }
   const auto blob = resource->find_string("blob");
   if (resource->find_string("text").has_value() == blob.has_value()) {
      return "an embedded resource that has not exactly one of text and blob";
   }
   if (blob && !is_base64(*blob)) return "an embedded resource whose blob is not base64";
   return nullptr;
}

const char* find_link_fault(const json::value& link) noexcept {
   if (!is_uri(link.find_string("uri").value_or(""))) {
      return "a resource link whose uri is missing or no URI";
   }
   if (link.find_string("name").value_or("").empty()) return "a resource link without a name";
   for (const auto* key : {"title", "description", "mimeType"}) {
      if (!is_text_or_absent(link, key)) {
         return "a resource link whose title, description or mimeType is not a string";
      }
   }
   if (const auto* size = link.find("size");
       size != nullptr && !(size->is(kind::number) && size->as_int64())) {
      return "a resource link whose size is not an integer";
   }
   return nullptr;
}

const char* find_binary_fault(const json::value& block) noexcept {
   if (!is_base64(block.find_string("data").value_or("="))) {
      return "an image or audio block whose data is missing or not base64";
   }
   if (block.find_string("mimeType").value_or("").empty()) {
      return "an image or audio block without a mimeType";
   }
   return nullptr;
}

bool is_content_type(std::string_view type) noexcept {
   return type == "text" || type == "image" || type == "audio" || type == "resource" ||
          type == "resource_link";
}

} // namespace

bool block_writer::refuse(std::string_view complaint) {
   complaint_ = complaint;
   return false;
}

void block_writer::begin() {
   if (!std::exchange(is_first_, false)) out_.push_back(',');
}

bool block_writer::end(const content& c) {
   if (!c.annotations_json.empty()) {
      const auto v = piece_.parse_copy(c.annotations_json, result_bounds);
      if (!v) return refuse("returned annotations that cannot be used: " + v.error().message);
      if (const char* fault = find_annotations_fault(**v); fault != nullptr) {
         return refuse(fmt::format("returned {}", fault));
      }
      out_.append(R"(,"annotations":)");
      json::append_compact(out_, **v);
   }
   if (!c.meta_json.empty()) {
      const auto v = piece_.parse_copy(c.meta_json, result_bounds);
      if (!v) return refuse("returned _meta that cannot be used: " + v.error().message);
      if (!(*v)->is(kind::object))
         return refuse("returned a content block whose _meta is not an object");
      out_.append(R"(,"_meta":)");
      json::append_compact(out_, **v);
   }
   out_.push_back('}');
   return true;
}

void block_writer::add_text(std::string_view text) {
   begin();
   has_text_ = true;
   out_.append(R"({"type":"text","text":)");
   json::append_string(out_, text);
   out_.push_back('}');
}

bool block_writer::add(const content& c) {
   switch (c.what) {
   case content::kind::text:
      add_text(c.data);
      if (c.annotations_json.empty() && c.meta_json.empty()) return true;
      out_.pop_back();
      return end(c);
   case content::kind::image:
   case content::kind::audio: return add_binary(c);
   case content::kind::resource_link: return add_link(c);
   case content::kind::resource_text:
   case content::kind::resource_blob: return add_resource(c);
   case content::kind::raw_json: {
      const auto v = piece_.parse_copy(c.data, result_bounds);
      if (!v) return refuse("returned a content block that cannot be used: " + v.error().message);
      return add_raw(**v);
   }
   }
   return refuse("returned a content block of an unknown kind");
}

bool block_writer::add_binary(const content& c) {
   const bool is_audio = c.what == content::kind::audio;
   if (c.mime.empty()) {
      return refuse(is_audio ? "returned audio without a MIME type"
                             : "returned an image without a MIME type");
   }
   if (is_audio && spoken_ < first_with_audio) {
      add_audio_as_text(c.mime, c.data.size());
      return true;
   }
   begin();
   out_.append(is_audio ? R"({"type":"audio","data":")" : R"({"type":"image","data":")");
   core::append_base64(out_, c.data);
   out_.append(R"(","mimeType":)");
   json::append_string(out_, c.mime);
   return end(c);
}

bool block_writer::add_link(const content& c) {
   if (!is_uri(c.uri)) return refuse("returned a resource link whose uri is missing or no URI");
   if (c.name.empty()) return refuse("returned a resource link without a name");
   if (spoken_ < first_with_links) {
      add_link_as_text(c.name, c.mime, c.uri, c.data);
      return true;
   }
   begin();
   out_.append(R"({"type":"resource_link","uri":)");
   json::append_string(out_, c.uri);
   out_.append(R"(,"name":)");
   json::append_string(out_, c.name);
   if (!c.data.empty()) {
      out_.append(R"(,"description":)");
      json::append_string(out_, c.data);
   }
   if (!c.mime.empty()) {
      out_.append(R"(,"mimeType":)");
      json::append_string(out_, c.mime);
   }
   return end(c);
}

bool block_writer::add_resource(const content& c) {
   if (!is_uri(c.uri)) {
      return refuse("returned an embedded resource whose uri is missing or no URI");
   }
   begin();
   out_.append(R"({"type":"resource","resource":{"uri":)");
   json::append_string(out_, c.uri);
   if (!c.mime.empty()) {
      out_.append(R"(,"mimeType":)");
      json::append_string(out_, c.mime);
   }
   if (c.what == content::kind::resource_text) {
      out_.append(R"(,"text":)");
      json::append_string(out_, c.data);
   } else {
      out_.append(R"(,"blob":")");
      core::append_base64(out_, c.data);
      out_.push_back('"');
   }
   out_.push_back('}');
   return end(c);
}

// What a revision has no words for becomes text, so that the model knows at least what it misses.

void block_writer::add_audio_as_text(std::string_view mime, std::size_t bytes) {
   add_text(fmt::format("The tool returned audio ({}, {} bytes), which protocol revision {} cannot "
                        "carry.",
                        mime, bytes, name_of(spoken_)));
}

void block_writer::add_link_as_text(std::string_view name, std::string_view mime,
                                    std::string_view uri, std::string_view description) {
   std::string text(name);
   if (!mime.empty()) text.append(" (").append(mime).append(")");
   text.append(": ").append(uri);
   if (!description.empty()) text.append("\n").append(description);
   add_text(text);
}

bool block_writer::add_raw(const json::value& block) {
   const auto type = block.find_string("type");
   if (!type || !is_content_type(*type)) {
      return refuse("returned a content block whose type is none of text, image, audio, resource "
                    "and resource_link");
   }
   if (const char* fault = find_fault(*type, block); fault != nullptr) {
      return refuse(fmt::format("returned {}", fault));
   }
   if (project(*type, block)) return true;
   begin();
   has_text_ = has_text_ || *type == "text";
   json::append_compact(out_, block);
   return true;
}

const char* block_writer::find_fault(std::string_view type, const json::value& block) const {
   if (const auto* a = block.find("annotations"); a != nullptr) {
      if (const char* fault = find_annotations_fault(*a); fault != nullptr) return fault;
   }
   if (const auto* meta = block.find("_meta"); meta != nullptr && !meta->is(kind::object)) {
      return "a content block whose _meta is not an object";
   }
   if (type == "text") {
      return block.find_string("text") ? nullptr : "a text block without the string \"text\"";
   }
   if (type == "resource") return find_resource_fault(block.find("resource"));
   if (type == "resource_link") return find_link_fault(block);
   return find_binary_fault(block);
}

/// Whether the block was written as something else.
bool block_writer::project(std::string_view type, const json::value& block) {
   const auto text = [&](std::string_view key) { return block.find_string(key).value_or(""); };
   if (type == "audio" && spoken_ < first_with_audio) {
      const auto data = text("data");
      const auto padding = data.ends_with("==") ? 2u : data.ends_with('=') ? 1u : 0u;
      add_audio_as_text(text("mimeType"), data.size() / 4 * 3 - padding);
      return true;
   }
   if (type == "resource_link" && spoken_ < first_with_links) {
      add_link_as_text(text("name"), text("mimeType"), text("uri"), text("description"));
      return true;
   }
   return false;
}

} // namespace fmcp::protocol
