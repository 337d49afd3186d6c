#include "crypto/jws.hpp"

#include <utility>

#include "core/base64.hpp"
#include "core/text.hpp"
#include "crypto/key_checks.hpp"
#include "crypto/signature.hpp"
#include "json/document.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using core::fail;

core::result<std::optional<std::string>> text_member(const json::value& header, const char* name) {
   const auto* v = header.find(name);
   if (v == nullptr) return std::nullopt;
   if (!v->is(json::kind::string))
      return fail(errc::invalid, "the header's \"" + std::string(name) + "\" is no string");
   return std::string(v->string());
}

core::result<algorithm> algorithm_of(const json::value& header) {
   const auto* alg = header.find("alg");
   if (alg == nullptr || !alg->is(json::kind::string))
      return fail(errc::invalid, "the header's \"alg\" is missing or no string");
   if (core::iequals(alg->string(), "none"))
      return fail(errc::unsupported, "the token says that it is not signed");
   const auto known = algorithm_named(alg->string());
   if (!known)
      return fail(errc::unsupported, "the header's \"alg\" is no signature algorithm known here");
   return *known;
}

core::result<void> read_header(std::string_view text, const jws_limits& bounds, compact_jws& out) {
   json::document document;
   const auto parsed = document.parse_copy(
         text, {.max_depth = 8, .max_bytes = bounds.max_header_bytes, .max_values = 256});
   if (!parsed) return wrap_printable("reading the token's header", parsed.error());
   const auto& header = **parsed;
   if (!header.is(json::kind::object))
      return fail(errc::invalid, "the token's header is no JSON object");
   for (const auto* extension : {"crit", "b64"}) {
      if (header.find(extension) != nullptr) {
         return fail(errc::invalid, "the header asks with \"" + std::string(extension) +
                                              "\" for an extension that is not understood here");
      }
   }
   const auto alg = algorithm_of(header);
   if (!alg) return std::unexpected(alg.error());
   out.alg = *alg;
   auto kid = text_member(header, "kid");
   if (!kid) return std::unexpected(std::move(kid.error()));
   out.key_id = std::move(*kid);
   auto typ = text_member(header, "typ");
   if (!typ) return std::unexpected(std::move(typ.error()));
   out.type = std::move(*typ);
   return {};
}

} // namespace

core::result<compact_jws> parse_compact(std::string_view token, const jws_limits& bounds) {
   if (token.size() > bounds.max_bytes) {
      return fail(errc::limit,
                  "the token is longer than " + std::to_string(bounds.max_bytes) + " bytes");
   }
   const auto first = token.find('.');
   const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
   if (second == token.npos || token.find('.', second + 1) != token.npos)
      return fail(errc::invalid, "the token does not have three parts between two dots");
   const auto header = core::decode_base64url(token.substr(0, first));
   auto payload = core::decode_base64url(token.substr(first + 1, second - first - 1));
   auto signature = core::decode_base64url(token.substr(second + 1));
   if (!header || !payload || !signature)
      return fail(errc::invalid, "a part of the token is not base64url without padding");
   if (header->empty() || signature->empty())
      return fail(errc::invalid, "the token's header or its signature is empty");
   compact_jws out;
   if (auto read = read_header(*header, bounds, out); !read)
      return std::unexpected(std::move(read.error()));
   out.signed_bytes = token.substr(0, second);
   out.payload = std::move(*payload);
   out.signature = std::move(*signature);
   return out;
}

bool verify(const compact_jws& token, const public_key& key, algorithm_set allowed) noexcept {
   return allowed.contains(token.alg) &&
          verify(key, token.alg, token.signed_bytes, token.signature);
}

bool verify(const compact_jws& token, const shared_secret& secret, algorithm_set allowed) noexcept {
   return allowed.contains(token.alg) &&
          verify(secret, token.alg, token.signed_bytes, token.signature);
}

} // namespace fmcp::crypto
