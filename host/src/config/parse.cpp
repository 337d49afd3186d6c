#include "config/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include "config/settings.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::config {
namespace {

std::unexpected<std::string> no(std::string why) {
   return std::unexpected(std::move(why));
}

bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}

struct quantity {
   double amount;
   std::string_view unit;
};

/// `1.5 MiB` → 1.5 and `MiB`. No sign, no exponent: neither makes sense for a time or a size.
std::optional<quantity> split_quantity(std::string_view text) {
   text = core::trim(text);
   const auto end =
         std::find_if_not(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
   const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
   double amount = 0;
   const auto [stop, failed] =
         std::from_chars(digits.data(), digits.data() + digits.size(), amount);
   if (digits.empty() || failed != std::errc{} || stop != digits.data() + digits.size())
      return std::nullopt;
   return quantity{amount, core::trim(text.substr(digits.size()))};
}

struct unit {
   std::string_view name;
   double factor;
};

template <std::size_t N>
std::optional<double> scaled(const quantity& q, const std::array<unit, N>& units) {
   for (const auto& u : units) {
      if (core::iequals(q.unit, u.name)) return q.amount * u.factor;
   }
   return std::nullopt;
}

core::result<const json::value*> read_json(json::document& doc, std::string_view text) {
   return doc.parse_copy(text, {.max_depth = 32, .max_bytes = 1u << 20, .max_values = 1u << 16});
}

/// Whether somebody who writes this means JSON.
bool looks_like_json(std::string_view trimmed) {
   return !trimmed.empty() &&
          (trimmed.front() == '[' || trimmed.front() == '{' || trimmed.front() == '"');
}

parsed<std::vector<std::string>> strings_of(const json::value& array) {
   std::vector<std::string> out;
   for (const auto& item : array.items()) {
      if (item.is(json::kind::string)) {
         out.emplace_back(item.string());
      } else if (item.is(json::kind::number)) {
         out.emplace_back(item.number());
      } else {
         return no("has an entry that is no string");
      }
   }
   return out;
}

std::vector<std::string> split_words(std::string_view text) {
   std::vector<std::string> out;
   constexpr std::string_view separators = ", \t\r\n";
   for (std::size_t at = 0;
        (at = text.find_first_not_of(separators, at)) != std::string_view::npos;) {
      const auto end = std::min(text.find_first_of(separators, at), text.size());
      out.emplace_back(text.substr(at, end - at));
      at = end;
   }
   return out;
}

} // namespace

parsed<bool> parse_boolean(std::string_view text) {
   for (const auto yes : {"1", "true", "t", "yes", "y", "on"}) {
      if (core::iequals(text, yes)) return true;
   }
   for (const auto not_so : {"0", "false", "f", "no", "n", "off"}) {
      if (core::iequals(text, not_so)) return false;
   }
   return no("is neither true nor false");
}

parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max) {
   const auto refuse = [&] {
      if (min == INT64_MIN && max == INT64_MAX) return no("is not a whole number of 64 bits");
      if (max == INT64_MAX) return no(fmt::format("is not a whole number from {} on", min));
      if (min == INT64_MIN) return no(fmt::format("is not a whole number up to {}", max));
      return no(fmt::format("is not a whole number from {} to {}", min, max));
   };
   text = core::trim(text);
   // std::from_chars takes a minus but no plus.
   const bool plus = text.starts_with('+');
   if (plus) text.remove_prefix(1);
   std::int64_t n = 0;
   const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
   std::string_view rest(stop, static_cast<std::size_t>(text.data() + text.size() - stop));
   if (rest.size() > 1 && rest.front() == '.' &&
       rest.find_first_not_of('0', 1) == std::string_view::npos)
      rest = {};
   if (failed != std::errc{} || !rest.empty() || (plus && n < 0) || n < min || n > max)
      return refuse();
   return n;
}

parsed<double> parse_number(std::string_view text) {
   json::document doc;
   const auto value = read_json(doc, core::trim(text));
   if (!value || !(*value)->is(json::kind::number)) return no("is not a number");
   return (*value)->as_double();
}

parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
   static constexpr std::array units{unit{"", 1e3},    unit{"ms", 1},    unit{"s", 1e3},
                                     unit{"m", 6e4},   unit{"min", 6e4}, unit{"h", 3.6e6},
                                     unit{"d", 8.64e7}};
   const auto q = split_quantity(text);
   const auto ms = q ? scaled(*q, units) : std::nullopt;
   if (!ms) return no("is not a duration such as 500ms, 30s, 2m or 24h");
   // A century is beyond every use and far below what the type holds.
   if (*ms > 100 * 365 * 8.64e7) return no("is longer than a hundred years");
   return std::chrono::milliseconds(std::llround(*ms));
}

parsed<std::uint64_t> parse_size(std::string_view text) {
   constexpr double k = 1024;
   static constexpr std::array units{
         unit{"", 1},          unit{"b", 1},           unit{"k", k},       unit{"kib", k},
         unit{"kb", 1e3},      unit{"m", k * k},       unit{"mib", k * k}, unit{"mb", 1e6},
         unit{"g", k * k * k}, unit{"gib", k * k * k}, unit{"gb", 1e9}};
   const auto q = split_quantity(text);
   const auto bytes = q ? scaled(*q, units) : std::nullopt;
   if (!bytes || *bytes != std::floor(*bytes))
      return no("is not a size such as 65536, 64KiB or 4MiB");
   if (*bytes > 1e15) return no("is larger than any memory");
   return static_cast<std::uint64_t>(*bytes);
}

parsed<std::size_t> parse_choice(std::string_view text, std::span<const std::string_view> choices) {
   text = core::trim(text);
   for (std::size_t i = 0; i < choices.size(); ++i) {
      if (core::iequals(text, choices[i])) return i;
   }
   return no("is not " + alternatives(choices));
}

parsed<std::vector<std::string>> parse_list(std::string_view text) {
   const auto trimmed = core::trim(text);
   json::document doc;
   const auto value = read_json(doc, trimmed);
   if (!value) {
      if (!looks_like_json(trimmed)) return split_words(text);
      return no("begins like JSON and is none (" + value.error().message + ")");
   }
   switch ((*value)->type()) {
   case json::kind::array: return strings_of(**value);
   case json::kind::string: return split_words((*value)->string());
   default: return no("is neither a JSON array nor words separated by commas or blanks");
   }
}

parsed<std::vector<std::string>> parse_entries(std::string_view text) {
   const auto trimmed = core::trim(text);
   std::vector<std::string> out;
   json::document doc;
   const auto value = read_json(doc, trimmed);
   if (!value) {
      if (looks_like_json(trimmed))
         return no("begins like JSON and is none (" + value.error().message + ")");
      out = {std::string(trimmed)};
   } else if ((*value)->is(json::kind::string)) {
      out = {std::string((*value)->string())};
   } else if ((*value)->is(json::kind::array)) {
      auto items = strings_of(**value);
      if (!items) return items;
      out = std::move(*items);
   } else {
      return no("is neither a JSON array nor a text");
   }
   if (std::ranges::find(out, std::string()) != out.end()) return no("has an empty entry");
   return out;
}

parsed<std::vector<std::string>> parse_paths(std::string_view text) {
   if (text.empty()) return {};
   std::vector<std::string> out;
   if (core::trim(text).starts_with('[')) {
      json::document doc;
      const auto value = read_json(doc, core::trim(text));
      if (!value) return no("begins like JSON and is none (" + value.error().message + ")");
      auto items = strings_of(**value);
      if (!items) return items;
      out = std::move(*items);
   } else {
      for (std::size_t at = 0; at <= text.size();) {
         const auto colon = std::min(text.find(':', at), text.size());
         out.emplace_back(text.substr(at, colon - at));
         at = colon + 1;
      }
   }
   // Shells take an empty entry for the working directory. Here it would be a slip that loads code.
   if (std::ranges::find(out, std::string()) != out.end()) return no("has an empty entry");
   if (std::ranges::any_of(
             out, [](const std::string& p) { return p.find('\0') != std::string::npos; })) {
      return no("has an entry with a NUL character");
   }
   return out;
}

parsed<std::vector<std::pair<std::string, std::string>>> parse_map(std::string_view text) {
   std::vector<std::pair<std::string, std::string>> out;
   const auto trimmed = core::trim(text);
   if (looks_like_json(trimmed)) {
      json::document doc;
      const auto value = read_json(doc, trimmed);
      if (!value) return no("begins like JSON and is none (" + value.error().message + ")");
      if (!(*value)->is(json::kind::object)) return no("is not a JSON object");
      for (const auto& [key, v] : (*value)->members()) {
         if (v.is(json::kind::array) || v.is(json::kind::object) || v.is(json::kind::null)) {
            return no("has an entry that is neither string nor number nor boolean");
         }
         out.emplace_back(key, v.is(json::kind::string) ? v.string() : v.raw());
      }
      return out;
   }
   for (std::size_t at = 0; at <= trimmed.size() && !trimmed.empty();) {
      const auto comma = std::min(trimmed.find(',', at), trimmed.size());
      const auto pair = core::trim(trimmed.substr(at, comma - at));
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || equals == 0) {
         return no("is neither a JSON object nor key=value pairs separated by commas");
      }
      const auto key = core::trim(pair.substr(0, equals));
      if (std::ranges::any_of(out, [&](const auto& p) { return p.first == key; })) {
         return no("names the key " + shown(key) + " twice");
      }
      out.emplace_back(key, core::trim(pair.substr(equals + 1)));
      at = comma + 1;
   }
   return out;
}

parsed<std::string> parse_json(std::string_view text) {
   json::document doc;
   const auto value = read_json(doc, core::trim(text));
   if (!value) return no("is not JSON (" + value.error().message + ")");
   std::string out;
   json::append_compact(out, **value);
   return out;
}

namespace {

/// Boost.URL 1.81 takes any number for a port, and reads `https://a.example:8x/p` as port 8 with
/// the path `x/p`, which no authority can be followed by (RFC 3986 section 3.3).
bool has_doubtful_port(const boost::urls::url_view& u) {
   const std::string path(u.encoded_path().data(), u.encoded_path().size());
   if (!path.empty() && path.front() != '/') return true;
   if (!u.has_port()) return false;
   const std::string port(u.port().data(), u.port().size());
   return !parse_integer(port, 1, 65535);
}

} // namespace

parsed<std::string> parse_url(std::string_view text, std::span<const std::string_view> schemes) {
   const auto u = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
   if (!u || !u->has_authority() || u->encoded_host().empty()) {
      return no("is not an absolute URL such as https://example.com");
   }
   if (has_doubtful_port(*u)) return no("has a port that is not from 1 to 65535");
   if (u->has_userinfo()) return no("holds a user name, which does not belong into a URL here");
   if (u->has_fragment()) return no("has a fragment ('#'), which has no meaning here");
   const std::string scheme = core::to_lower({u->scheme().data(), u->scheme().size()});
   const auto listed = [&](std::string_view s) {
      return std::ranges::find(schemes, s) != schemes.end();
   };
   const auto address = u->encoded_host();
   const bool fits = listed(scheme) || (scheme == "http" && listed("http+loopback") &&
                                        is_loopback({address.data(), address.size()}));
   if (!fits && scheme == "http" && listed("http+loopback"))
      return no("uses http with a host that is not loopback");
   if (!fits) return no("does not begin with " + alternatives(schemes) + "://");
   return std::string(text);
}

parsed<std::string> parse_proxy(std::string_view text) {
   text = core::trim(text);
   if (core::iequals(text, "none")) return std::string();
   std::string whole(text);
   if (text.find("://") == std::string_view::npos) whole = "http://" + whole;
   const auto u = boost::urls::parse_uri(whole);
   if (!u || !u->has_authority() || u->encoded_host().empty() || u->has_query() ||
       u->has_fragment() || (u->encoded_path() != "" && u->encoded_path() != "/"))
      return no("is not the address of a proxy such as http://proxy.example.com:3128");
   if (u->scheme() != "http" && u->scheme() != "https")
      return no("is not a proxy that is reached by http:// or https://");
   if (has_doubtful_port(*u)) return no("has a port that is not from 1 to 65535");
   return whole;
}

std::string duration_text(std::chrono::milliseconds d) {
   const auto n = d.count();
   if (n == 0) return "0s";
   static constexpr std::array units{std::pair{86'400'000, "d"}, std::pair{3'600'000, "h"},
                                     std::pair{60'000, "m"}, std::pair{1'000, "s"}};
   for (const auto& [size, name] : units) {
      // 24h reads better than 1d, and 90s than 1.5m.
      if (n % size == 0 && n / size > 1) return fmt::format("{}{}", n / size, name);
   }
   return n % 1000 == 0 ? fmt::format("{}s", n / 1000) : fmt::format("{}ms", n);
}

std::string size_text(std::uint64_t bytes) {
   static constexpr std::array units{std::pair{1u << 30, "GiB"}, std::pair{1u << 20, "MiB"},
                                     std::pair{1u << 10, "KiB"}};
   for (const auto& [size, name] : units) {
      if (bytes != 0 && bytes % size == 0) return fmt::format("{}{}", bytes / size, name);
   }
   return fmt::format("{}", bytes);
}

std::string shown(std::string_view text) {
   constexpr std::size_t most = 60;
   std::string out = "\"";
   core::append_printable(out, core::utf8_repaired(core::utf8_truncated(text, most)));
   if (text.size() > most) out += "…";
   return out + "\"";
}

std::string suggestion(std::string_view name, std::span<const std::string_view> candidates) {
   const auto near = core::did_you_mean(name, candidates);
   return near.empty() ? std::string() : fmt::format(" Did you mean {}?", near);
}

std::string alternatives(std::span<const std::string_view> names) {
   std::string out;
   for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
      out += names[i];
   }
   return out;
}

} // namespace fmcp::config
