#include "token_table.hpp"

#include <algorithm>

#include <fmcp/cpp/json.hpp>

namespace static_tokens {
namespace {

using fmcp::json_error;
using fmcp::json_kind;
using fmcp::json_view;

constexpr std::string_view hashed = "sha256:";

int nibble(char c) {
   if (c >= '0' && c <= '9') return c - '0';
   if (c >= 'a' && c <= 'f') return c - 'a' + 10;
   if (c >= 'A' && c <= 'F') return c - 'A' + 10;
   return -1;
}

std::string from_hex(std::string_view text) {
   std::string out;
   if (text.size() != 64) throw json_error("sha256: is not followed by 64 hexadecimal digits");
   for (std::size_t i = 0; i < text.size(); i += 2) {
      const int high = nibble(text[i]), low = nibble(text[i + 1]);
      if (high < 0 || low < 0) {
         throw json_error("sha256: is not followed by 64 hexadecimal digits");
      }
      out.push_back(static_cast<char>(high * 16 + low));
   }
   return out;
}

std::string digest_of(const std::string& name, const digester& sha256) {
   if (name.compare(0, hashed.size(), hashed) == 0) {
      return from_hex(std::string_view(name).substr(hashed.size()));
   }
   // What can stand behind "Bearer " (RFC 6750 2.1); anything else would never match.
   const auto fits = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
   if (name.empty() || !std::all_of(name.begin(), name.end(), fits)) {
      throw json_error("the token is empty, or has characters that no bearer token has");
   }
   return sha256(name);
}

std::vector<std::string> scopes_of(json_view value) {
   std::vector<std::string> out;
   if (value.is(json_kind::array)) {
      value.each_item([&](json_view one) { out.push_back(one.string()); });
      return out;
   }
   const auto text = value.string();
   for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find(' ', at), text.size());
      if (end != at) out.push_back(text.substr(at, end - at));
      at = end + 1;
   }
   return out;
}

std::chrono::seconds expiry_of(json_view value) {
   const auto seconds = value.integer<std::int64_t>();
   if (seconds < 0 || seconds > latest_expiry) {
      throw json_error("expires_at is not between 1970 and the year 9999; it counts seconds, not "
                       "milliseconds");
   }
   return std::chrono::seconds(seconds);
}

holder holder_of(json_view value) {
   holder out;
   value.each_member([&](const std::string& key, json_view v) {
      if (v.is(json_kind::null)) return;
      if (key == "client_id") {
         out.client_id = v.string();
      } else if (key == "subject") {
         out.subject = v.string();
      } else if (key == "scopes") {
         out.scopes = scopes_of(v);
      } else if (key == "expires_at") {
         out.expires_at = expiry_of(v);
      } else if (key == "claims") {
         if (!v.is(json_kind::object)) throw json_error("claims must be an object");
         out.claims_json = v.text();
      } else {
         throw json_error("there is a member other than client_id, subject, scopes, expires_at and "
                          "claims");
      }
   });
   if (out.client_id.empty() && out.subject.empty()) {
      throw json_error("neither client_id nor subject is given");
   }
   return out;
}

} // namespace

token_table token_table::parse(std::string_view json, const digester& sha256) {
   const json_view root(json);
   if (!root.is(json_kind::object)) throw json_error("The file is not a JSON object.");
   token_table out;
   root.each_member([&](const std::string& name, json_view value) {
      const auto number = std::to_string(out.all_.size() + 1);
      if (out.all_.size() == max_tokens) throw json_error("There are more than 10,000 tokens.");
      try {
         out.all_.push_back({digest_of(name, sha256), holder_of(value)});
      } catch (const json_error& e) {
         throw json_error("Entry " + number + " cannot be used: " + e.what() + ".");
      }
   });
   std::sort(out.all_.begin(), out.all_.end(),
             [](const entry& a, const entry& b) { return a.digest < b.digest; });
   const auto twice =
         std::adjacent_find(out.all_.begin(), out.all_.end(),
                            [](const entry& a, const entry& b) { return a.digest == b.digest; });
   if (twice != out.all_.end()) throw json_error("A token is there twice.");
   return out;
}

const holder* token_table::find(std::string_view digest, const comparer& equal) const {
   const auto at =
         std::lower_bound(all_.begin(), all_.end(), digest,
                          [](const entry& e, std::string_view d) { return e.digest < d; });
   return at != all_.end() && equal(at->digest, digest) ? &at->whose : nullptr;
}

} // namespace static_tokens
