#include "client/token_file.hpp"

#include <algorithm>
#include <limits>

#include "client/challenge.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::client {
namespace {

constexpr const char* file_name = "tokens.json";
constexpr const char* lock_name = "lock";
constexpr std::chrono::milliseconds patience{30'000};
constexpr std::size_t max_file = 1u << 20;
constexpr std::size_t max_logins = 200; // the oldest go
constexpr json::limits bounds{.max_depth = 8, .max_bytes = max_file, .max_values = 50'000};

/// The text members of a login, in one table for reading and writing.
template <class Login, class F>
void for_each_text(Login& l, F f) {
   f("server", l.server);
   f("issuer", l.issuer);
   f("resource", l.resource);
   f("token_endpoint", l.token_endpoint);
   f("client_id", l.client.id);
   f("client_secret", l.client.secret);
   f("auth_method", l.client.auth_method);
   f("access_token", l.access_token);
   f("refresh_token", l.refresh_token);
}

kept_login read_login(const json::value& from) {
   kept_login out;
   for_each_text(out, [&](std::string_view name, std::string& text) {
      text = from.find_string(name).value_or("");
   });
   const auto number = [&](std::string_view name) -> std::int64_t {
      const auto* v = from.find(name);
      return v != nullptr && v->is(json::kind::number) ? v->as_int64().value_or(0) : 0;
   };
   const auto port = number("redirect_port");
   if (port > 0 && port <= std::numeric_limits<std::uint16_t>::max())
      out.redirect_port = static_cast<std::uint16_t>(port);
   out.renew_at_ms = std::max<std::int64_t>(number("renew_at_ms"), 0);
   out.scopes = split_scopes(from.find_string("scope").value_or(""));
   return out;
}

} // namespace

std::string write_logins(const kept_logins& logins) {
   std::string out;
   json::writer w(out);
   w.begin_object().key("version").number(1).key("logins").begin_array();
   for (const auto& l : logins) {
      w.begin_object();
      for_each_text(l, [&](std::string_view name, const std::string& text) {
         if (!text.empty()) w.key(name).string(text);
      });
      if (!l.scopes.empty()) w.key("scope").string(join_scopes(l.scopes));
      if (l.redirect_port != 0) w.key("redirect_port").number(l.redirect_port);
      if (l.renew_at_ms != 0) w.key("renew_at_ms").number(l.renew_at_ms);
      w.end_object();
   }
   w.end_array().end_object();
   return out += '\n';
}

core::result<kept_logins> read_logins(std::string_view text) {
   json::document d;
   const auto root = d.parse_copy(text, bounds);
   if (!root) return std::unexpected(root.error());
   const auto* version = (*root)->find("version");
   const auto* list = (*root)->find("logins");
   if (version == nullptr || !version->is(json::kind::number) || version->as_int64() != 1 ||
       list == nullptr || !list->is(json::kind::array)) {
      return core::fail(core::errc::invalid, "it is not what this version of the program writes");
   }
   kept_logins out;
   for (const auto& item : list->items()) {
      auto login = read_login(item);
      if (!login.server.empty() && !login.issuer.empty()) out.push_back(std::move(login));
   }
   return out;
}

core::result<token_file> token_file::open(std::string_view directory) {
   auto where = store::state_directory::open(directory);
   if (!where) return std::unexpected(std::move(where.error()));
   return token_file(std::move(*where));
}

core::result<kept_logins> token_file::read() const {
   auto text = where_.read_file(file_name, max_file);
   if (!text && text.error().code == core::errc::not_found) return kept_logins{};
   if (!text) return std::unexpected(std::move(text.error()));
   auto logins = read_logins(*text);
   if (!logins)
      return core::wrap(where_.path_of(file_name) + " cannot be used, move it away",
                        std::move(logins.error()));
   return logins;
}

core::result<core::unique_fd> token_file::lock() const {
   return where_.lock_file(lock_name, patience);
}

core::result<void> token_file::write(const kept_logins& logins) const {
   return where_.replace_file(file_name, write_logins(logins));
}

core::result<void> token_file::keep(const core::unique_fd& /*lock*/,
                                    const kept_login& login) const {
   auto logins = read();
   if (!logins) return std::unexpected(std::move(logins.error()));
   std::erase_if(*logins, [&](const kept_login& l) {
      return l.server == login.server && l.issuer == login.issuer;
   });
   if (logins->size() >= max_logins) logins->erase(logins->begin());
   logins->push_back(login);
   return write(*logins);
}

core::result<std::size_t> token_file::forget(std::string_view server) const {
   const auto held = lock();
   if (!held) return std::unexpected(held.error());
   auto logins = read();
   if (!logins) return std::unexpected(std::move(logins.error()));
   const auto gone =
         std::erase_if(*logins, [&](const kept_login& l) { return l.server == server; });
   if (gone == 0) return 0;
   if (auto ok = write(*logins); !ok) return std::unexpected(std::move(ok.error()));
   return gone;
}

const kept_login* find_login(const kept_logins& in, std::string_view server) {
   const auto it = std::find_if(in.rbegin(), in.rend(),
                                [&](const kept_login& l) { return l.server == server; });
   return it == in.rend() ? nullptr : &*it;
}

const kept_login* find_login(const kept_logins& in, std::string_view server,
                             std::string_view issuer) {
   const auto it = std::ranges::find_if(
         in, [&](const kept_login& l) { return l.server == server && l.issuer == issuer; });
   return it == in.end() ? nullptr : &*it;
}

} // namespace fmcp::client
