#include "json/document.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/reader.h>

#include "core/utf8.hpp"
#include "json/arena.hpp"

namespace fmcp::json {
namespace {

using core::errc;

/// Deepest nesting that any caller may allow: the reader recurses once per level.
constexpr std::size_t depth_ceiling = 512;

/// What can end a run of plain characters inside a string.
constexpr bool is_special(char c) noexcept {
   return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

/// First special character at or behind `p`. Precondition: there is one, `*end` if nowhere else.
const char* skip_plain(const char* p, const char* end) noexcept {
   if constexpr (std::endian::native == std::endian::little) {
      constexpr std::uint64_t ones = 0x0101010101010101u;
      constexpr std::uint64_t tops = ones * 0x80;
      const auto zero_bytes = [](std::uint64_t w) { return (w - ones) & ~w & tops; };
      while (end - p >= 8) {
         std::uint64_t w;
         std::memcpy(&w, p, 8);
         const auto found = zero_bytes(w ^ ones * '"') | zero_bytes(w ^ ones * '\\') |
                            ((w - ones * 0x20) & ~w & tops);
         // A borrow can mark bytes above a true hit, never below: the lowest mark is exact.
         if (found != 0) return p + std::countr_zero(found) / 8;
         p += 8;
      }
   }
   while (!is_special(*p)) ++p;
   return p;
}

/// The text as RapidJSON's reader wants it. The reader runs in its in-place mode, in which it asks
/// the stream to store decoded strings: this one stores nothing unless an escape forces it to, and
/// then not over the text but in a buffer of its own.
class source {
public:
   using Ch = char;

   source(std::string_view text, std::string& decoded) noexcept
       : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), decoded_(&decoded) {}

   char Peek() const noexcept { return *at_; }
   char Take() noexcept { return *at_++; }
   std::size_t Tell() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
   char* PutBegin() noexcept {
      string_begin_ = at_;
      has_escape_ = false;
      return nullptr;
   }
   void Put(char c) {
      if (*run_end_ == '"') return; // the NUL that the reader puts behind a finished string
      if (!has_escape_) {
         decoded_->assign(string_begin_, run_end_);
         has_escape_ = true;
      }
      decoded_->push_back(c);
   }
   std::size_t PutEnd(char*) const noexcept {
      return has_escape_ ? decoded_->size() + 1
                         : static_cast<std::size_t>(run_end_ - string_begin_) + 1;
   }

   void take_plain() {
      run_end_ = skip_plain(at_, end_);
      if (has_escape_) decoded_->append(at_, run_end_);
      at_ = run_end_;
   }
   void skip_blanks() noexcept {
      while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
   }

   const char* position() const noexcept { return at_; }
   bool at_end() const noexcept { return at_ == end_; }
   bool has_escape() const noexcept { return has_escape_; }
   /// Start of the last string, behind its quote.
   const char* string_begin() const noexcept { return string_begin_; }
   /// The last string, decoded.
   std::string_view string() const noexcept {
      return has_escape_ ? std::string_view(*decoded_) : std::string_view(string_begin_, run_end_);
   }

private:
   const char* begin_;
   const char* at_;
   const char* end_;
   const char* string_begin_ = nullptr;
   const char* run_end_ = nullptr;
   bool has_escape_ = false;
   std::string* decoded_;
};

} // namespace
} // namespace fmcp::json

// The two places where RapidJSON has a faster version for its own streams and, by specialisation,
// takes one for ours. (Its SSE2 versions read past the end of the text, which sanitizers reject.)
RAPIDJSON_NAMESPACE_BEGIN
template <>
inline void SkipWhitespace(fmcp::json::source& s) {
   s.skip_blanks();
}
template <>
template <>
inline void Reader::ScanCopyUnescapedString(fmcp::json::source& in, fmcp::json::source&) {
   in.take_plain();
}
RAPIDJSON_NAMESPACE_END

namespace fmcp::json {

/// Receives the reader's events and keeps the bounds. What it cannot accept it refuses by returning
/// false, with the reason in `refusal`.
class builder {
public:
   /// An array or object that is not closed yet.
   struct frame {
      const char* raw;
      std::size_t first; // of its members or items on the stack
      std::string_view key;
      bool is_object;
   };
   /// Buffers that outlive one parse.
   struct memory {
      arena values;
      std::vector<member> members;
      std::vector<value> items;
      std::vector<frame> frames;
      std::vector<std::string_view> keys;
      std::string decoded;
   };

   builder(memory& m, source& s, const limits& bounds) noexcept
       : memory_(m), source_(s), max_depth_(std::min(bounds.max_depth, depth_ceiling)),
         max_values_(bounds.max_values) {}

   bool Null() { return scalar(kind::null, 4, 0); }
   bool Bool(bool b) { return scalar(kind::boolean, b ? 4 : 5, b ? 1 : 0); }
   bool RawNumber(const char*, std::size_t length, bool) {
      value v;
      v.kind_ = kind::number;
      v.raw_ = source_.position() - length;
      v.raw_size_ = static_cast<std::uint32_t>(length);
      if (!is_finite(v)) return refuse(errc::invalid, "the number is too large");
      return add(v);
   }
   bool String(const char*, std::size_t, bool) {
      value v;
      v.kind_ = kind::string;
      v.raw_ = source_.string_begin() - 1;
      v.raw_size_ = static_cast<std::uint32_t>(source_.position() - v.raw_);
      std::string_view text;
      if (!take_string(text)) return false;
      v.data_ = text.data();
      v.size_ = static_cast<std::uint32_t>(text.size());
      return add(v);
   }
   bool Key(const char*, std::size_t, bool) { return count() && take_string(top().key); }
   bool StartObject() { return open(memory_.members.size(), true); }
   bool StartArray() { return open(memory_.items.size(), false); }
   bool EndObject(std::size_t) {
      const auto first = top().first;
      const auto members = std::span<const member>(memory_.members).subspan(first);
      if (!check_keys(members)) return false;
      const auto* kept = memory_.values.copy(members.data(), members.size());
      const auto size = members.size();
      memory_.members.resize(first);
      return close(kind::object, kept, size);
   }
   bool EndArray(std::size_t) {
      const auto first = top().first;
      const auto size = memory_.items.size() - first;
      const auto* kept = memory_.values.copy(memory_.items.data() + first, size);
      memory_.items.resize(first);
      return close(kind::array, kept, size);
   }
   // The reader names these, and with numbers as strings never calls them.
   bool Int(int) { return false; }
   bool Uint(unsigned) { return false; }
   bool Int64(std::int64_t) { return false; }
   bool Uint64(std::uint64_t) { return false; }
   bool Double(double) { return false; }

   value root;
   core::error refusal;

private:
   frame& top() noexcept { return memory_.frames.back(); }

   bool refuse(errc code, std::string reason) {
      refusal = {code, std::move(reason)};
      return false;
   }

   bool count() {
      if (++count_ <= max_values_) return true;
      return refuse(errc::limit, fmt::format("there are more than {} values", max_values_));
   }

   bool add(const value& v) {
      if (!count()) return false;
      if (memory_.frames.empty()) {
         root = v;
      } else if (top().is_object) {
         memory_.members.push_back({top().key, v});
      } else {
         memory_.items.push_back(v);
      }
      return true;
   }

   bool scalar(kind k, std::size_t length, std::uint32_t size) {
      value v;
      v.kind_ = k;
      v.size_ = size;
      v.raw_ = source_.position() - length;
      v.raw_size_ = static_cast<std::uint32_t>(length);
      return add(v);
   }

   bool take_string(std::string_view& out) {
      out = source_.string();
      if (!source_.has_escape()) return true;
      // The text was well-formed, so only an escape can have made this ill-formed.
      if (!core::is_utf8(out)) return refuse(errc::invalid, "half of a surrogate pair is missing");
      out = memory_.values.copy(out);
      return true;
   }

   bool open(std::size_t first, bool is_object) {
      if (memory_.frames.size() >= max_depth_) {
         return refuse(errc::limit,
                       fmt::format("it is nested more than {} levels deep", max_depth_));
      }
      memory_.frames.push_back({source_.position() - 1, first, {}, is_object});
      return true;
   }

   bool close(kind k, const void* data, std::size_t size) {
      value v;
      v.kind_ = k;
      v.data_ = data;
      v.size_ = static_cast<std::uint32_t>(size);
      v.raw_ = top().raw;
      v.raw_size_ = static_cast<std::uint32_t>(source_.position() - v.raw_);
      memory_.frames.pop_back();
      return add(v);
   }

   bool check_keys(std::span<const member> members) {
      constexpr std::size_t pairwise_up_to = 12;
      if (members.size() <= pairwise_up_to) {
         for (std::size_t i = 1; i < members.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
               if (members[i].key == members[j].key) return refuse_duplicate(members[i].key);
            }
         }
         return true;
      }
      auto& keys = memory_.keys;
      keys.clear();
      for (const auto& m : members) keys.push_back(m.key);
      std::ranges::sort(keys);
      const auto twin = std::ranges::adjacent_find(keys);
      return twin == keys.end() || refuse_duplicate(*twin);
   }

   bool refuse_duplicate(std::string_view key) {
      return refuse(errc::invalid,
                    fmt::format("the object that ends here has two members named \"{}\"",
                                core::utf8_truncated(key, 64)));
   }

   static bool is_finite(const value& v) noexcept {
      constexpr std::size_t always_finite = 300; // digits without an exponent
      const auto text = v.number();
      if (text.size() <= always_finite && text.find_first_of("eE") == std::string_view::npos) {
         return true;
      }
      return std::isfinite(v.as_double());
   }

   memory& memory_;
   source& source_;
   std::size_t max_depth_;
   std::size_t max_values_;
   std::size_t count_ = 0;
};

namespace {

std::string_view describe(rapidjson::ParseErrorCode code) noexcept {
   using enum rapidjson::ParseErrorCode;
   switch (code) {
   case kParseErrorDocumentEmpty: return "there is no value";
   case kParseErrorDocumentRootNotSingular: return "something follows the value";
   case kParseErrorValueInvalid: return "this starts no JSON value";
   case kParseErrorObjectMissName: return "a member name in double quotes is missing";
   case kParseErrorObjectMissColon: return "a colon is missing behind the member name";
   case kParseErrorObjectMissCommaOrCurlyBracket: return "a comma or } is missing";
   case kParseErrorArrayMissCommaOrSquareBracket: return "a comma or ] is missing";
   case kParseErrorStringUnicodeEscapeInvalidHex: return "\\u needs four hexadecimal digits";
   case kParseErrorStringUnicodeSurrogateInvalid: return "half of a surrogate pair is missing";
   case kParseErrorStringEscapeInvalid: return "this character needs an escape, or is no escape";
   case kParseErrorStringMissQuotationMark: return "the string has no end";
   case kParseErrorNumberTooBig: return "the number is too large";
   case kParseErrorNumberMissFraction: return "digits are missing behind the decimal point";
   case kParseErrorNumberMissExponent: return "digits are missing in the exponent";
   default: return "this is not JSON";
   }
}

std::unexpected<core::error> refuse_at(std::size_t offset, errc code, std::string_view reason) {
   return core::fail(code, fmt::format("the JSON text is refused at byte {}: {}", offset, reason));
}

} // namespace

struct document::impl {
   builder::memory memory;
   std::string copy;
   value root;
   bool is_empty = true;

   core::result<const value*> parse(std::string_view text, const limits& bounds);
};

core::result<const value*> document::impl::parse(std::string_view text, const limits& bounds) {
   is_empty = true;
   memory.values.reset();
   memory.members.clear();
   memory.items.clear();
   memory.frames.clear();

   // Spans of values are 32 bits wide.
   const std::size_t max_bytes =
         std::min<std::size_t>(bounds.max_bytes, std::numeric_limits<std::uint32_t>::max());
   if (text.size() > max_bytes) {
      return core::fail(errc::limit, fmt::format("the JSON text has {} bytes, allowed are {}",
                                                 text.size(), max_bytes));
   }
   if (const auto good = core::utf8_valid_prefix(text); good != text.size()) {
      return refuse_at(good, errc::invalid, "this is not UTF-8");
   }
   if (text.starts_with("\xEF\xBB\xBF")) {
      return refuse_at(0, errc::invalid, "a byte order mark is not allowed");
   }

   // Numbers are never converted by RapidJSON 1.1.0: some texts kill the process (CVE-2024-38517).
   constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
   source in(text, memory.decoded);
   builder out(memory, in, bounds);
   rapidjson::Reader reader;
   const rapidjson::ParseResult parsed = reader.Parse<flags>(in, out);
   if (parsed.IsError()) {
      if (parsed.Code() == rapidjson::kParseErrorTermination) {
         return refuse_at(in.Tell(), out.refusal.code, out.refusal.message);
      }
      return refuse_at(parsed.Offset(), errc::invalid, describe(parsed.Code()));
   }
   // To the reader a NUL is the end.
   if (!in.at_end()) return refuse_at(in.Tell(), errc::invalid, "something follows the value");
   root = out.root;
   is_empty = false;
   return &root;
}

document::document() : impl_(std::make_unique<impl>()) {}
document::~document() = default;
document::document(document&&) noexcept = default;
document& document::operator=(document&&) noexcept = default;

core::result<const value*> document::parse(const std::string& text, const limits& bounds) {
   return impl_->parse(text, bounds);
}

core::result<const value*> document::parse_copy(std::string_view text, const limits& bounds) {
   impl_->is_empty = true;
   if (text.size() <= bounds.max_bytes) {
      impl_->copy.assign(text);
      text = impl_->copy;
   }
   return impl_->parse(text, bounds);
}

const value& document::root() const noexcept {
   return impl_->root;
}

bool document::empty() const noexcept {
   return impl_->is_empty;
}

void document::clear(std::size_t keep_bytes) noexcept {
   impl_->is_empty = true;
   impl_->root = {};
   auto& m = impl_->memory;
   m.values.trim(keep_bytes);
   const auto drop_if_large = [keep_bytes](auto& buffer) {
      using buffer_type = std::remove_reference_t<decltype(buffer)>;
      buffer.clear();
      if (buffer.capacity() * sizeof(buffer[0]) > keep_bytes) buffer = buffer_type();
   };
   drop_if_large(m.members);
   drop_if_large(m.items);
   drop_if_large(m.frames);
   drop_if_large(m.keys);
   drop_if_large(m.decoded);
   drop_if_large(impl_->copy);
}

} // namespace fmcp::json
