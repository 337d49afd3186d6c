#include "auth/metadata_routes.hpp"

#include <array>
#include <utility>

#include "core/log.hpp"
#include "json/document.hpp"

namespace fmcp::auth {

using core::http::field;
using core::http::method;
using core::http::request;
using core::http::responder;

namespace {

constexpr std::string_view oauth_place = "/.well-known/oauth-authorization-server";
constexpr std::string_view openid_place = "/.well-known/openid-configuration";
constexpr std::string_view json_type = "application/json";
constexpr field anyone{"Access-Control-Allow-Origin", "*"};
constexpr field fresh{"Cache-Control", "no-store"};

void give(responder& out, std::string_view body, std::string_view cache_control) {
   const std::array fields{anyone, field{"Cache-Control", cache_control}};
   out.reply({.status = 200, .content_type = json_type, .fields = fields}, body);
}

void preflight(responder& out) {
   static constexpr std::array fields{
         anyone, field{"Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"},
         field{"Access-Control-Allow-Headers",
               "Accept, Authorization, Content-Type, Mcp-Protocol-Version"},
         field{"Access-Control-Max-Age", "600"}, field{"Allow", "GET, HEAD, OPTIONS"}};
   out.reply({.status = 204, .content_type = {}, .fields = fields}, {});
}

void refuse_method(responder& out) {
   static constexpr std::array fields{anyone, field{"Allow", "GET, HEAD, OPTIONS"}};
   out.reply({.status = 405, .content_type = json_type, .fields = fields},
             R"({"error":"invalid_request","error_description":"This document is read by GET."})");
}

void refuse_for_now(responder& out) {
   static constexpr std::array fields{anyone, fresh, field{"Retry-After", "30"}};
   out.reply({.status = 503, .content_type = json_type, .fields = fields},
             R"({"error":"temporarily_unavailable","error_description":)"
             R"("The authorization server's metadata cannot be read now; try again."})");
}

std::string_view without_slash(std::string_view path) noexcept {
   return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

} // namespace

core::result<std::shared_ptr<metadata_routes>> metadata_routes::make(metadata_options o) {
   std::shared_ptr<metadata_routes> out(new metadata_routes(std::move(o)));
   if (auto r = out->prepare(); !r) return std::unexpected(std::move(r.error()));
   return out;
}

core::result<void> metadata_routes::prepare() {
   const auto& o = options_;
   auto made = make_resource_metadata(o.names.resource, o.provider_json, o.required_scopes);
   if (!made) return std::unexpected(std::move(made.error()));
   for (const auto& name : made->left_out) {
      core::log::info("auth", "a member of the provider's resource metadata is not published {}",
                      core::log::kv("member", name));
   }
   plain_ = std::make_shared<const std::string>(std::move(made->json));

   if (o.fetch == nullptr && !(o.forwarded.empty() && o.discovery.empty())) {
      return core::fail(core::errc::internal,
                        "there are metadata documents to fetch, and nothing to fetch them with");
   }
   forwarded_document::options common{
         .places = {}, .fetch = o.fetch, .reach = o.reach, .clock = o.clock};
   if (o.issuer_json.empty() && !o.forwarded.empty()) {
      common.places = o.forwarded;
      issuer_ = std::make_shared<forwarded_document>(common);
   }
   if (!o.discovery.empty() && o.required_scopes.empty() && !names_scopes(o.provider_json)) {
      common.places = o.discovery;
      common.min_fresh = common.max_fresh = std::chrono::hours(4);
      common.suits = [](std::string_view text) { return scopes_of(text).has_value(); };
      discovery_ = std::make_shared<forwarded_document>(std::move(common));
   }
   if (o.issuer_json.empty()) return {};

   json::document d;
   const auto parsed = d.parse_copy(o.issuer_json, {.max_depth = 32, .max_bytes = 64u << 10});
   const auto issuer = parsed ? (*parsed)->find_string("issuer") : std::nullopt;
   if (!issuer) {
      return core::fail(core::errc::invalid,
                        "the provider's authorization server metadata is no JSON object with an "
                        "issuer");
   }
   // An issuer with a path at our own origin: RFC 8414 section 3.1.
   const auto places = metadata_places(*issuer);
   const auto& url = o.names.metadata_url;
   const auto origin = std::string_view(url).substr(0, url.size() - o.names.path.size());
   const auto prefix = std::string(origin) + std::string(oauth_place);
   if (!places.empty() && places.front().starts_with(prefix))
      issuer_path_ = places.front().substr(prefix.size());
   return {};
}

metadata_routes::page metadata_routes::page_of(std::string_view path) const noexcept {
   path = without_slash(path);
   if (path == resource_metadata_place || path == options_.names.path) return page::resource;
   if (!issuer_ && options_.issuer_json.empty()) return page::none;
   for (const auto place : {oauth_place, openid_place}) {
      if (!path.starts_with(place)) continue;
      const auto rest = path.substr(place.size());
      if (rest.empty() || (!issuer_path_.empty() && rest == issuer_path_)) return page::issuer;
   }
   return page::none;
}

void metadata_routes::begin_discovery() {
   if (discovery_) (void)discovery_->get();
}

bool metadata_routes::serves(std::string_view path) const noexcept {
   return page_of(path) != page::none;
}

/// A body that comes along with GET is read and ignored; one for another method is not waited for.
bool metadata_routes::on_head(const request& rq, responder& out) {
   if (rq.verb == method::get || rq.verb == method::head || rq.verb == method::options) return true;
   refuse_method(out);
   return false;
}

void metadata_routes::on_request(const request& rq, responder& out) {
   switch (rq.verb) {
   case method::options: return preflight(out);
   case method::get:
   case method::head: break;
   default: return refuse_method(out);
   }
   page_of(rq.path) == page::resource ? give_resource(out) : give_issuer(out);
}

// -------------------------------------------------------------------------- the resource's
// document

std::shared_ptr<const std::string> metadata_routes::resource_text(bool& is_final) {
   is_final = true;
   if (!discovery_) return plain_;
   const auto source = discovery_->get().text;
   is_final = source != nullptr;
   if (!source) return plain_;
   const std::lock_guard lock(mutex_);
   if (discovered_from_ != source) {
      auto made = make_resource_metadata(options_.names.resource, options_.provider_json,
                                         scopes_of(*source).value_or(std::vector<std::string>()));
      if (!made) return plain_; // it could be made without scopes
      discovered_from_ = source;
      discovered_ = std::make_shared<const std::string>(std::move(made->json));
   }
   return discovered_;
}

void metadata_routes::give_resource(responder& out) {
   bool is_final = false;
   const auto text = resource_text(is_final);
   give(out, *text, is_final ? "public, max-age=3600" : fresh.value);
}

// ---------------------------------------------------------------------------- the issuer's
// document

bool metadata_routes::give_known_issuer(responder& out,
                                        const std::shared_ptr<const std::string>& text) const {
   if (!text) return false;
   give(out, *text, "public, max-age=300");
   return true;
}

void metadata_routes::give_issuer(responder& out) {
   if (!issuer_) return give(out, options_.issuer_json, "public, max-age=3600");
   const auto now = issuer_->get();
   if (give_known_issuer(out, now.text)) return;
   const auto held = now.is_fetching ? out.hold() : nullptr;
   if (!held) return refuse_for_now(out);
   std::move_only_function<void()> go_on = [self = shared_from_this(), held] {
      held->home().post([self, held] {
         held->resume([&](const request&, responder& back) {
            if (!self->give_known_issuer(back, self->issuer_->get().text)) refuse_for_now(back);
         });
      });
   };
   if (!issuer_->wait(go_on)) go_on(); // over already, or too many wait
}

} // namespace fmcp::auth
