#include "json/uri.hpp"

namespace fmcp::json {
namespace {

bool is_scheme(std::string_view text) noexcept {
   const auto alpha = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
   if (text.empty() || !alpha(text[0])) return false;
   for (const char c : text) {
      if (!alpha(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
   }
   return true;
}

/// 5.2.4
std::string without_dot_segments(std::string_view in) {
   std::string out;
   while (!in.empty()) {
      if (in.starts_with("../")) {
         in.remove_prefix(3);
      } else if (in.starts_with("./") || in.starts_with("/./")) {
         in.remove_prefix(2);
      } else if (in == "/.") {
         in = "/";
      } else if (in.starts_with("/../") || in == "/..") {
         in = in == "/.." ? std::string_view("/") : in.substr(3);
         const auto slash = out.rfind('/');
         out.resize(slash == std::string::npos ? 0 : slash);
      } else if (in == "." || in == "..") {
         in = {};
      } else {
         const auto next = in.find('/', 1);
         out.append(in.substr(0, next));
         in = next == std::string_view::npos ? std::string_view() : in.substr(next);
      }
   }
   return out;
}

/// 5.2.3
std::string merged(const uri_parts& base, std::string_view path) {
   std::string out;
   if (base.authority && base.path.empty()) {
      out.push_back('/');
   } else if (const auto slash = base.path.rfind('/'); slash != std::string_view::npos) {
      out.append(base.path.substr(0, slash + 1));
   }
   out.append(path);
   return out;
}

int hex(char c) noexcept {
   if (c >= '0' && c <= '9') return c - '0';
   c = static_cast<char>(c | 0x20);
   return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace

uri_parts::uri_parts(std::string_view text) noexcept {
   if (const auto at = text.find('#'); at != std::string_view::npos) {
      fragment = text.substr(at + 1);
      text = text.substr(0, at);
   }
   if (const auto at = text.find('?'); at != std::string_view::npos) {
      query = text.substr(at + 1);
      text = text.substr(0, at);
   }
   if (const auto at = text.find(':');
       at != std::string_view::npos && is_scheme(text.substr(0, at))) {
      scheme = text.substr(0, at);
      text = text.substr(at + 1);
   }
   if (text.starts_with("//")) {
      text.remove_prefix(2);
      const auto slash = text.find('/');
      authority = text.substr(0, slash);
      text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
   }
   path = text;
}

std::string resolve_uri(std::string_view base_text, std::string_view reference) {
   const uri_parts base(base_text);
   const uri_parts ref(reference);
   auto scheme = ref.scheme;
   auto authority = ref.authority;
   auto query = ref.query;
   std::string path;
   if (ref.scheme || ref.authority) {
      if (!scheme) scheme = base.scheme;
      path = without_dot_segments(ref.path);
   } else {
      scheme = base.scheme;
      authority = base.authority;
      if (ref.path.empty()) {
         path = base.path;
         if (!query) query = base.query;
      } else {
         path = without_dot_segments(ref.path.starts_with('/') ? std::string(ref.path)
                                                               : merged(base, ref.path));
      }
   }
   std::string out;
   if (scheme) out.append(*scheme).push_back(':');
   if (authority) out.append("//").append(*authority);
   out.append(path);
   if (query) out.append("?").append(*query);
   if (ref.fragment) out.append("#").append(*ref.fragment);
   return out;
}

std::string percent_decoded(std::string_view text) {
   std::string out;
   out.reserve(text.size());
   for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
         out.push_back(static_cast<char>(hex(text[i + 1]) << 4 | hex(text[i + 2])));
         i += 2;
      } else {
         out.push_back(text[i]);
      }
   }
   return out;
}

} // namespace fmcp::json
