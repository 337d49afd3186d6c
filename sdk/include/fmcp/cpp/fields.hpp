/// fmcp/cpp/fields.hpp - one description of a struct: its JSON Schema, its reader, its writer.
///
/// A struct says once what its members are called and mean:
///
///    struct forecast_request {
///       std::string city;
///       int days = 3;
///       std::optional<std::string> language;
///
///       void describe(fmcp::fields& f) {
///          f("city", city, "Name of the city").length(1, 80);
///          f("days", days, "How many days ahead").range(1, 14).optional();
///          f("language", language, "Of the texts, for example \"de\"").pattern("^[a-z]{2}$");
///       }
///    };
///
/// From that come the schema that clients see, the values that the tool gets, and, for a struct
/// that a tool returns, the JSON that it answers with. A member is required unless it is a
/// std::optional or says .optional(), which keeps the value that it was initialised with and
/// writes that into the schema as the default.
///
/// Members may be bool, integers, float and double, std::string, enumerations (see enum_names),
/// std::optional, std::vector and std::map<std::string, T> of these, other described structs, and
/// json_text for JSON of any shape.
///
/// The host checks arguments against the schema before the tool is entered; reading them checks
/// only what a member cannot hold. Errors: json_error, with the path of the value.
///
/// describe() must do the same each time and nothing else. Thread safety: none needed.
#ifndef FMCP_CPP_FIELDS_HPP
#define FMCP_CPP_FIELDS_HPP

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "detail/schema_node.hpp"
#include "detail/traits.hpp"
#include "json.hpp"

namespace fmcp {
inline namespace v1 {

/// The words for the values of an enumeration. Beside the enumeration, in its namespace:
///
///    enum class unit { celsius, fahrenheit };
///    inline fmcp::enum_names<unit> describe(unit) {
///       return {{unit::celsius, "celsius"}, {unit::fahrenheit, "fahrenheit"}};
///    }
template <class E>
class enum_names {
public:
   enum_names(std::initializer_list<std::pair<E, std::string_view>> names) : names_(names) {}
   [[nodiscard]] const std::vector<std::pair<E, std::string_view>>& all() const noexcept {
      return names_;
   }

private:
   std::vector<std::pair<E, std::string_view>> names_;
};

namespace detail {

/// Where a value is, for messages: "/stops/2/name".
struct json_path {
   const json_path* parent;
   std::string_view key;
   std::size_t index;
   int depth;

   [[nodiscard]] std::string str() const {
      if (parent == nullptr) return {};
      return parent->str() + '/' + (key.empty() ? std::to_string(index) : std::string(key));
   }
};

/// What describe() is called for.
struct schema_maker {
   schema_node& node;
   bool is_strict;
   int depth;
};
struct object_reader {
   std::vector<std::pair<std::string, json_view>> members;
   const json_path& path;
   std::string missing;
};

/// What follows f("name", member, "…"): narrower than the C++ type, for whoever fills it in.
/// Each function returns the handle, so that they chain.
template <class T>
class field {
   using type = typename optional_of<T>::type;
   static constexpr bool is_number = is_whole<type> || std::is_floating_point_v<type>;
   static constexpr bool is_text = std::is_same_v<type, std::string>;

public:
   field(T& member, schema_node* parent, schema_node* node, std::string_view name,
         object_reader* reader) noexcept
       : member_(member), parent_(parent), node_(node), name_(name), reader_(reader) {}

   /// May be left out; the member then keeps the value that it has, which the schema shows as the
   /// default.
   field& optional();
   /// Of a number, both ends included.
   template <class N>
   field& range(N low, N high) {
      return at_least(low).at_most(high);
   }
   template <class N>
   field& at_least(N low) {
      static_assert(is_number, "at_least() and range() are for numbers");
      return set_number("minimum", low);
   }
   template <class N>
   field& at_most(N high) {
      static_assert(is_number, "at_most() and range() are for numbers");
      return set_number("maximum", high);
   }
   /// Of a text, in characters.
   field& length(std::size_t low, std::size_t high) {
      static_assert(is_text, "length() is for std::string; for a list use count()");
      return set_number("minLength", low).set_number("maxLength", high);
   }
   /// An ECMA-262 regular expression that matches somewhere: write ^ and $ for the whole text.
   field& pattern(std::string_view regex) {
      static_assert(is_text, "pattern() is for std::string");
      return set_text("pattern", regex);
   }
   /// "date-time", "uri", "email" …: a hint, not checked.
   field& format(std::string_view name) {
      static_assert(is_text, "format() is for std::string");
      return set_text("format", name);
   }
   /// How many entries.
   field& count(std::size_t low, std::size_t high) {
      static_assert(vector_of<type>::value, "count() is for std::vector");
      return set_number("minItems", low).set_number("maxItems", high);
   }
   /// The only values that a text may have. An enumeration brings its own, see enum_names.
   field& one_of(std::initializer_list<std::string_view> values) {
      static_assert(is_text, "one_of() is for std::string");
      if (node_ == nullptr) return *this;
      std::string json;
      json_writer w(json);
      w.begin_array();
      for (const auto value : values) w.string(value);
      w.end_array();
      return set("enum", std::move(json));
   }
   field& title(std::string_view text) { return set_text("title", text); }
   /// Clients over HTTP repeat the value in the header Mcp-Param-<suffix>, for proxies to see; not
   /// for secrets.
   field& header(std::string_view suffix) {
      static_assert(is_text || is_whole<type> || std::is_same_v<type, bool>,
                    "header() is for std::string, integers and bool: no other value fits a header");
      return set_text("x-mcp-header", suffix);
   }
   /// Any other keyword of JSON Schema, for example set("items", R"({"minLength":1})"). Replaces
   /// what the type brought. Errors: json_error when it is not JSON.
   field& set(std::string_view keyword, std::string json) {
      if (node_ != nullptr) {
         (void)json_view(json);
         node_->set(keyword, std::move(json));
      }
      return *this;
   }

private:
   field& set_text(std::string_view keyword, std::string_view text) {
      if (node_ != nullptr) node_->set_text(keyword, text);
      return *this;
   }
   template <class N>
   field& set_number(std::string_view keyword, N n) {
      static_assert(std::is_arithmetic_v<N>, "bounds are numbers");
      if (node_ == nullptr) return *this;
      std::string json;
      if constexpr (std::is_integral_v<N>) {
         json = std::to_string(n);
      } else {
         append_json_number(json, static_cast<double>(n));
      }
      node_->set(keyword, std::move(json));
      return *this;
   }

   T& member_;
   schema_node* parent_;
   schema_node* node_;
   std::string_view name_;
   object_reader* reader_;
};

} // namespace detail

/// What describe() is given; see the top of the file.
class fields {
public:
   template <class T>
   detail::field<T> operator()(std::string_view name, T& member, std::string_view description = {});
   /// A keyword of the struct's own schema, for example keyword("minProperties", "1").
   fields& keyword(std::string_view name, std::string json) {
      if (schema_ != nullptr) {
         (void)json_view(json);
         schema_->node.set(name, std::move(json));
      }
      return *this;
   }

   fields(const fields&) = delete;
   fields& operator=(const fields&) = delete;

   /// For the library only.
   explicit fields(detail::schema_maker& to) noexcept : schema_(&to) {}
   explicit fields(detail::object_reader& from) noexcept : reader_(&from) {}
   explicit fields(json_writer& to) noexcept : writer_(&to) {}
   void finish();

private:
   detail::schema_maker* schema_ = nullptr;
   detail::object_reader* reader_ = nullptr;
   json_writer* writer_ = nullptr;
};

namespace detail {

// ---- schema ----

template <class T>
void make_schema(T& sample, const schema_maker& to) {
   FMCP_DEMAND_JSON(T);
   if (to.depth > 16) {
      throw std::length_error("A described struct refers to itself or nests more than 16 deep; "
                              "give that member as fmcp::json_text.");
   }
   auto& node = to.node;
   if constexpr (optional_of<T>::value) {
      typename optional_of<T>::type inner{};
      make_schema(inner, to);
   } else if constexpr (std::is_same_v<T, bool>) {
      node.set("type", "\"boolean\"");
   } else if constexpr (is_whole<T>) {
      node.set("type", "\"integer\"");
      if constexpr (std::is_unsigned_v<T>) node.set("minimum", "0");
   } else if constexpr (std::is_floating_point_v<T>) {
      node.set("type", "\"number\"");
   } else if constexpr (std::is_same_v<T, std::string>) {
      node.set("type", "\"string\"");
   } else if constexpr (is_named_enum<T>::value) {
      std::string words;
      json_writer w(words);
      w.begin_array();
      const auto names = describe(sample);
      for (const auto& entry : names.all()) w.string(entry.second);
      w.end_array();
      node.set("type", "\"string\"");
      node.set("enum", std::move(words));
   } else if constexpr (vector_of<T>::value || map_of<T>::value) {
      using element =
            typename std::conditional_t<vector_of<T>::value, vector_of<T>, map_of<T>>::type;
      element inner{};
      schema_node below;
      make_schema(inner, schema_maker{below, to.is_strict, to.depth + 1});
      node.set("type", vector_of<T>::value ? "\"array\"" : "\"object\"");
      node.set(vector_of<T>::value ? "items" : "additionalProperties", below.str());
   } else if constexpr (is_described<T>::value) {
      node.set("type", "\"object\"");
      if (to.is_strict) node.set("additionalProperties", "false");
      schema_maker maker{node, to.is_strict, to.depth};
      fields f(maker);
      sample.describe(f);
   }
   // json_text: anything, which is what an empty schema says
}

/// `is_strict`: members that are not described are an error, as it should be for arguments, where
/// a misspelt one would be overlooked.
template <class T>
std::string schema_of(bool is_strict) {
   T sample{};
   schema_node node;
   make_schema(sample, schema_maker{node, is_strict, 0});
   return node.str();
}

// ---- writing ----

template <class T>
void write(json_writer& w, T& value) {
   FMCP_DEMAND_JSON(T);
   if constexpr (optional_of<T>::value) {
      if (value) {
         write(w, *value);
      } else {
         w.null();
      }
   } else if constexpr (std::is_same_v<T, bool>) {
      w.boolean(value);
   } else if constexpr (is_whole<T>) {
      w.integer(value);
   } else if constexpr (std::is_floating_point_v<T>) {
      w.number(static_cast<double>(value));
   } else if constexpr (std::is_same_v<T, std::string>) {
      w.string(value);
   } else if constexpr (std::is_same_v<T, json_text>) {
      w.raw(value.str());
   } else if constexpr (is_named_enum<T>::value) {
      const auto names = describe(value);
      for (const auto& [known, word] : names.all()) {
         if (known == value) {
            w.string(word);
            return;
         }
      }
      throw json_error("An enumeration has a value that describe() does not name.");
   } else if constexpr (vector_of<T>::value) {
      w.begin_array();
      for (std::size_t i = 0; i < value.size(); ++i) {
         if constexpr (std::is_same_v<T, std::vector<bool>>) {
            w.boolean(value[i]);
         } else {
            write(w, value[i]);
         }
      }
      w.end_array();
   } else if constexpr (map_of<T>::value) {
      w.begin_object();
      for (auto& [key, element] : value) {
         w.key(key);
         write(w, element);
      }
      w.end_object();
   } else {
      w.begin_object();
      fields f(w);
      value.describe(f);
      w.end_object();
   }
}

// ---- reading ----

[[noreturn]] inline void complain(const json_path& at, const std::string& what) {
   const auto where = at.str();
   throw json_error((where.empty() ? "The value" : where) + ' ' + what + '.');
}

template <class T>
void read(json_view from, T& to, const json_path& at);

template <class T>
void read_plain(json_view from, T& to) {
   if constexpr (std::is_same_v<T, bool>) {
      to = from.boolean();
   } else if constexpr (is_whole<T>) {
      to = from.template integer<T>();
   } else if constexpr (std::is_floating_point_v<T>) {
      to = static_cast<T>(from.number());
   } else if constexpr (std::is_same_v<T, std::string>) {
      to = from.string();
   } else if constexpr (std::is_same_v<T, json_text>) {
      to = json_text(std::string(from.text()));
   } else {
      const auto word = from.string();
      const auto names = describe(to);
      for (const auto& [value, name] : names.all()) {
         if (name == word) {
            to = value;
            return;
         }
      }
      throw json_error("is none of the words that are allowed");
   }
}

template <class T>
void read_object(json_view from, T& to, const json_path& at) {
   object_reader reader{{}, at, {}};
   from.each_member([&](std::string key, json_view value) {
      reader.members.emplace_back(std::move(key), value);
   });
   fields f(reader);
   to.describe(f);
   f.finish();
}

template <class T>
void read_list(json_view from, T& to, const json_path& at) {
   to.clear();
   from.each_item([&](json_view value) {
      typename T::value_type element{};
      read(value, element, json_path{&at, {}, to.size(), at.depth + 1});
      to.push_back(std::move(element));
   });
}

template <class T>
void read_map(json_view from, T& to, const json_path& at) {
   to.clear();
   from.each_member([&](const std::string& key, json_view value) {
      read(value, to[key], json_path{&at, key, 0, at.depth + 1});
   });
}

/// Fills `to`; the exception names the path below `at`.
template <class T>
void read(json_view from, T& to, const json_path& at) {
   FMCP_DEMAND_JSON(T);
   if (at.depth > max_json_depth) complain(at, "is nested too deeply");
   if constexpr (optional_of<T>::value) {
      to.reset();
      if (!from.is(json_kind::null)) read(from, to.emplace(), at);
   } else if constexpr (is_described<T>::value) {
      if (!from.is(json_kind::object)) complain(at, "must be an object");
      read_object(from, to, at);
   } else if constexpr (vector_of<T>::value) {
      if (!from.is(json_kind::array)) complain(at, "must be a list");
      read_list(from, to, at);
   } else if constexpr (map_of<T>::value) {
      if (!from.is(json_kind::object)) complain(at, "must be an object");
      read_map(from, to, at);
   } else {
      try {
         read_plain(from, to);
      } catch (const json_error& e) {
         complain(at, e.what());
      }
   }
}

template <class T>
T read_root(json_view from) {
   T out{};
   read(from, out, json_path{nullptr, {}, 0, 0});
   return out;
}

/// Also what a default in a schema is written with.
template <class T>
std::string json_of(T& value) {
   std::string out;
   json_writer w(out);
   write(w, value);
   return out;
}

template <class T>
field<T>& field<T>::optional() {
   if (parent_ != nullptr) {
      parent_->not_required(name_);
      if constexpr (!optional_of<T>::value) node_->set("default", json_of(member_));
   }
   if (reader_ != nullptr && reader_->missing == name_) reader_->missing.clear();
   return *this;
}

} // namespace detail

template <class T>
detail::field<T> fields::operator()(std::string_view name, T& member,
                                    std::string_view description) {
   static_assert(!std::is_const_v<T>, "describe() must not be const: it also fills the members");
   FMCP_DEMAND_JSON(T);
   constexpr bool is_optional = detail::optional_of<T>::value;
   if (schema_ != nullptr) {
      auto& node = schema_->node.property(name, !is_optional);
      detail::make_schema(member,
                          detail::schema_maker{node, schema_->is_strict, schema_->depth + 1});
      if (!description.empty()) node.set_text("description", description);
      return {member, &schema_->node, &node, name, nullptr};
   }
   if (reader_ != nullptr) {
      finish();
      bool is_there = false;
      for (const auto& [key, value] : reader_->members) {
         if (key != name) continue;
         const detail::json_path here{&reader_->path, key, 0, reader_->path.depth + 1};
         if (is_there) detail::complain(here, "is given twice");
         detail::read(value, member, here);
         is_there = true;
      }
      if (!is_there && !is_optional) reader_->missing = name;
      return {member, nullptr, nullptr, name, reader_};
   }
   if constexpr (is_optional) {
      if (!member) return {member, nullptr, nullptr, name, nullptr};
   }
   writer_->key(name);
   detail::write(*writer_, member);
   return {member, nullptr, nullptr, name, nullptr};
}

/// What was missing when the field before this one was read has not turned out to be optional.
inline void fields::finish() {
   if (reader_ == nullptr || reader_->missing.empty()) return;
   detail::complain(reader_->path, "lacks \"" + reader_->missing + '"');
}

/// The JSON of anything that has a JSON form.
template <class T>
[[nodiscard]] json_text to_json(T value) {
   return json_text(detail::json_of(value));
}

/// Reads a value. Errors: json_error, with the path of what does not fit.
template <class T>
[[nodiscard]] T from_json(json_view from) {
   return detail::read_root<T>(from);
}

} // namespace v1
} // namespace fmcp
#endif
