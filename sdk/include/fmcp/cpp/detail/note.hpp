/// fmcp/cpp/detail/note.hpp - the manifest as an ELF note, put together by the compiler.
///
/// The same bytes as FMCP_MANIFEST of abi.h makes, from the constexpr declarations of settings.hpp
/// instead of a literal, so that what the host reads and what the code reads cannot differ.
#ifndef FMCP_CPP_DETAIL_NOTE_HPP
#define FMCP_CPP_DETAIL_NOTE_HPP

#include <tuple>

#include "../settings.hpp"

namespace fmcp {
inline namespace v1 {
namespace detail {

/// Writes JSON at compile time; with `out` null it only counts.
class note_sink {
public:
   constexpr explicit note_sink(char* out) : out_(out) {}

   constexpr void begin_object() { open('{'); }
   constexpr void begin_object(std::string_view key) {
      name(key);
      has_value_ = false;
      open('{');
   }
   constexpr void end_object() { close('}'); }
   constexpr void begin_array(std::string_view key) {
      name(key);
      has_value_ = false;
      open('[');
   }
   constexpr void end_array() { close(']'); }
   constexpr void member(std::string_view key, std::string_view text) {
      name(key);
      quote(text);
   }
   constexpr void member(std::string_view key, const words& list) {
      begin_array(key);
      for (std::size_t i = 0; i < list.count; ++i) {
         comma();
         quote(list.all[i]);
      }
      end_array();
   }
   constexpr void member_raw(std::string_view key, std::string_view json) {
      name(key);
      raw(json);
   }
   constexpr void raw_members(std::string_view json) {
      comma();
      raw(json);
   }
   [[nodiscard]] constexpr std::size_t size() const { return size_; }

private:
   constexpr void put(char c) {
      if (out_ != nullptr) out_[size_] = c;
      ++size_;
   }
   constexpr void raw(std::string_view text) {
      for (const char c : text) put(c);
   }
   constexpr void comma() {
      if (has_value_) put(',');
      has_value_ = true;
   }
   constexpr void open(char c) {
      comma();
      put(c);
      has_value_ = false;
   }
   constexpr void close(char c) {
      put(c);
      has_value_ = true;
   }
   constexpr void name(std::string_view key) {
      comma();
      quote(key);
      put(':');
   }
   constexpr void quote(std::string_view text) {
      put('"');
      for (const char c : text) {
         if (c == '"' || c == '\\') put('\\');
         if (c >= 0 && c < ' ') {
            raw(c < 16 ? "\\u000" : "\\u001");
            put("0123456789abcdef"[c & 15]);
         } else {
            put(c);
         }
      }
      put('"');
   }

   char* out_;
   std::size_t size_ = 0;
   bool has_value_ = false;
};

/// A plugin without settings.
struct no_settings {
   static constexpr auto settings() { return fmcp::settings(); }
};

template <class Settings>
constexpr std::size_t write_manifest(const manifest& about, char* out) {
   note_sink to(out);
   to.begin_object();
   about.write_members(to);
   to.begin_array("settings");
   std::apply([&](const auto&... s) { (s.write(to), ...); }, Settings::settings());
   to.end_array();
   to.end_object();
   return to.size();
}

/// The layout of abi.h, "The manifest".
template <std::size_t Size>
struct note {
   uint32_t namesz = sizeof FMCP_NOTE_NAME;
   uint32_t descsz = 16 + Size;
   uint32_t type = FMCP_NOTE_TYPE;
   char name[8] = FMCP_NOTE_NAME;
   uint32_t major = FMCP_ABI_MAJOR;
   uint32_t minor_built = FMCP_ABI_MINOR;
   uint32_t minor_needed = 0;
   uint32_t flags = 0;
   char text[Size] = {};
};

template <class Settings>
constexpr std::size_t note_size(const manifest& about) {
   return (write_manifest<Settings>(about, nullptr) + 4) / 4 * 4; // with a zero at least
}

template <class Settings, std::size_t Size>
constexpr note<Size> make_note(const manifest& about) {
   note<Size> out;
   write_manifest<Settings>(about, out.text);
   return out;
}

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
