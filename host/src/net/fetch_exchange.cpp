#include "net/fetch_exchange.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "core/text.hpp"

namespace fmcp::net {
namespace {

constexpr std::size_t max_request_fields = 64 * 1024;
constexpr std::size_t max_request_body = 8u << 20;

std::unexpected<core::error> invalid(std::string message) {
   return core::fail(core::errc::invalid, std::move(message));
}

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
   return std::ranges::any_of(names, [&](auto n) { return core::iequals(n, name); });
}

/// RFC 9110 5.5: nothing that could begin another field.
bool is_field_value(std::string_view text) noexcept {
   return std::ranges::all_of(text, [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
   });
}

core::result<void> check_fields(const core::http::fetch_request& rq) {
   // They frame the message or belong to the connection.
   constexpr std::string_view ours[] = {
         "host",   "content-length", "transfer-encoding",   "connection",       "keep-alive",
         "te",     "trailer",        "proxy-authorization", "proxy-connection", "upgrade",
         "expect", "accept-encoding"};
   std::size_t bytes = 0;
   for (const auto& [name, value] : rq.headers) {
      if (!core::is_token(name))
         return invalid("a request has a header field without a proper name");
      if (!is_field_value(value)) {
         return invalid(fmt::format("the request's field {} holds control characters", name));
      }
      if (is_one_of(name, ours)) {
         return invalid(fmt::format("the request's field {} is set by the client itself", name));
      }
      bytes += name.size() + value.size() + 4;
   }
   if (bytes > max_request_fields) {
      return core::fail(core::errc::limit, "a request has more than 64 KiB of header fields");
   }
   return {};
}

core::result<void> check_method(const core::http::fetch_request& rq) {
   constexpr std::string_view methods[] = {"GET",    "HEAD",  "POST",   "PUT",
                                           "DELETE", "PATCH", "OPTIONS"};
   if (std::ranges::find(methods, rq.method) == std::end(methods)) {
      return invalid("a request has another method than GET, HEAD, POST, PUT, DELETE, PATCH and "
                     "OPTIONS");
   }
   if (!rq.body.empty() && (rq.method == "GET" || rq.method == "HEAD")) {
      return invalid(fmt::format("a {} request has a body", rq.method));
   }
   if (rq.body.size() > max_request_body) {
      return core::fail(core::errc::limit, "the body of a request is larger than 8 MiB");
   }
   return {};
}

bool redirects(int status) noexcept {
   return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

} // namespace

core::result<fetch_exchange> fetch_exchange::admit(core::http::fetch_request rq) {
   fetch_exchange made;
   if (auto r = check_method(rq); !r) return std::unexpected(std::move(r.error()));
   if (auto r = check_fields(rq); !r) return std::unexpected(std::move(r.error()));
   auto target = url::parse(rq.url);
   if (!target) return std::unexpected(std::move(target.error()));
   if (!rq.policy) return core::fail(core::errc::internal, "a request has no policy");
   const auto allowed = judge(*rq.policy, *target);
   if (!allowed) return std::unexpected(allowed.error());
   made.rq_ = std::move(rq);
   made.target_ = std::move(*target);
   made.reach_ = *allowed;
   return made;
}

std::string fetch_exchange::place() const {
   if (first_place_.empty()) return target_.place();
   return fmt::format("{} (redirected from {})", target_.place(), first_place_);
}

core::result<bool> fetch_exchange::follow_redirect(const core::http::fetch_reply& reply) {
   const auto location = reply.find("location");
   if (rq_.max_redirects == 0 || !redirects(reply.status) || location.empty()) return false;
   if (redirects_ == rq_.max_redirects) {
      return core::fail(core::errc::limit, fmt::format("{} redirects again after {} redirections",
                                                       place(), redirects_));
   }
   auto next = follow(target_, location);
   if (!next) {
      return core::fail(core::errc::io,
                        fmt::format("{} redirects to somewhere that cannot be used: {}", place(),
                                    next.error().message));
   }
   if (target_.is_https() && !next->is_https()) {
      return core::fail(core::errc::denied,
                        fmt::format("{} redirects to plain http at {}", place(), next->origin()));
   }
   const auto allowed = judge(*rq_.policy, *next);
   if (!allowed) return core::wrap(place() + " redirects", allowed.error());
   const bool keeps_method = reply.status == 307 || reply.status == 308;
   if (!keeps_method && (reply.status == 303 || rq_.method == "POST")) become_get();
   if (next->origin() != target_.origin()) {
      if (!rq_.body.empty()) {
         return core::fail(core::errc::denied,
                           fmt::format("{} wants the request's body sent on to {}, which is not "
                                       "done, since it may hold a secret",
                                       place(), next->origin()));
      }
      drop_credentials();
   }
   if (first_place_.empty()) first_place_ = target_.place();
   target_ = std::move(*next);
   reach_ = *allowed;
   ++redirects_;
   return true;
}

/// RFC 9110 15.4: what 303 asks for, and what everybody does to a POST on 301 and 302.
void fetch_exchange::become_get() {
   if (rq_.method != "HEAD") rq_.method = "GET";
   rq_.body.clear();
   std::erase_if(rq_.headers,
                 [](const auto& f) { return core::to_lower(f.first).starts_with("content-"); });
}

void fetch_exchange::drop_credentials() {
   constexpr std::string_view harmless[] = {"accept", "accept-language", "user-agent"};
   std::erase_if(rq_.headers, [&](const auto& f) { return !is_one_of(f.first, harmless); });
}

} // namespace fmcp::net
