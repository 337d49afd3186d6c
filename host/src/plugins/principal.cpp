#include "plugins/principal.hpp"

#include "plugins/grown.hpp"

namespace fmcp::plugins {

principal_view::principal_view(const core::principal& who) {
   const auto& scopes = who.scopes;
   fmcp_str* list = few_.data();
   if (scopes.size() > few_.size()) {
      many_ = std::make_unique_for_overwrite<fmcp_str[]>(scopes.size());
      list = many_.get();
   }
   for (std::size_t i = 0; i < scopes.size(); ++i) list[i] = str(scopes[i]);
   view_ = {
         .size = sizeof(fmcp_principal),
         .flags = 0,
         .subject = str(who.subject),
         .client_id = str(who.client_id),
         .issuer = str(who.issuer),
         .provider = str(who.provider),
         .tenant = str(who.tenant),
         .scopes = {list, static_cast<std::uint32_t>(scopes.size()), sizeof(fmcp_str)},
         .claims_json = str(who.claims_json),
         .expires_unix_ms = who.expires_unix_ms,
   };
}

} // namespace fmcp::plugins
