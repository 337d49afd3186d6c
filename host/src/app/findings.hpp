#pragma once

/// What `doctor` finds, a line for each: whether it is as it should be, what it is about, a text.

#include <ostream>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/text.hpp"

namespace fmcp::app {

/// Thread safety: one thread. `out` outlives it.
class findings {
public:
   explicit findings(std::ostream& out) : out_(out) {}
   void good(std::string_view what, std::string_view text) { print("ok", what, text); }
   void note(std::string_view what, std::string_view text) { print("note", what, text); }
   void bad(std::string_view what, std::string_view text) {
      has_failed_ = true;
      print("WRONG", what, text);
   }
   /// 1 when anything is wrong.
   [[nodiscard]] int exit_code() const noexcept { return has_failed_ ? 1 : 0; }

private:
   void print(std::string_view mark, std::string_view what, std::string_view text) {
      std::string line = fmt::format("{:<6}{:<12}", mark, what);
      core::append_printable(line, text);
      out_ << line << '\n' << std::flush;
   }
   std::ostream& out_;
   bool has_failed_ = false;
};

} // namespace fmcp::app
