#include "client/challenge.hpp"

#include <algorithm>
#include <optional>

#include "core/text.hpp"
#include "core/utf8.hpp"

namespace fmcp::client {
namespace {

constexpr std::size_t max_field = 8u << 10;
constexpr std::size_t max_scopes = 100;

/// Reads a field from front to back: `scheme [token68 | name=value, …], scheme …`.
class reader {
public:
   explicit reader(std::string_view text) noexcept : rest_(text.substr(0, max_field)) {}

   [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
   void skip(std::string_view what) noexcept {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(what), rest_.size()));
   }
   std::string_view token() noexcept {
      std::size_t n = 0;
      while (n < rest_.size() && core::is_token_char(rest_[n])) ++n;
      return take(n);
   }
   bool eat(char c) noexcept {
      if (!rest_.starts_with(c)) return false;
      rest_.remove_prefix(1);
      return true;
   }
   /// A token or a quoted string (RFC 9110 5.6.4); nothing when the quote is never closed.
   std::optional<std::string> value() {
      if (!eat('"')) return std::string(token());
      std::string out;
      while (!rest_.empty()) {
         char c = take(1).front();
         if (c == '"') return out;
         if (c == '\\' && !rest_.empty()) c = take(1).front();
         out.push_back(c);
      }
      return std::nullopt;
   }
   /// What nobody understands up to the next comma.
   void skip_item() noexcept { rest_.remove_prefix(std::min(rest_.find(','), rest_.size())); }

private:
   std::string_view take(std::size_t n) noexcept {
      const auto out = rest_.substr(0, n);
      rest_.remove_prefix(n);
      return out;
   }
   std::string_view rest_;
};

struct scheme {
   std::string name;
   std::vector<std::pair<std::string, std::string>> parameters;

   [[nodiscard]] std::string find(std::string_view name_of) const {
      const auto it =
            std::ranges::find_if(parameters, [&](const auto& p) { return p.first == name_of; });
      return it == parameters.end() ? std::string() : it->second;
   }
};

std::vector<scheme> read_schemes(std::string_view field) {
   std::vector<scheme> out;
   reader r(field);
   for (r.skip(" \t,"); !r.at_end(); r.skip(" \t,")) {
      const auto word = core::to_lower(r.token());
      if (word.empty()) {
         r.skip_item();
         continue;
      }
      r.skip(" \t");
      // A name with "=" behind it is a parameter of the scheme before it, unless it is the padding
      // of a token68, which no scheme of ours has.
      if (!r.eat('=')) {
         out.push_back({word, {}});
         continue;
      }
      r.skip(" \t");
      auto value = r.value();
      if (!value) return out;
      if (!out.empty()) out.back().parameters.emplace_back(word, std::move(*value));
   }
   return out;
}

bool is_scope(std::string_view text) noexcept {
   return !text.empty() && std::ranges::all_of(text, [](char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != '\\';
   });
}

} // namespace

std::string excerpt(std::string_view text) {
   const std::string whole = core::utf8_repaired(text);
   std::string out;
   core::append_printable(out, core::utf8_truncated(whole, 300));
   return out;
}

challenge find_challenge(const std::vector<std::pair<std::string, std::string>>& fields) {
   for (const auto& [name, value] : fields) {
      if (!core::iequals(name, "www-authenticate")) continue;
      for (const auto& s : read_schemes(value)) {
         if (s.name != "bearer") continue;
         return {.error = excerpt(s.find("error")),
                 .error_description = excerpt(s.find("error_description")),
                 .scopes = split_scopes(s.find("scope")),
                 .resource_metadata = s.find("resource_metadata")};
      }
   }
   return {};
}

std::vector<std::string> split_scopes(std::string_view text) {
   std::vector<std::string> out;
   while (!text.empty() && out.size() < max_scopes) {
      const auto end = std::min(text.find(' '), text.size());
      const auto one = text.substr(0, end);
      if (is_scope(one) && std::ranges::find(out, one) == out.end()) out.emplace_back(one);
      text.remove_prefix(std::min(end + 1, text.size()));
   }
   return out;
}

std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b) {
   for (const auto& scope : b) {
      if (std::ranges::find(a, scope) == a.end()) a.push_back(scope);
   }
   return a;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
   std::string out;
   for (const auto& scope : scopes) {
      if (!out.empty()) out += ' ';
      out += scope;
   }
   return out;
}

} // namespace fmcp::client
