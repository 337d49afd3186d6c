// PEM is taken apart here and not by OpenSSL's reader, which would skip blocks until one suits it,
// and which asks on the terminal for the pass phrase of an encrypted one.

#include <string>
#include <string_view>
#include <utility>

#include "core/base64.hpp"
#include "crypto/key_checks.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using core::fail;

struct block {
   std::string_view label;
   std::string der;
};

/// RFC 7468 section 3, the lax form: blanks anywhere between the lines, text around the block.
core::result<block> only_block(std::string_view text) {
   constexpr std::string_view begin = "-----BEGIN ";
   constexpr std::string_view dashes = "-----";
   if (text.size() > max_pem_bytes)
      return fail(errc::limit,
                  "the text is longer than " + std::to_string(max_pem_bytes) + " bytes");
   const auto at = text.find(begin);
   if (at == text.npos) {
      return fail(errc::invalid, "the text holds no PEM block, which begins with a line "
                                 "-----BEGIN PUBLIC KEY-----");
   }
   text.remove_prefix(at + begin.size());
   const auto label_end = text.find(dashes);
   if (label_end == text.npos || label_end > 64 ||
       text.substr(0, label_end).find_first_of("\r\n") != text.npos)
      return fail(errc::invalid, "the first line of the PEM block is cut off");
   block out{.label = text.substr(0, label_end), .der = {}};
   text.remove_prefix(label_end + dashes.size());
   const std::string end = "-----END " + std::string(out.label) + std::string(dashes);
   const auto body_end = text.find(end);
   if (body_end == text.npos) return fail(errc::invalid, "the PEM block has no last line " + end);
   if (text.substr(body_end + end.size()).find(begin) != text.npos) {
      return fail(errc::invalid,
                  "the text holds more than one PEM block; leave the one whose key is meant");
   }
   std::string body;
   for (const char c : text.substr(0, body_end)) {
      if (c != '\n' && c != '\r' && c != ' ' && c != '\t') body += c;
   }
   auto der = core::decode_base64(body);
   if (!der || der->empty()) return fail(errc::invalid, "the PEM block's body is not base64");
   out.der = std::move(*der);
   return out;
}

/// `read` is d2i_...: the whole of the bytes, or nothing.
template <class Owner>
Owner all_of(const std::string& der, auto read) {
   const auto* at = octets(der);
   Owner out(read(nullptr, &at, static_cast<long>(der.size())));
   if (at != octets(der) + der.size()) out.reset();
   return out;
}

core::result<pkey> key_in(const block& b) {
   if (b.label == "PUBLIC KEY") {
      auto key = all_of<pkey>(b.der, d2i_PUBKEY);
      if (!key) return fail(errc::invalid, "the PEM block holds no SubjectPublicKeyInfo");
      return key;
   }
   if (b.label == "CERTIFICATE") {
      const auto x = all_of<certificate>(b.der, d2i_X509);
      pkey key(x ? X509_get_pubkey(x.get()) : nullptr);
      if (!key) return fail(errc::invalid, "the PEM block holds no X.509 certificate with a key");
      return key;
   }
   if (b.label.ends_with("PRIVATE KEY")) {
      return fail(errc::denied, "the PEM block is a private key, which does not belong here; "
                                "give the public one (openssl pkey -in KEY -pubout)");
   }
   return fail(errc::unsupported, "the PEM block is labelled " + quoted(b.label) +
                                        "; PUBLIC KEY and CERTIFICATE are taken (openssl rsa "
                                        "-RSAPublicKey_in -pubout converts RSA PUBLIC KEY)");
}

} // namespace

core::result<public_key> public_key::from_pem(std::string_view text) {
   const tidy_error_queue tidy;
   const auto b = only_block(text);
   if (!b) return std::unexpected(b.error());
   auto key = key_in(*b);
   if (!key) return std::unexpected(std::move(key.error()));
   return key_maker::make(std::move(*key), std::nullopt, std::nullopt);
}

} // namespace fmcp::crypto
