#include "config/env_file.hpp"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/utf8.hpp"

namespace fmcp::config {
namespace {

constexpr bool is_blank(char c) noexcept {
   return c == ' ' || c == '\t';
}
constexpr bool is_newline(char c) noexcept {
   return c == '\n' || c == '\r';
}

bool is_name(std::string_view text) noexcept {
   const auto letter = [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
   };
   const auto inner = [&](char c) {
      return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
   };
   return !text.empty() && letter(text.front()) && std::ranges::all_of(text, inner);
}

class reader {
public:
   reader(std::string_view text, const variable_lookup& process, const env_limits& bounds)
       : text_(text), process_(process), bounds_(bounds) {}

   core::result<env_text> run() {
      if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
      if (text_.find('\0') != std::string_view::npos)
         return core::fail(core::errc::invalid, "It holds a NUL character.");
      if (!core::is_utf8(text_)) return core::fail(core::errc::invalid, "It is not UTF-8.");
      while (at_ < text_.size()) {
         if (line_ > bounds_.max_lines)
            return refuse(core::errc::limit, "the file has too many lines");
         if (auto ok = one_line(); !ok) return std::unexpected(ok.error());
      }
      return std::move(out_);
   }

private:
   std::unexpected<core::error> refuse(core::errc code, std::string_view what) const {
      return core::fail(code, fmt::format("Line {}: {}.", line_, what));
   }

   void skip_blanks() {
      while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
   }
   std::string_view rest_of_line() const {
      const auto end = std::min(text_.find_first_of("\r\n", at_), text_.size());
      return text_.substr(at_, end - at_);
   }
   void next_line() {
      at_ += rest_of_line().size();
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      if (at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
   }

   core::result<void> one_line() {
      skip_blanks();
      const auto line = rest_of_line();
      const auto equals = line.find('=');
      if (line.starts_with('#') || equals == std::string_view::npos) {
         if (!line.empty() && !line.starts_with('#'))
            out_.loose.push_back({std::string(line), line_});
         next_line();
         return {};
      }
      auto name = core::trim(line.substr(0, equals));
      if (name.starts_with("export") && name.size() > 6 && is_blank(name[6]))
         name = core::trim(name.substr(6));
      if (!is_name(name))
         return refuse(core::errc::invalid, "what stands before '=' is no variable name");
      const std::size_t here = line_;
      at_ += equals + 1;
      skip_blanks();
      auto value = at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')
                         ? quoted(text_[at_])
                         : plain();
      if (!value) return std::unexpected(value.error());
      auto expanded = expand(*value);
      if (!expanded) return std::unexpected(expanded.error());
      out_.lines.push_back({std::string(name), std::move(*expanded), here});
      next_line();
      return {};
   }

   core::result<std::string> plain() {
      auto value = rest_of_line();
      const bool after_blank = at_ > 0 && is_blank(text_[at_ - 1]);
      for (std::size_t i = 0; i < value.size(); ++i) {
         if (value[i] == '#' && (i == 0 ? after_blank : is_blank(value[i - 1]))) {
            value = value.substr(0, i);
            break;
         }
      }
      return std::string(core::trim(value));
   }

   core::result<std::string> quoted(char quote) {
      const std::size_t opened = line_;
      std::string value;
      for (++at_;; ++at_) {
         if (at_ >= text_.size()) {
            line_ = opened;
            return refuse(core::errc::invalid, fmt::format("the quote {} is not closed", quote));
         }
         if (text_[at_] == quote) break;
         if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') continue;
         if (is_newline(text_[at_])) ++line_;
         if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
            unescape(value, quote);
         } else {
            value.push_back(text_[at_]);
         }
      }
      ++at_;
      const auto behind = core::trim(rest_of_line());
      if (!behind.empty() && !behind.starts_with('#')) {
         return refuse(core::errc::invalid, "there is text behind the closing quote");
      }
      return value;
   }

   /// Appends what the backslash at `at_` and the character behind it mean, and steps to the
   /// latter.
   void unescape(std::string& value, char quote) {
      const char c = text_[at_ + 1];
      constexpr std::string_view names = "abfnrtv", meanings = "\a\b\f\n\r\t\v";
      if (c == '\\' || c == quote || (quote == '"' && c == '\'')) {
         value.push_back(c);
      } else if (const auto i = names.find(c); quote == '"' && i != std::string_view::npos) {
         value.push_back(meanings[i]);
      } else {
         value.push_back('\\');
         return;
      }
      ++at_;
   }

   std::string lookup(std::string_view name, std::string_view otherwise) const {
      for (const auto& earlier : out_.lines | std::views::reverse) {
         if (earlier.name == name) return earlier.value;
      }
      if (process_) {
         if (auto value = process_(name)) return std::move(*value);
      }
      return std::string(otherwise);
   }

   /// One pass: what a variable brings in is not expanded again.
   core::result<std::string> expand(std::string_view text) const {
      std::string out;
      for (std::size_t at = 0; at < text.size();) {
         const auto open = text.find("${", at);
         const auto close = open == std::string_view::npos ? open : text.find('}', open);
         if (close == std::string_view::npos) {
            out.append(text.substr(at));
            break;
         }
         out.append(text.substr(at, open - at));
         const auto inside = text.substr(open + 2, close - open - 2);
         const auto marker = inside.find(":-");
         const bool has_default = marker != std::string_view::npos;
         out += lookup(inside.substr(0, marker),
                       has_default ? inside.substr(marker + 2) : std::string_view());
         at = close + 1;
         if (out.size() > bounds_.max_value_bytes) break;
      }
      if (out.size() > bounds_.max_value_bytes) {
         return refuse(core::errc::limit,
                       fmt::format("the value is longer than {} bytes", bounds_.max_value_bytes));
      }
      return out;
   }

   std::string_view text_;
   const variable_lookup& process_;
   const env_limits& bounds_;
   std::size_t at_ = 0;
   std::size_t line_ = 1;
   env_text out_;
};

} // namespace

core::result<env_text> parse_env_file(std::string_view text, const variable_lookup& process,
                                      const env_limits& bounds) {
   return reader(text, process, bounds).run();
}

} // namespace fmcp::config
