// Every key that is taken, from a set, a single key or PEM, is one under which the constant
// signatures that are known to forge do not verify; and a set accounts for each of its keys.

#include <string>

#include "crypto/jwk_set.hpp"
#include "crypto/shared_secret.hpp"
#include "crypto/signature.hpp"
#include "fuzz.hpp"
#include "json/document.hpp"

using namespace fmcp;

namespace {

void judge(const crypto::public_key& key) {
   fuzz::must(key.type() != crypto::key_type::rsa ||
                    (key.bits() >= crypto::min_rsa_bits && key.bits() <= crypto::max_rsa_bits),
              "a modulus keeps its bounds");
   fuzz::must(!key.bound_to() || key.fits(*key.bound_to()), "a bound key fits its algorithm");
   bool useful = false;
   for (unsigned i = 0; i <= static_cast<unsigned>(crypto::algorithm::hs512); ++i) {
      const auto a = static_cast<crypto::algorithm>(i);
      if (!key.fits(a)) continue;
      useful = true;
      fuzz::must(!crypto::is_symmetric(a), "a public key is no secret");
      for (const std::size_t size : {64u, 96u, 114u, 132u, 256u, 384u, 512u}) {
         std::string constant(size, '\0');
         fuzz::must(!verify(key, a, "message", constant), "zeros are no signature");
         constant.back() = 1;
         fuzz::must(!verify(key, a, "message", constant), "one is no signature");
         constant.front() = 1; // the neutral element of an Edwards curve, when the end is 0
         constant.back() = 0;
         fuzz::must(!verify(key, a, "message", constant) && !verify(key, a, "other", constant),
                    "the neutral element is no signature");
      }
   }
   fuzz::must(useful, "a key is good for something");
   fuzz::must(key.same_material(key), "a key is itself");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   const auto text = fuzz::text_of(data, size);
   if (const auto set = crypto::jwk_set::parse(text)) {
      json::document document;
      const auto count = (*document.parse_copy(text))->find("keys")->items().size();
      fuzz::must(set->keys().size() + set->skipped().size() == count, "every key is accounted for");
      for (const auto& skipped : set->skipped()) {
         fuzz::must(skipped.index < count && !skipped.reason.empty(), "left out for a reason");
         fuzz::must(skipped.id.size() <= 200, "names in the log are short");
      }
      for (const auto& key : set->keys()) {
         judge(key);
         if (!key.id()) continue;
         fuzz::must(set->knows(*key.id()), "a key is known by its name");
         if (!key.bound_to()) continue;
         const auto* found = set->find(*key.id(), *key.bound_to());
         fuzz::must(found != nullptr && found->same_material(key), "a name means one key");
      }
   }
   if (const auto key = crypto::public_key::from_jwk(text)) judge(*key);
   if (const auto key = crypto::public_key::from_pem(text)) judge(*key);
   json::document document;
   if (const auto jwk = document.parse_copy(text, {.max_depth = 8, .max_bytes = 1u << 16})) {
      const auto secret = crypto::shared_secret::from_jwk(**jwk);
      fuzz::must(!secret || !crypto::public_key::from_jwk(**jwk), "a secret is no public key");
   }
   return 0;
}
