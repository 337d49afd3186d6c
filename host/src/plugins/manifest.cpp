#include "plugins/manifest.hpp"

#include <algorithm>

#include <fmcp/abi.h>
#include <fmt/format.h>

#include "core/text.hpp"
#include "plugins/origins.hpp"
#include "plugins/services.hpp"

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;

constexpr json::limits bounds{.max_depth = 32, .max_bytes = 256u << 10, .max_values = 16u << 10};
constexpr std::size_t max_text = 256; // of an id, a version, a kind
constexpr std::size_t max_entries = 64;

std::unexpected<core::error> wrong(std::string_view what) {
   return fail(errc::invalid, fmt::format("has a manifest that cannot be used: {}.", what));
}

/// Printable, bounded, not empty: safe to show and to compare.
bool is_plain(std::string_view text) {
   return !text.empty() && text.size() <= max_text && std::ranges::all_of(text, [](char c) {
      return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
   });
}

std::string shown(std::string_view text) {
   std::string out;
   core::append_printable(out, text);
   return out;
}

core::result<std::string> required(const json::value& root, std::string_view key) {
   const auto text = root.find_string(key);
   if (!text) return wrong(fmt::format("the member \"{}\" is missing or no string", key));
   if (!is_plain(*text)) {
      return wrong(fmt::format("\"{}\" is empty, too long or holds blanks", key));
   }
   return std::string(*text);
}

core::result<std::vector<std::string>> strings(const json::value& root, std::string_view key) {
   std::vector<std::string> out;
   const auto* list = root.find(key);
   if (list == nullptr) return out;
   if (!list->is(json::kind::array) || list->items().size() > max_entries) {
      return wrong(fmt::format("\"{}\" is no array of at most {} strings", key, max_entries));
   }
   for (const auto& item : list->items()) {
      if (!item.is(json::kind::string) || !is_plain(item.string())) {
         return wrong(fmt::format("\"{}\" holds something that is no usable string", key));
      }
      out.emplace_back(item.string());
   }
   return out;
}

/// Origins that are written as they are compared. https only: whoever wants another one is told so
/// by the operator, in a setting.
core::result<std::vector<std::string>> origins(const json::value& root, std::string_view key) {
   auto out = strings(root, key);
   if (!out) return out;
   for (const auto& origin : *out) {
      if (origin.starts_with("https://") && origin_of(origin) == origin) continue;
      return wrong(fmt::format("\"{}\" of \"net\" is no origin like https://api.example.com",
                               shown(origin)));
   }
   return out;
}

bool is_alias(std::string_view text) {
   return std::ranges::all_of(text, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '.' || c == ':' || c == '-';
   });
}

bool is_env_prefix(std::string_view text) {
   return !text.empty() && text.size() <= 64 && text.front() != '_' && text.back() != '_' &&
          std::ranges::all_of(text, [](char c) {
             return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
          });
}

/// A field name (RFC 9110 5.1) in lower case.
bool is_field_name(std::string_view text) {
   return std::ranges::all_of(
         text, [](char c) { return core::is_token_char(c) && !(c >= 'A' && c <= 'Z'); });
}

} // namespace

bool manifest::offers(std::string_view interface_id) const {
   return provides.empty() || std::ranges::find(provides, interface_id) != provides.end();
}

bool is_plugin_name(std::string_view name) noexcept {
   const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
   return !name.empty() && name.size() <= 64 && alnum(name.front()) &&
          std::ranges::all_of(name, [&](char c) { return alnum(c) || c == '_' || c == '-'; });
}

core::result<manifest> read_manifest(std::string_view text) {
   auto document = std::make_shared<json::document>();
   const auto parsed = document->parse_copy(text, bounds);
   if (!parsed) {
      return fail(parsed.error().code,
                  fmt::format("has a manifest that is not JSON: {}; mend the text that "
                              "FMCP_MANIFEST is given.",
                              parsed.error().message));
   }
   const json::value& root = **parsed;
   if (!root.is(json::kind::object)) return wrong("it is not a JSON object");

   manifest out;
   auto id = required(root, "id"), name = required(root, "name"),
        version = required(root, "version");
   for (const auto* field : {&id, &name, &version}) {
      if (!*field) return std::unexpected(field->error());
   }
   if (!is_plugin_name(*name)) {
      return wrong(fmt::format("the name \"{}\" is not a lower-case letter or digit followed by up "
                               "to 63 of a-z 0-9 _ -",
                               shown(*name)));
   }
   auto kinds = strings(root, "kind"), provides = strings(root, "provides"),
        uses = strings(root, "uses"), optional = strings(root, "optional"),
        net = origins(root, "net");
   for (const auto* list : {&kinds, &provides, &uses, &optional, &net}) {
      if (!*list) return std::unexpected(list->error());
   }
   for (const auto& service : *uses) {
      if (!has_service(service)) {
         return fail(errc::unsupported,
                     fmt::format("needs the service {}, which this host does not have; use a newer "
                                 "host.",
                                 service));
      }
   }
   if (const auto* runtime = root.find("runtime");
       runtime != nullptr && !(runtime->is(json::kind::string) && runtime->string() == "native")) {
      return fail(errc::unsupported, "asks for a runtime other than \"native\", which this host "
                                     "does not have.");
   }
   out.id = std::move(*id);
   out.name = std::move(*name);
   out.version = std::move(*version);
   out.kinds = std::move(*kinds);
   out.provides = std::move(*provides);
   out.uses = std::move(*uses);
   out.optional = std::move(*optional);
   out.net = std::move(*net);
   out.never_unload = root.find_string("unload") == "never";
   out.text = text;
   out.document = std::move(document);
   return out;
}

core::result<auth_manifest> read_auth_member(const manifest& m) {
   const auto* member = m.root().find("auth");
   if (member == nullptr || !member->is(json::kind::object)) {
      return wrong("the member \"auth\" is missing or no object, and a provider's names and its "
                   "variables' prefix stand there");
   }
   auto names = strings(*member, "names"), aliases = strings(*member, "aliases"),
        headers = strings(*member, "headers"), net = origins(*member, "net"),
        audience = strings(*member, "audience");
   for (const auto* list : {&names, &aliases, &headers, &net, &audience}) {
      if (!*list) return std::unexpected(list->error());
   }
   // Whoever asks for a check and names nothing shall not get none.
   if (member->find("audience") != nullptr && audience->empty()) {
      return wrong("\"auth.audience\" is empty; leave it out, or name whom tokens have to be for");
   }
   if (names->empty()) names->push_back(m.name);
   for (const auto& name : *names) {
      if (!is_plugin_name(name)) {
         return wrong(fmt::format("\"{}\" of \"auth.names\" is not a lower-case letter or digit "
                                  "followed by up to 63 of a-z 0-9 _ -",
                                  shown(name)));
      }
   }
   for (const auto& alias : *aliases) {
      if (!is_alias(alias)) {
         return wrong(fmt::format("\"{}\" of \"auth.aliases\" is no class path like "
                                  "acme.auth.AcmeProvider",
                                  shown(alias)));
      }
   }
   for (const auto& header : *headers) {
      if (!is_field_name(header)) {
         return wrong(fmt::format("\"{}\" of \"auth.headers\" is no field name in lower case",
                                  shown(header)));
      }
   }
   const auto prefix = member->find_string("env_prefix");
   if (!prefix || !is_env_prefix(*prefix)) {
      return wrong("\"auth.env_prefix\" is missing, or not up to 64 of A-Z 0-9 _ without an "
                   "underscore at either end");
   }
   return auth_manifest{std::move(*names), std::move(*aliases), std::string(*prefix),
                        std::move(*net), std::move(*audience)};
}

core::result<void> check_abi(const elf_note& note) {
   if (note.major != FMCP_ABI_MAJOR) {
      return fail(errc::unsupported,
                  fmt::format("was built for ABI {}.{}, and this host speaks {}.{}; {}.",
                              note.major, note.minor_built, FMCP_ABI_MAJOR, FMCP_ABI_MINOR,
                              note.major > FMCP_ABI_MAJOR ? "use a newer host"
                                                          : "build it again with today's SDK"));
   }
   if (note.minor_needed > FMCP_ABI_MINOR) {
      return fail(errc::unsupported,
                  fmt::format("needs a host with ABI {}.{} or later, and this one has {}.{}; use a "
                              "newer host.",
                              note.major, note.minor_needed, FMCP_ABI_MAJOR, FMCP_ABI_MINOR));
   }
   return {};
}

} // namespace fmcp::plugins
