/// fmcp/cpp/detail/schema_node.hpp - a JSON Schema while it is put together.
#ifndef FMCP_CPP_DETAIL_SCHEMA_NODE_HPP
#define FMCP_CPP_DETAIL_SCHEMA_NODE_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../json.hpp"

namespace fmcp {
inline namespace v1 {
namespace detail {

/// A schema that is being put together: its keywords in order, each with its JSON.
class schema_node {
public:
   void set(std::string_view keyword, std::string json) {
      for (auto& [key, value] : keywords_) {
         if (key == keyword) {
            value = std::move(json);
            return;
         }
      }
      keywords_.emplace_back(keyword, std::move(json));
   }
   void set_text(std::string_view keyword, std::string_view text) {
      std::string json;
      append_json_string(json, text);
      set(keyword, std::move(json));
   }
   schema_node& property(std::string_view name, bool is_required) {
      properties_.emplace_back(name, schema_node());
      if (is_required) required_.emplace_back(name);
      return properties_.back().second;
   }
   void not_required(std::string_view name) {
      for (std::size_t i = required_.size(); i-- > 0;) {
         if (required_[i] == name) required_.erase(required_.begin() + static_cast<long>(i));
      }
   }
   void write(json_writer& w) const {
      w.begin_object();
      for (const auto& [key, value] : keywords_) w.key(key).raw(value);
      if (!properties_.empty()) {
         w.key("properties").begin_object();
         for (const auto& [name, node] : properties_) {
            w.key(name);
            node.write(w);
         }
         w.end_object();
      }
      if (!required_.empty()) {
         w.key("required").begin_array();
         for (const auto& name : required_) w.string(name);
         w.end_array();
      }
      w.end_object();
   }
   [[nodiscard]] std::string str() const {
      std::string out;
      json_writer w(out);
      write(w);
      return out;
   }

private:
   std::vector<std::pair<std::string, std::string>> keywords_;
   std::vector<std::pair<std::string, schema_node>> properties_;
   std::vector<std::string> required_;
};

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
