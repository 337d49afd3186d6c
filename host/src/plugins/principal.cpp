#include "plugins/principal.hpp"

#include <utility>

#include "plugins/grown.hpp"

namespace fmcp::plugins {

principal_view::principal_view(core::caller_ref who) : who_(std::move(who)) {
   if (!who_) return;
   const auto& scopes = who_->scopes;
   fmcp_str* list = few_.data();
   if (scopes.size() > few_.size()) {
      many_ = std::make_unique_for_overwrite<fmcp_str[]>(scopes.size());
      list = many_.get();
   }
   for (std::size_t i = 0; i < scopes.size(); ++i) list[i] = str(scopes[i]);
   view_ = {
         .size = sizeof(fmcp_principal),
         .flags = 0,
         .subject = str(who_->subject),
         .client_id = str(who_->client_id),
         .issuer = str(who_->issuer),
         .provider = str(who_->provider),
         .tenant = str(who_->tenant),
         .scopes = {list, static_cast<std::uint32_t>(scopes.size()), sizeof(fmcp_str)},
         .claims_json = str(who_->claims_json),
         .expires_unix_ms = who_->expires_unix_ms,
   };
}

} // namespace fmcp::plugins
