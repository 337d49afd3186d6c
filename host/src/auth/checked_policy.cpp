#include "auth/checked_policy.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "json/uri.hpp"

namespace fmcp::auth {
namespace {

using core::errc;
using core::fail;

constexpr std::size_t max_entries = 64;
constexpr std::size_t max_text = 2048;
constexpr std::chrono::seconds max_leeway{300};
constexpr std::chrono::seconds max_min_refresh{3600};

/// In quotes, printable and cut, for a sentence.
std::string quoted(std::string_view text) {
   std::string out = "\"";
   core::append_printable(out, text.substr(0, 80));
   return out + (text.size() > 80 ? "…\"" : "\"");
}

core::result<void> check_list(std::string_view name, const std::vector<std::string>& list) {
   if (list.size() > max_entries) {
      return fail(errc::limit,
                  std::string(name) + " has more than " + std::to_string(max_entries) + " entries");
   }
   for (const auto& text : list) {
      if (text.empty()) return fail(errc::invalid, std::string(name) + " has an empty entry");
      if (text.size() > max_text) {
         return fail(errc::limit, std::string(name) + " has an entry of more than " +
                                        std::to_string(max_text) + " bytes");
      }
   }
   return {};
}

/// A list and the flag that stands for the wish not to look.
core::result<void> check_choice(std::string_view list_name, const std::vector<std::string>& list,
                                std::string_view flag_name, bool flag) {
   if (flag && !list.empty()) {
      return fail(errc::invalid, std::string(flag_name) + " says that no " +
                                       std::string(list_name) +
                                       " are looked at, and some are given; leave one of the two");
   }
   if (!flag && list.empty()) {
      return fail(errc::invalid, std::string(list_name) +
                                       " is empty, so that no token could be accepted; name them, "
                                       "or set " +
                                       std::string(flag_name) + " to accept any");
   }
   return check_list(list_name, list);
}

core::result<crypto::algorithm_set> read_algorithms(const std::vector<std::string>& names,
                                                    bool has_secret) {
   if (names.empty())
      return fail(errc::invalid, "algorithms is empty; name those that the issuer signs with");
   if (auto checked = check_list("algorithms", names); !checked)
      return std::unexpected(checked.error());
   crypto::algorithm_set out;
   for (const auto& name : names) {
      if (core::iequals(name, "none")) {
         return fail(errc::invalid, "algorithms names \"none\": a token that is not signed can be "
                                    "written by everybody");
      }
      const auto a = crypto::algorithm_named(name);
      if (!a) {
         return fail(errc::unsupported, "algorithms names " + quoted(name) +
                                              ", which is no signature algorithm known "
                                              "here (RS256, ES256, EdDSA, …)");
      }
      if (crypto::is_symmetric(*a) != has_secret) {
         return fail(errc::invalid, has_secret ? "algorithms names " + name +
                                                       ", which does not work with a "
                                                       "shared_secret; only HS256, HS384 and "
                                                       "HS512 do"
                                               : "algorithms names " + name +
                                                       " beside public keys: whoever knows the "
                                                       "public key could sign; HS* needs a "
                                                       "shared_secret");
      }
      out.insert(*a);
   }
   return out;
}

core::result<claim_rules> read_rules(const jwt_policy& p) {
   if (auto c = check_choice("issuers", p.issuers, "any_issuer", p.any_issuer); !c)
      return std::unexpected(c.error());
   if (auto c = check_choice("audiences", p.audiences, "any_audience", p.any_audience); !c)
      return std::unexpected(c.error());
   if (auto c = check_list("types", p.types); !c) return std::unexpected(c.error());
   claim_rules out;
   out.any_issuer = p.any_issuer;
   for (const auto& text : p.issuers) {
      auto pattern = issuer_pattern::compile(text);
      if (!pattern) return core::wrap("issuers: " + quoted(text), pattern.error());
      out.issuers.push_back(std::move(*pattern));
   }
   out.any_audience = p.any_audience;
   if (std::ranges::find(p.audiences, "*") != p.audiences.end()) {
      return fail(errc::invalid, "audiences names \"*\", which would be compared literally; set "
                                 "any_audience to accept any");
   }
   out.audiences = p.audiences;
   for (const auto& type : p.types) out.types.push_back(normal_type(type));
   if (p.leeway < std::chrono::seconds(0) || p.leeway > max_leeway) {
      return fail(errc::limit,
                  "leeway is not between 0 and " + std::to_string(max_leeway.count()) + " seconds");
   }
   out.leeway = p.leeway;
   return out;
}

/// Scheme, host and port in the form of core::http::fetch_policy; nothing when it is no absolute
/// http or https URL that may be fetched.
std::optional<std::string> origin_of(std::string_view url) {
   if (url.size() > max_text ||
       std::ranges::any_of(url, [](char c) { return c <= ' ' || c >= 0x7f; }))
      return std::nullopt;
   const json::uri_parts parts(url);
   if (!parts.scheme || !parts.authority || parts.authority->empty() || parts.fragment)
      return std::nullopt;
   if (parts.authority->find_first_of("@\\*") != parts.authority->npos) return std::nullopt;
   const auto scheme = core::to_lower(*parts.scheme);
   if (scheme != "https" && scheme != "http") return std::nullopt;
   auto authority = core::to_lower(*parts.authority);
   if (authority.ends_with(':')) authority.pop_back();
   const std::string_view usual = scheme == "https" ? ":443" : ":80";
   if (authority.ends_with(usual)) authority.resize(authority.size() - usual.size());
   return scheme + "://" + authority;
}

core::result<remote_keys> read_remote(const jwt_policy& p) {
   const auto origin = origin_of(p.jwks_uri);
   if (!origin) {
      return fail(errc::invalid, "jwks_uri is no absolute http or https URL without fragment and "
                                 "user name");
   }
   const auto is_same = [&](const std::string& allowed) { return origin_of(allowed) == origin; };
   const bool is_allowed =
         p.reach != nullptr && (std::ranges::any_of(p.reach->origins, is_same) ||
                                (p.reach->any_public_https && origin->starts_with("https:")));
   if (!is_allowed) {
      return fail(errc::denied, "jwks_uri has the origin " + quoted(*origin) +
                                      ", which neither the provider's manifest nor a setting "
                                      "allows");
   }
   if (p.min_refresh < std::chrono::seconds(0) || p.min_refresh > max_min_refresh) {
      return fail(errc::limit, "min_refresh is not between 0 and " +
                                     std::to_string(max_min_refresh.count()) + " seconds");
   }
   return remote_keys{p.jwks_uri, p.min_refresh, p.reach};
}

/// Whether `takes` holds for one of the algorithms.
template <class Takes>
bool any_algorithm(crypto::algorithm_set set, Takes takes) {
   for (unsigned i = 0; i <= static_cast<unsigned>(crypto::algorithm::hs512); ++i) {
      const auto a = static_cast<crypto::algorithm>(i);
      if (set.contains(a) && takes(a)) return true;
   }
   return false;
}

core::result<crypto::public_key> read_pem(const jwt_policy& p, crypto::algorithm_set algorithms) {
   auto key = crypto::public_key::from_pem(p.pem);
   if (!key) return core::wrap("pem", key.error());
   if (!any_algorithm(algorithms, [&](auto a) { return key->fits(a); })) {
      return fail(errc::invalid, "pem is a key of the type " +
                                       std::string(crypto::name_of(key->type())) +
                                       ", with which none of the algorithms works");
   }
   return key;
}

core::result<crypto::jwk_set> read_set(const jwt_policy& p, crypto::algorithm_set algorithms,
                                       std::vector<std::string>& warnings) {
   auto set = crypto::jwk_set::parse(p.jwks_json);
   if (!set) return core::wrap("jwks_json", set.error());
   for (const auto& skipped : set->skipped()) {
      warnings.push_back("jwks_json: the key at index " + std::to_string(skipped.index) +
                         " is left out: " + skipped.reason);
   }
   const auto fits = [&](const crypto::public_key& key) {
      return any_algorithm(algorithms, [&](auto a) { return key.fits(a); });
   };
   if (!std::ranges::any_of(set->keys(), fits)) {
      return fail(errc::invalid, "jwks_json holds no key that one of the algorithms works with" +
                                       (warnings.empty() ? std::string() : "; " + warnings[0]));
   }
   return set;
}

core::result<crypto::shared_secret> read_secret(const jwt_policy& p,
                                                crypto::algorithm_set algorithms) {
   auto secret = crypto::shared_secret::from_bytes(p.shared_secret);
   if (!secret) return core::wrap("shared_secret", secret.error());
   if (any_algorithm(algorithms, [&](auto a) { return !secret->fits(a); })) {
      return fail(errc::invalid, "shared_secret is shorter than the hash of one of the algorithms "
                                 "(RFC 7518 section 3.2)");
   }
   return secret;
}

core::result<checked_policy::source> read_source(const jwt_policy& p, checked_policy& out) {
   const auto as_source = [](auto&& read) -> core::result<checked_policy::source> {
      if (!read) return std::unexpected(read.error());
      return checked_policy::source(std::move(*read));
   };
   if (!p.jwks_uri.empty()) return as_source(read_remote(p));
   if (!p.jwks_json.empty()) return as_source(read_set(p, out.algorithms, out.warnings));
   if (!p.pem.empty()) return as_source(read_pem(p, out.algorithms));
   return as_source(read_secret(p, out.algorithms));
}

core::result<checked_policy> check_all(const jwt_policy& p) {
   const auto sources = static_cast<int>(!p.jwks_uri.empty()) +
                        static_cast<int>(!p.jwks_json.empty()) + static_cast<int>(!p.pem.empty()) +
                        static_cast<int>(!p.shared_secret.empty());
   if (sources != 1) {
      return fail(errc::invalid, std::string(sources == 0 ? "none" : "more than one") +
                                       " of jwks_uri, jwks_json, pem and shared_secret is given; "
                                       "exactly one says where keys come from");
   }
   auto algorithms = read_algorithms(p.algorithms, !p.shared_secret.empty());
   if (!algorithms) return std::unexpected(std::move(algorithms.error()));
   auto rules = read_rules(p);
   if (!rules) return std::unexpected(std::move(rules.error()));
   // The source is replaced below; a secret of its own kind cannot be made without bytes.
   checked_policy out{*algorithms, std::move(*rules), remote_keys{}, {}};
   auto source = read_source(p, out);
   if (!source) return std::unexpected(std::move(source.error()));
   out.keys = std::move(*source);
   return out;
}

} // namespace

core::result<checked_policy> check_policy(jwt_policy p) {
   auto out = check_all(p);
   ::explicit_bzero(p.shared_secret.data(), p.shared_secret.size());
   return out;
}

} // namespace fmcp::auth
