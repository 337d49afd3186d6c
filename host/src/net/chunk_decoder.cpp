#include "net/chunk_decoder.hpp"

#include <algorithm>
#include <cstring>

#include "core/text.hpp"

namespace fmcp::net {
namespace {

constexpr int hex_value(char c) noexcept {
   if (c >= '0' && c <= '9') return c - '0';
   if (c >= 'a' && c <= 'f') return c - 'a' + 10;
   if (c >= 'A' && c <= 'F') return c - 'A' + 10;
   return -1;
}

/// What a field value or a quoted string may hold: blank, tab, visible characters, obs-text.
constexpr bool is_text_char(char c) noexcept {
   const auto u = static_cast<unsigned char>(c);
   return c == '\t' || (u >= 0x20 && u != 0x7F);
}

/// What an extension may hold outside quotes: tokens, `;`, `=` and blanks around those.
constexpr bool is_extension_char(char c) noexcept {
   return core::is_token_char(c) || c == ';' || c == '=' || c == ' ' || c == '\t';
}

} // namespace

void chunk_decoder::begin(std::uint64_t max_body, std::size_t max_extra) noexcept {
   *this = {};
   body_left_ = max_body;
   extra_left_ = max_extra;
}

chunk_decoder::outcome chunk_decoder::decode(const char* in, std::size_t size, char* out,
                                             std::size_t& used, std::size_t& made) noexcept {
   used = made = 0;
   while (used < size) {
      if (state_ == state::data) {
         const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_, size - used));
         std::memmove(out + made, in + used, n);
         used += n;
         made += n;
         chunk_ -= n;
         if (chunk_ == 0) state_ = state::data_cr;
         continue;
      }
      if (is_counted()) {
         if (extra_left_ == 0) return outcome::line_too_long;
         --extra_left_;
      }
      const outcome o = step(in[used++]);
      if (o != outcome::more) return o;
   }
   return outcome::more;
}

bool chunk_decoder::is_counted() const noexcept {
   switch (state_) {
   case state::blank:
   case state::extension:
   case state::quoted:
   case state::quoted_pair:
   case state::trailer_name:
   case state::trailer_value:
   case state::trailer_lf: return true;
   default: return false;
   }
}

/// The size line is complete.
chunk_decoder::outcome chunk_decoder::end_of_size() noexcept {
   if (chunk_ == 0) {
      state_ = state::trailer_first;
      return outcome::more;
   }
   if (chunk_ > body_left_) return outcome::body_too_long;
   body_left_ -= chunk_;
   state_ = state::data;
   return outcome::more;
}

chunk_decoder::outcome chunk_decoder::step(char c) noexcept {
   const auto go = [&](bool may, state next) {
      state_ = next;
      return may ? outcome::more : outcome::malformed;
   };
   switch (state_) {
   case state::size_first:
      digits_ = 0;
      chunk_ = 0;
      if (hex_value(c) < 0) return outcome::malformed;
      state_ = state::size;
      [[fallthrough]];
   case state::size:
      if (const int v = hex_value(c); v >= 0) {
         if (++digits_ > 16) return outcome::malformed;
         chunk_ = chunk_ << 4 | static_cast<unsigned>(v);
         return outcome::more;
      }
      [[fallthrough]];
   case state::blank: // RFC 9112 7.1.1: "BWS" in front of the semicolon, and nowhere else
      if (c == ' ' || c == '\t') return go(true, state::blank);
      if (c == ';') return go(true, state::extension);
      return go(c == '\r' && state_ == state::size, state::size_lf);
   case state::extension:
      if (c == '\r') return go(true, state::size_lf);
      if (c == '"') return go(true, state::quoted);
      return go(is_extension_char(c), state::extension);
   case state::quoted:
      if (c == '"') return go(true, state::extension);
      if (c == '\\') return go(true, state::quoted_pair);
      return go(is_text_char(c), state::quoted);
   case state::quoted_pair: return go(is_text_char(c), state::quoted);
   case state::size_lf: return c == '\n' ? end_of_size() : outcome::malformed;
   case state::data_cr: return go(c == '\r', state::data_lf);
   case state::data_lf: return go(c == '\n', state::size_first);
   case state::trailer_first:
      if (c == '\r') return go(true, state::end_lf);
      return go(core::is_token_char(c), state::trailer_name);
   case state::trailer_name:
      if (c == ':') return go(true, state::trailer_value);
      return go(core::is_token_char(c), state::trailer_name);
   case state::trailer_value:
      if (c == '\r') return go(true, state::trailer_lf);
      return go(is_text_char(c), state::trailer_value);
   case state::trailer_lf: return go(c == '\n', state::trailer_first);
   case state::end_lf: state_ = state::done; return c == '\n' ? outcome::done : outcome::malformed;
   case state::data:
   case state::done: break;
   }
   return outcome::malformed;
}

} // namespace fmcp::net
