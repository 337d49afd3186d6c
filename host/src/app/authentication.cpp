#include "app/authentication.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/bearer_access.hpp"
#include "app/provider_commands.hpp"
#include "app/provider_verifier.hpp"
#include "app/version.hpp"
#include "core/log.hpp"
#include "crypto/digest.hpp"
#include "json/document.hpp"

namespace fmcp::app {
namespace {

/// Two processes with the same provider and settings share their sessions, any other pair does not.
std::string domain_of(const config::auth_selection& which) {
   const auto digest = crypto::sha256(which.from.name + '\n' + which.config_json);
   return "auth:" + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

/// What a provider grants to clocks that differ: its setting `leeway`, if it has one (auth.h). The
/// gate judges expiry once more, and must not be stricter.
std::chrono::seconds leeway_of(const config::auth_selection& which) {
   json::document document;
   const auto root = document.parse_copy(which.config_json);
   const auto* leeway = root ? (*root)->find("leeway") : nullptr;
   const auto ms = leeway != nullptr ? leeway->as_int64() : std::nullopt;
   return std::chrono::seconds(std::clamp<std::int64_t>(ms.value_or(0) / 1000, 0, 300));
}

class opened final : public authentication {
public:
   opened(const config::settings& s, services& with)
       : settings_(s), with_(with), domain_(domain_of(*s.selected_auth)),
         leeway_(leeway_of(*s.selected_auth)) {}

   ~opened() override { stop(); }

   core::result<void> open() {
      if (auto named = name_resource(); !named) return named;
      auto options = provider_options(settings_, program_version);
      options.services = with_.backends();
      auto provider = plugins::auth_provider::load(candidate_of(*settings_.selected_auth),
                                                   settings_of(*settings_.selected_auth), options,
                                                   names_.resource);
      if (!provider) return std::unexpected(std::move(provider.error()));
      provider_ = std::move(*provider);
      info_ = provider_->info();
      verifier_ = std::make_unique<provider_verifier>(*provider_);
      open_gate();
      return open_routes();
   }

   std::unique_ptr<protocol::access_gate> make_gate() override {
      return std::make_unique<bearer_access>(gate_);
   }
   std::shared_ptr<auth::metadata_routes> routes() override { return routes_; }
   const std::string& domain() const noexcept override { return domain_; }

   void know_tools(const plugins::snapshot& s) override {
      std::vector<std::string> scopes;
      for (const auto& t : s.tools) {
         scopes.insert(scopes.end(), t->required_scopes.begin(), t->required_scopes.end());
      }
      std::ranges::sort(scopes);
      const auto repeated = std::ranges::unique(scopes);
      scopes.erase(repeated.begin(), repeated.end());
      gate_->set_known_scopes(std::move(scopes));
   }

   const plugins::auth_info& info() const noexcept override { return info_; }
   std::shared_ptr<const core::http::fetch_policy> reach() const override {
      return provider_->reach();
   }
   std::chrono::seconds leeway() const noexcept override { return leeway_; }
   auth::verdict verify(std::string_view token, std::chrono::milliseconds patience) override {
      std::promise<auth::verdict> said;
      auto answer = said.get_future();
      verifier_->verify(
            {.token = token,
             .method = "POST",
             .url = names_.resource,
             .peer_address = "127.0.0.1",
             .resource = names_.resource,
             .deadline = std::chrono::steady_clock::now() + patience},
            [said = std::move(said)](auth::verdict v) mutable { said.set_value(std::move(v)); });
      return answer.get();
   }

   std::string describe() const override {
      using core::log::kv;
      return fmt::format("{} {} {} {}", kv("provider", provider_->name()),
                         kv("file", settings_.selected_auth->from.file),
                         kv("scopes", fmt::format("{}", fmt::join(info_.required_scopes, " "))),
                         kv("metadata", names_.metadata_url));
   }

   void stop() override {
      if (provider_) provider_->stop(std::chrono::milliseconds(500));
   }

private:
   core::result<void> name_resource() {
      if (settings_.base_url.empty()) return {};
      auto names = auth::name_resource(settings_.base_url, settings_.path);
      if (!names) return std::unexpected(std::move(names.error()));
      names_ = std::move(*names);
      return {};
   }

   void open_gate() {
      auth::gate_options o;
      o.ask = verifier_.get();
      o.resource = names_.resource;
      o.metadata_url = names_.metadata_url;
      o.required_scopes = info_.required_scopes;
      o.challenge_scopes = info_.challenge_scopes;
      o.patience = settings_.verify_timeout;
      o.leeway = leeway_;
      o.cache.max_entries = settings_.token_cache_size;
      o.cache.max_ttl = std::chrono::duration_cast<std::chrono::seconds>(settings_.token_cache_ttl);
      o.rate = {.calls_per_minute = settings_.calls_per_minute, .burst = settings_.calls_burst};
      gate_ = std::make_shared<auth::gate>(std::move(o));
      provider_->on_forget([gate = std::weak_ptr(gate_)](std::string_view digest) {
         if (const auto g = gate.lock()) g->forget(digest);
      });
   }

   core::result<void> open_routes() {
      if (names_.resource.empty()) return {};
      auth::metadata_options o;
      o.names = names_;
      o.provider_json = info_.resource_metadata_json;
      o.required_scopes = info_.required_scopes;
      o.issuer_json = info_.as_metadata_json;
      o.forwarded = info_.as_metadata_urls;
      if (!info_.scopes_discovery_url.empty()) o.discovery = {info_.scopes_discovery_url};
      o.fetch = &with_.fetch();
      o.reach = provider_->reach();
      auto routes = auth::metadata_routes::make(std::move(o));
      if (!routes) return std::unexpected(std::move(routes.error()));
      routes_ = std::move(*routes);
      routes_->begin_discovery();
      return {};
   }

   const config::settings& settings_;
   services& with_;
   const std::string domain_;
   const std::chrono::seconds leeway_;
   auth::resource_names names_;
   plugins::auth_info info_;
   std::unique_ptr<plugins::auth_provider> provider_;
   std::unique_ptr<provider_verifier> verifier_;
   std::shared_ptr<auth::gate> gate_;
   std::shared_ptr<auth::metadata_routes> routes_;
};

} // namespace

core::result<std::unique_ptr<authentication>> authentication::open(const config::settings& s,
                                                                   services& with) {
   auto out = std::make_unique<opened>(s, with);
   if (auto done = out->open(); !done) return std::unexpected(std::move(done.error()));
   return out;
}

} // namespace fmcp::app
