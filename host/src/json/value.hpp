#pragma once

/// A parsed JSON text: read-only, in one arena, with each value remembering its source bytes.
///
/// Why not RapidJSON's DOM: it keeps duplicate members, loses the text of numbers, and recurses.
/// What comes from outside is parsed by RapidJSON's SAX reader into this value (RFC 8259).
///
/// Lifetimes: a `value` and every view got from it live as long as its `document` is neither
/// cleared, parsed into again, nor destroyed, and as long as the text that was parsed.
/// Thread safety: values are immutable; any number of threads may read one document.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fmcp::json {

enum class kind : std::uint8_t { null, boolean, number, string, array, object };

struct member;

class value {
public:
   [[nodiscard]] kind type() const noexcept { return kind_; }
   [[nodiscard]] bool is(kind k) const noexcept { return kind_ == k; }

   /// Preconditions of the accessors: the matching type.
   [[nodiscard]] bool boolean() const noexcept { return size_ != 0; }
   /// Decoded text; may hold U+0000, always well-formed UTF-8.
   [[nodiscard]] std::string_view string() const noexcept {
      return {static_cast<const char*>(data_), size_};
   }
   /// The number as it was written, e.g. `1e3`.
   [[nodiscard]] std::string_view number() const noexcept { return raw(); }
   [[nodiscard]] std::span<const value> items() const noexcept;
   [[nodiscard]] std::span<const member> members() const noexcept;

   /// The member of an object, or null. Also null when this is no object, so that look-ups chain.
   [[nodiscard]] const value* find(std::string_view key) const noexcept;
   /// The string member `key`, or nothing when it is absent or no string.
   [[nodiscard]] std::optional<std::string_view> find_string(std::string_view key) const noexcept;

   /// The exact integer when the number is one that 64 bits hold (`3`, `3.0`, `30e-1`).
   [[nodiscard]] std::optional<std::int64_t> as_int64() const noexcept;
   /// Nearest double; infinite beyond its range.
   [[nodiscard]] double as_double() const noexcept;

   /// A string that stands in no text, so that a member's name can be checked like a value. Its
   /// raw() is empty. Lifetime: that of `text`.
   [[nodiscard]] static value of_string(std::string_view text) noexcept {
      value v;
      v.kind_ = kind::string;
      v.data_ = text.data();
      v.size_ = static_cast<std::uint32_t>(text.size());
      return v;
   }

   /// The bytes of this value in the text that was parsed, without surrounding blanks.
   [[nodiscard]] std::string_view raw() const noexcept { return {raw_, raw_size_}; }

private:
   friend class builder;
   const void* data_ = nullptr; // characters, values or members
   const char* raw_ = nullptr;
   std::uint32_t size_ = 0; // bytes, items, members; 0 or 1 for booleans
   std::uint32_t raw_size_ = 0;
   kind kind_ = kind::null;
};

struct member {
   std::string_view key;
   value val;
};

inline std::span<const value> value::items() const noexcept {
   return {static_cast<const value*>(data_), size_};
}
inline std::span<const member> value::members() const noexcept {
   return {static_cast<const member*>(data_), size_};
}

/// Equality of JSON Schema (2020-12 core, 4.2.2): numbers by mathematical value, objects without
/// order.
[[nodiscard]] bool equal(const value& a, const value& b);

} // namespace fmcp::json
