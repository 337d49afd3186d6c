#pragma once

/// Cuts a byte stream into lines, within a bound.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace fmcp::net {

/// A line ends with LF or CR LF; empty lines are skipped; what stands behind the last line end
/// counts as a line when the stream ends. A line that is longer than the bound is reported once, as
/// soon as that is known, and skipped to its end. Thread safety: none.
class line_splitter {
public:
   explicit line_splitter(std::size_t max_line_bytes) : max_(max_line_bytes) {}

   /// Calls `line(std::string_view)` and `long_line()` for what `bytes` completes. The views are
   /// valid during the call.
   template <class Line, class LongLine>
   void feed(std::string_view bytes, Line line, LongLine long_line) {
      while (!bytes.empty()) {
         const auto end = bytes.find('\n');
         const auto piece = bytes.substr(0, end);
         // A CR of the line end is not counted, wherever the pieces are cut.
         if (!is_skipping_ && length(piece) > max_) {
            is_skipping_ = true;
            std::string().swap(start_);
            long_line();
         }
         if (end == std::string_view::npos) {
            if (!is_skipping_) start_.append(piece);
            return;
         }
         bytes.remove_prefix(end + 1);
         if (is_skipping_) {
            is_skipping_ = false;
         } else if (start_.empty()) {
            give(piece, line); // the common case: no copy
         } else {
            start_.append(piece);
            give(start_, line);
            forget();
         }
      }
   }

   /// The stream has ended.
   template <class Line>
   void finish(Line line) {
      if (!is_skipping_) give(start_, line);
      is_skipping_ = false;
      forget();
   }

private:
   [[nodiscard]] std::size_t length(std::string_view piece) const noexcept {
      const std::size_t all = start_.size() + piece.size();
      const char last = !piece.empty() ? piece.back() : start_.empty() ? '\0' : start_.back();
      return all - (last == '\r' ? 1 : 0);
   }
   template <class Line>
   static void give(std::string_view text, Line& line) {
      if (text.ends_with('\r')) text.remove_suffix(1);
      if (!text.empty()) line(text);
   }
   void forget() {
      start_.clear();
      // One large message must not keep its memory for the life of the process.
      if (start_.capacity() > 64 * 1024) std::string().swap(start_);
   }

   const std::size_t max_;
   std::string start_; ///< of a line whose end has not come
   bool is_skipping_ = false;
};

} // namespace fmcp::net
