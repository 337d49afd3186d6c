#include "policy.hpp"

#include <algorithm>
#include <array>

namespace jwt {
namespace {

bool is_known(std::string_view name) {
   constexpr std::array<std::string_view, 15> known{"RS256", "RS384", "RS512", "PS256",   "PS384",
                                                    "PS512", "ES256", "ES384", "ES512",   "HS256",
                                                    "HS384", "HS512", "EdDSA", "Ed25519", "Ed448"};
   return std::find(known.begin(), known.end(), name) != known.end();
}

bool is_hmac(std::string_view name) {
   return name.substr(0, 2) == "HS";
}

/// In bytes. Precondition: all of them are HS algorithms.
std::size_t longest_hash(const std::vector<std::string>& names) {
   std::size_t out = 0;
   for (const auto& name : names) {
      const std::size_t hash = name == "HS512" ? 64 : name == "HS384" ? 48 : 32;
      out = std::max(out, hash);
   }
   return out;
}

bool has_empty(const std::vector<std::string>& all) {
   return std::find(all.begin(), all.end(), std::string()) != all.end();
}

class maker {
public:
   explicit maker(const configured& from) : from_(from) {}

   fmcp::jwt_policy run() {
      rule("{issuer}", "{allow_any_issuer}", from_.issuer, from_.allow_any_issuer);
      rule("{audience}", "{allow_any_audience}", from_.audience, from_.allow_any_audience);
      if (std::find(from_.audience.begin(), from_.audience.end(), "*") != from_.audience.end()) {
         problem("{audience} names \"*\", which would be compared literally; set "
                 "{allow_any_audience} to true if any is meant.");
      }
      algorithms();
      if (has_empty(from_.types)) problem("{types} has an empty entry.");
      keys();
      if (!problems_.empty()) throw fmcp::setting_error(problems_);
      out_.issuers = from_.issuer;
      out_.any_issuer = from_.allow_any_issuer;
      out_.audiences = from_.audience;
      out_.any_audience = from_.allow_any_audience;
      out_.algorithms = from_.algorithm;
      out_.types = from_.types;
      out_.leeway = from_.leeway;
      return std::move(out_);
   }

private:
   void problem(const std::string& sentence) {
      if (!problems_.empty()) problems_ += ' ';
      problems_ += sentence;
   }

   /// Forgetting a rule must not mean that there is none.
   void rule(const std::string& name, const std::string& waiver,
             const std::vector<std::string>& given, bool is_waived) {
      if (has_empty(given)) problem(name + " has an empty entry.");
      if (given.empty() && !is_waived) {
         problem("Set " + name + ", or " + waiver + " to true if any is meant.");
      }
      if (!given.empty() && is_waived) {
         problem(name + " and " + waiver + " contradict each other; remove one of them.");
      }
   }

   void algorithms() {
      if (from_.algorithm.empty()) problem("{algorithm} names none.");
      for (const auto& name : from_.algorithm) {
         if (!is_known(name)) {
            problem(
                  "{algorithm} names something other than RS, PS, ES and HS with 256, 384 or 512, "
                  "EdDSA, Ed25519 and Ed448.");
            return;
         }
      }
   }

   void keys() {
      const auto& names = from_.algorithm;
      const bool any_hmac = std::any_of(names.begin(), names.end(), is_hmac);
      const bool all_hmac = any_hmac && std::all_of(names.begin(), names.end(), is_hmac);
      const bool is_pem = from_.public_key.find("-----BEGIN") != std::string_view::npos;
      if (from_.public_key.empty() == from_.jwks_uri.empty()) {
         problem("Set exactly one of {public_key} and {jwks_uri}.");
      } else if (any_hmac && !from_.jwks_uri.empty()) {
         problem("HS algorithms have a shared secret: they go with {public_key} and not with "
                 "{jwks_uri}.");
      } else if (any_hmac && !all_hmac) {
         problem("{algorithm} mixes HS algorithms with others; one key cannot serve both.");
      } else if (all_hmac && is_pem) {
         // Whoever knows the public key could sign.
         problem("{public_key} is a PEM key, which is no shared secret for HS algorithms; name the "
                 "key's own algorithm.");
      } else if (all_hmac && from_.public_key.size() < longest_hash(names)) {
         problem("{public_key} is shorter than the hash of its algorithm, " +
                 std::to_string(longest_hash(names)) + " bytes (RFC 7518 section 3.2).");
      } else if (!names.empty() && !any_hmac && from_.jwks_uri.empty() && !is_pem) {
         problem("{public_key} is not a key in PEM (-----BEGIN PUBLIC KEY-----).");
      }
      out_.jwks_uri = from_.jwks_uri;
      (all_hmac ? out_.shared_secret : out_.pem) = from_.public_key;
   }

   const configured& from_;
   fmcp::jwt_policy out_;
   std::string problems_;
};

} // namespace

std::string in_settings(std::string_view words) {
   constexpr std::array<std::pair<std::string_view, std::string_view>, 9> settings{
         {{"shared_secret", "public_key"},
          {"pem", "public_key"},
          {"jwks_uri", "jwks_uri"},
          {"issuers", "issuer"},
          {"audiences", "audience"},
          {"algorithms", "algorithm"},
          {"types", "types"},
          {"any_issuer", "allow_any_issuer"},
          {"any_audience", "allow_any_audience"}}};
   const auto end = std::min(words.find_first_of(" :"), words.size());
   for (const auto& [member, setting] : settings) {
      if (words.substr(0, end) == member)
         return "{" + std::string(setting) + "}" + std::string(words.substr(end));
   }
   return std::string(words);
}

fmcp::jwt_policy make_policy(const configured& from) {
   return maker(from).run();
}

} // namespace jwt
