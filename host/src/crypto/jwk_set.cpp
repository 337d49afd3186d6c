#include "crypto/jwk_set.hpp"

#include <algorithm>
#include <utility>

#include "crypto/key_checks.hpp"
#include "json/document.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using core::fail;

bool share_an_algorithm(const public_key& a, const public_key& b) noexcept {
   for (auto i = algorithm{}; i <= algorithm::hs512;
        i = static_cast<algorithm>(static_cast<unsigned>(i) + 1)) {
      if (a.fits(i) && b.fits(i)) return true;
   }
   return false;
}

/// By the length of the text, so that it is known before anything is checked.
std::size_t rsa_cost(const json::value& jwk) noexcept {
   const std::size_t bits = jwk.find_string("n").value_or("").size() * 6;
   if (bits > max_rsa_bits + 64) return 0; // refused without a check
   return bits * bits * bits >> 30;
}

} // namespace

void jwk_set::skip(std::size_t index, std::optional<std::string_view> id, std::string reason) {
   skipped_.push_back({index, id ? quoted(*id) : std::string(), std::move(reason)});
   if (id && id->size() <= max_key_id_bytes) skipped_ids_.emplace_back(*id);
}

void jwk_set::drop_ambiguous(std::vector<std::size_t> places) {
   std::vector<bool> ambiguous(keys_.size());
   for (std::size_t i = 0; i < keys_.size(); ++i) {
      for (std::size_t j = i + 1; j < keys_.size(); ++j) {
         const auto& a = keys_[i];
         const auto& b = keys_[j];
         if (a.id() && a.id() == b.id() && share_an_algorithm(a, b) && !a.same_material(b))
            ambiguous[i] = ambiguous[j] = true;
      }
   }
   std::vector<public_key> kept;
   for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (ambiguous[i])
         skip(places[i], *keys_[i].id(), "another key of the set has the same \"kid\"");
      else
         kept.push_back(keys_[i]);
   }
   keys_ = std::move(kept);
}

core::result<jwk_set> jwk_set::parse(std::string_view text, const jwk_set_limits& bounds) {
   json::document document;
   const auto root = document.parse_copy(
         text, {.max_depth = 8, .max_bytes = bounds.max_bytes, .max_values = 8192});
   if (!root) return wrap_printable("reading a JSON Web Key Set", root.error());
   const auto* list = (*root)->find("keys");
   if (list == nullptr || !list->is(json::kind::array))
      return fail(errc::invalid,
                  "a JSON Web Key Set has an array \"keys\", and this text has none");
   if (list->items().size() > bounds.max_keys) {
      return fail(errc::limit, "the JSON Web Key Set holds " +
                                     std::to_string(list->items().size()) + " keys; at most " +
                                     std::to_string(bounds.max_keys) + " are taken");
   }
   jwk_set out;
   std::vector<std::size_t> places;
   std::size_t cost = 0;
   for (std::size_t i = 0; i < list->items().size(); ++i) {
      const auto& jwk = list->items()[i];
      if (cost + rsa_cost(jwk) > bounds.max_rsa_cost) {
         out.skip(i, jwk.find_string("kid"), "checking the set's RSA keys would take too long");
         continue;
      }
      cost += rsa_cost(jwk);
      if (auto key = public_key::from_jwk(jwk)) {
         out.keys_.push_back(std::move(*key));
         places.push_back(i);
      } else {
         out.skip(i, jwk.find_string("kid"), std::move(key.error().message));
      }
   }
   out.drop_ambiguous(std::move(places));
   return out;
}

const public_key* jwk_set::find(std::optional<std::string_view> id, algorithm a) const noexcept {
   const public_key* found = nullptr;
   for (const auto& key : keys_) {
      if (!key.fits(a)) continue;
      if (id) {
         if (key.id() == *id) return &key;
      } else if (found == nullptr) {
         found = &key;
      } else if (!found->same_material(key)) {
         return nullptr;
      }
   }
   return found;
}

bool jwk_set::knows(std::string_view id) const noexcept {
   return std::ranges::any_of(keys_, [&](const auto& key) { return key.id() == id; }) ||
          std::ranges::find(skipped_ids_, id) != skipped_ids_.end();
}

} // namespace fmcp::crypto
