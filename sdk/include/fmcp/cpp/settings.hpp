/// fmcp/cpp/settings.hpp - settings: declared once, at compile time, for the manifest and the code.
///
///    struct options {
///       std::vector<std::string> roots;
///       std::uint64_t max_bytes = 0;
///       fmcp::secret api_key;
///
///       static constexpr auto settings() {
///          return fmcp::settings(
///                fmcp::setting("roots", &options::roots, "Directories that may be read"),
///                fmcp::setting("max_bytes", &options::max_bytes, "Most that is read at once")
///                      .size().otherwise("1MiB").at_least("1KiB"),
///                fmcp::setting("api_key", &options::api_key, "Of the service").required());
///       }
///    };
///
///    class my_plugin : public fmcp::plugin_with<options> { … settings().roots … };
///
/// FMCP_PLUGIN writes them into the manifest, so that the host knows, before any code of the plugin
/// runs, which variables (FASTMCP_PLUGIN_<NAME>_<FIELD>), flags and file entries there are, checks
/// types and bounds, and names what is wrong; what arrives fits the members.
///
/// The member's type is the setting's type: std::string (string; .url(), .path(), .one_of() narrow
/// it), integers (int; .size() reads 64KiB), double (number), bool, std::chrono::milliseconds
/// (duration: 500ms, 30s), std::vector<std::string> (list), std::map<std::string, std::string>
/// (map), json_text (json), secret. std::optional of these tells "not set" from a value.
#ifndef FMCP_CPP_SETTINGS_HPP
#define FMCP_CPP_SETTINGS_HPP

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "detail/guard.hpp"
#include "fields.hpp"

namespace fmcp {
inline namespace v1 {

/// A text that is wiped when it goes, and that moves without leaving a copy behind.
class secret {
public:
   secret() = default;
   explicit secret(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
      text.copy(bytes_.get(), size_);
   }
   secret(secret&& other) noexcept
       : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
   secret& operator=(secret&& other) noexcept {
      if (this != &other) {
         wipe();
         bytes_ = std::move(other.bytes_);
         size_ = std::exchange(other.size_, 0);
      }
      return *this;
   }
   ~secret() { wipe(); }
   /// Do not copy it further than needed.
   [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_.get(), size_}; }
   [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
   void wipe() noexcept {
      volatile char* p = bytes_.get();
      for (std::size_t i = 0; i < size_; ++i) p[i] = 0;
   }
   std::unique_ptr<char[]> bytes_;
   std::size_t size_ = 0;
};

namespace detail {

template <class T>
constexpr std::string_view setting_type() {
   using U = typename optional_of<T>::type;
   if constexpr (std::is_same_v<U, std::string>)
      return "string";
   else if constexpr (std::is_same_v<U, bool>)
      return "bool";
   else if constexpr (is_whole<U>)
      return "int";
   else if constexpr (std::is_floating_point_v<U>)
      return "number";
   else if constexpr (std::is_same_v<U, std::chrono::milliseconds>)
      return "duration";
   else if constexpr (std::is_same_v<U, std::vector<std::string>>)
      return "list";
   else if constexpr (std::is_same_v<U, std::map<std::string, std::string>>)
      return "map";
   else if constexpr (std::is_same_v<U, json_text>)
      return "json";
   else if constexpr (std::is_same_v<U, secret>)
      return "secret";
   else
      return "";
}

constexpr bool is_setting_name(std::string_view name) {
   if (name.empty() || name.size() > 64 || name[0] < 'a' || name[0] > 'z') return false;
   for (const char c : name) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
   }
   return true;
}

/// Something that the compiler evaluates to find out, and says so when it is not true.
constexpr void demand_at_compile_time(bool is_true, const char* what) {
   if (!is_true) throw std::logic_error(what);
}

struct words {
   static constexpr std::size_t most = 16;
   std::string_view all[most] = {};
   std::size_t count = 0;
   constexpr void add(std::string_view word) {
      demand_at_compile_time(count < most, "at most 16 words");
      all[count++] = word;
   }
};

} // namespace detail

/// One setting. All functions are constexpr and return the setting with that said.
template <class Owner, class T>
class setting {
   static_assert(!detail::setting_type<T>().empty(),
                 "a setting is a std::string, bool, integer, double, std::chrono::milliseconds, "
                 "std::vector<std::string>, std::map<std::string, std::string>, fmcp::json_text, "
                 "fmcp::secret, or std::optional of one of these");
   using type = typename detail::optional_of<T>::type;

public:
   using owner = Owner;

   /// `name`: [a-z][a-z0-9_]*, at most 64. `help`: what the operator reads.
   constexpr setting(std::string_view name, T Owner::* member, std::string_view help)
       : name_(name), help_(help), member_(member) {
      detail::demand_at_compile_time(detail::is_setting_name(name),
                                     "a setting's name is of the form [a-z][a-z0-9_]*");
   }
   /// The plugin is not started without it.
   [[nodiscard]] constexpr setting required() const {
      auto out = *this;
      out.is_required_ = true;
      return out;
   }
   /// The value when none is given, written as an operator would write it.
   [[nodiscard]] constexpr setting otherwise(std::string_view text) const {
      static_assert(!std::is_same_v<type, secret>, "a secret has no default: all could read it");
      auto out = *this;
      out.fallback_ = text;
      out.has_fallback_ = true;
      return out;
   }
   /// Of numbers their value, of lists their entries, of texts their characters; for .size() and
   /// durations with a unit: at_least("1KiB").
   [[nodiscard]] constexpr setting at_least(std::string_view text) const {
      auto out = *this;
      out.min_ = text;
      return out;
   }
   [[nodiscard]] constexpr setting at_most(std::string_view text) const {
      auto out = *this;
      out.max_ = text;
      return out;
   }
   /// A number of bytes: "64KiB".
   [[nodiscard]] constexpr setting size() const {
      static_assert(detail::is_whole<type>, "size() is for integers");
      return typed("size");
   }
   /// An absolute https or http URL. What the plugin reaches through fmcp.http/1 and fmcp.jwt/1 is
   /// the origins of these, beside those of its manifest.
   [[nodiscard]] constexpr setting url() const {
      static_assert(std::is_same_v<type, std::string>, "url() is for std::string");
      return typed("url");
   }
   /// Of a URL: https, or http to a loopback address.
   [[nodiscard]] constexpr setting secure() const {
      detail::demand_at_compile_time(type_ == "url", "secure() is for what is a url()");
      auto out = *this;
      out.schemes_.add("https");
      out.schemes_.add("http+loopback");
      return out;
   }
   /// Of a URL: "https" lets the operator write api.example.com for https://api.example.com.
   [[nodiscard]] constexpr setting assume_scheme(std::string_view scheme) const {
      detail::demand_at_compile_time(type_ == "url", "assume_scheme() is for what is a url()");
      auto out = *this;
      out.assume_scheme_ = scheme;
      return out;
   }
   /// Of a list: plain text is one entry, whatever it holds; several are written as a JSON array.
   [[nodiscard]] constexpr setting whole() const {
      static_assert(std::is_same_v<type, std::vector<std::string>>, "whole() is for lists");
      auto out = *this;
      out.is_whole_ = true;
      return out;
   }
   [[nodiscard]] constexpr setting path() const {
      static_assert(std::is_same_v<type, std::string>, "path() is for std::string");
      return typed("path");
   }
   /// The only texts, or entries of a list, that are allowed. They arrive in this spelling.
   template <class... Words>
   [[nodiscard]] constexpr setting one_of(Words... values) const {
      constexpr bool is_list = std::is_same_v<type, std::vector<std::string>>;
      static_assert(is_list || std::is_same_v<type, std::string>,
                    "one_of() is for std::string and lists of them");
      auto out = is_list ? *this : typed("enum");
      (out.values_.add(values), ...);
      return out;
   }
   /// What a text, a URL, or each entry of a list has to match (ECMA-262; anywhere, unless it is
   /// anchored), and the same for people, to go on behind "is not": "an id as the console shows it".
   [[nodiscard]] constexpr setting matching(std::string_view pattern, std::string_view form) const {
      static_assert(std::is_same_v<type, std::string> || std::is_same_v<type, secret> ||
                          std::is_same_v<type, std::vector<std::string>>,
                    "matching() is for texts, secrets and lists");
      auto out = *this;
      out.pattern_ = pattern;
      out.form_ = form;
      return out;
   }
   /// "use other_name": still accepted, with a warning.
   [[nodiscard]] constexpr setting deprecated(std::string_view instead) const {
      auto out = *this;
      out.deprecated_ = instead;
      return out;
   }

   /// For the library only.
   template <class Sink>
   constexpr void write(Sink& to) const {
      to.begin_object();
      to.member("name", name_);
      to.member("type", type_);
      if (is_required_) to.member_raw("required", "true");
      if (has_fallback_) {
         if (type_ == "json")
            to.member_raw("default", fallback_);
         else
            to.member("default", fallback_);
      }
      const bool has_unit = type_ == "size" || type_ == "duration";
      if (!min_.empty()) has_unit ? to.member("min", min_) : to.member_raw("min", min_);
      if (!max_.empty()) has_unit ? to.member("max", max_) : to.member_raw("max", max_);
      if (values_.count != 0) to.member("values", values_);
      if (!pattern_.empty()) to.member("pattern", pattern_);
      if (!form_.empty()) to.member("form", form_);
      if (schemes_.count != 0) to.member("schemes", schemes_);
      if (!assume_scheme_.empty()) to.member("assume_scheme", assume_scheme_);
      if (is_whole_) to.member_raw("split", "false");
      if (!help_.empty()) to.member("help", help_);
      if (!deprecated_.empty()) to.member("deprecated", deprecated_);
      to.end_object();
   }
   void read(json_view config, const fmcp_list& secrets, Owner& to) const {
      type value{};
      if constexpr (std::is_same_v<type, secret>) {
         const auto text = find_secret(secrets);
         if (!text) return;
         value = secret(*text);
      } else {
         const auto given = config.find(name_);
         if (!given) return;
         try {
            if constexpr (std::is_same_v<type, std::chrono::milliseconds>) {
               value = std::chrono::milliseconds(given->template integer<int64_t>());
            } else {
               value = from_json<type>(*given);
            }
         } catch (const json_error& e) {
            throw setting_error("The setting " + std::string(name_) +
                                " cannot be used: " + e.what());
         }
      }
      to.*member_ = std::move(value);
   }

private:
   constexpr setting typed(std::string_view t) const {
      auto out = *this;
      out.type_ = t;
      return out;
   }
   [[nodiscard]] std::optional<std::string_view> find_secret(const fmcp_list& secrets) const {
      for (uint32_t i = 0; i < secrets.count; ++i) {
         fmcp_kv pair{};
         std::memcpy(&pair,
                     static_cast<const char*>(secrets.items) + std::size_t{i} * secrets.stride,
                     sizeof pair);
         if (detail::view(pair.key) == name_) return detail::view(pair.value);
      }
      return std::nullopt;
   }

   std::string_view name_, help_;
   T Owner::* member_;
   std::string_view type_ = detail::setting_type<T>();
   std::string_view fallback_, min_, max_, deprecated_, assume_scheme_, pattern_, form_;
   detail::words values_, schemes_;
   bool is_required_ = false;
   bool has_fallback_ = false;
   bool is_whole_ = false;
};

/// What a settings struct's static constexpr settings() returns.
template <class... S>
constexpr std::tuple<S...> settings(S... all) {
   return std::tuple<S...>(all...);
}

/// What the manifest says about a plugin beyond its settings.
class manifest {
public:
   /// `id`: a reverse domain name, unique: "com.example.weather". `name`: for settings and
   /// messages, [a-z0-9][a-z0-9_-]*, at most 64: "weather". `version`: "1.4.2".
   constexpr manifest(std::string_view id, std::string_view name, std::string_view version)
       : id_(id), name_(name), version_(version) {
      detail::demand_at_compile_time(is_plain(id) && is_plain(version),
                                     "id and version have no blanks and are not empty");
      detail::demand_at_compile_time(is_name(name),
                                     "a plugin's name is of the form [a-z0-9][a-z0-9_-]*");
   }
   [[nodiscard]] constexpr manifest license(std::string_view spdx) const {
      auto out = *this;
      out.license_ = spdx;
      return out;
   }
   /// Services of the host without which it is not loaded, or that it would like to have;
   /// fmcp.exec/1 and fmcp.notify/1 are asked for anyway.
   [[nodiscard]] constexpr manifest uses(std::string_view service) const {
      auto out = *this;
      out.uses_.add(service);
      return out;
   }
   [[nodiscard]] constexpr manifest optional(std::string_view service) const {
      auto out = *this;
      out.optional_.add(service);
      return out;
   }
   /// Further members as JSON, without braces: "\"one_of\":[[\"a\",\"b\"]]".
   [[nodiscard]] constexpr manifest also(std::string_view members) const {
      auto out = *this;
      out.also_ = members;
      return out;
   }

   // ---- of an authentication provider (auth.hpp) ----

   /// Makes it one. Its settings are FASTMCP_SERVER_AUTH_<prefix>_<FIELD>.
   [[nodiscard]] constexpr manifest env_prefix(std::string_view prefix) const {
      detail::demand_at_compile_time(is_env_prefix(prefix),
                                     "an env_prefix is of the form [A-Z][A-Z0-9_]*, without _ at "
                                     "its end");
      auto out = *this;
      out.env_prefix_ = prefix;
      return out;
   }
   /// What FASTMCP_SERVER_AUTH may say beside the name: a class path, as in Python.
   [[nodiscard]] constexpr manifest alias(std::string_view class_path) const {
      auto out = *this;
      out.aliases_.add(class_path);
      return out;
   }
   /// Another short name.
   [[nodiscard]] constexpr manifest short_name(std::string_view name) const {
      detail::demand_at_compile_time(is_name(name),
                                     "a short name is of the form [a-z0-9][a-z0-9_-]*");
      auto out = *this;
      out.short_names_.add(name);
      return out;
   }
   /// An origin that it reaches, beside those of its url settings: "https://api.example.com".
   [[nodiscard]] constexpr manifest reaches(std::string_view origin) const {
      auto out = *this;
      out.net_.add(origin);
      return out;
   }

   /// Whom tokens have to be for: the host refuses an allow whose claims_json has none of these in
   /// `aud`. "{resource}" is the URL of the protected resource. Said for none, the provider sees to
   /// that itself.
   [[nodiscard]] constexpr manifest audience(std::string_view whom) const {
      detail::demand_at_compile_time(is_plain(whom), "an audience has no blanks and is not empty");
      auto out = *this;
      out.audience_.add(whom);
      return out;
   }

   /// For the library only.
   [[nodiscard]] constexpr bool is_auth() const { return !env_prefix_.empty(); }
   template <class Sink>
   constexpr void write_members(Sink& to) const {
      to.member("id", id_);
      to.member("name", name_);
      to.member("version", version_);
      if (!license_.empty()) to.member("license", license_);
      to.member("kind", only(is_auth() ? "auth" : "tools"));
      to.member("provides", only(is_auth() ? "fmcp.auth/1" : "fmcp.tools/1"));
      auto needed = uses_;
      if (is_auth()) needed.add("fmcp.auth-host/1");
      if (needed.count != 0) to.member("uses", needed);
      auto wanted = optional_;
      wanted.add("fmcp.exec/1");
      wanted.add("fmcp.notify/1");
      to.member("optional", wanted);
      if (is_auth()) write_auth(to);
      if (!also_.empty()) to.raw_members(also_);
   }

private:
   static constexpr detail::words only(std::string_view word) {
      detail::words out;
      out.add(word);
      return out;
   }
   template <class Sink>
   constexpr void write_auth(Sink& to) const {
      detail::words names = only(name_);
      for (std::size_t i = 0; i < short_names_.count; ++i) names.add(short_names_.all[i]);
      to.begin_object("auth");
      to.member("names", names);
      to.member("aliases", aliases_);
      to.member("env_prefix", env_prefix_);
      to.member("net", net_);
      if (audience_.count != 0) to.member("audience", audience_);
      to.end_object();
   }
   static constexpr bool is_env_prefix(std::string_view text) {
      if (text.empty() || text.size() > 64 || text[0] < 'A' || text[0] > 'Z') return false;
      for (const char c : text) {
         if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
      }
      return text[text.size() - 1] != '_';
   }
   static constexpr bool is_plain(std::string_view text) {
      if (text.empty() || text.size() > 256) return false;
      for (const char c : text) {
         if (c <= ' ' || c > '~') return false;
      }
      return true;
   }
   static constexpr bool is_name(std::string_view name) {
      if (name.empty() || name.size() > 64 || name[0] == '_' || name[0] == '-') return false;
      for (const char c : name) {
         if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
      }
      return true;
   }

   std::string_view id_, name_, version_, license_, also_, env_prefix_;
   detail::words uses_, optional_, aliases_, short_names_, net_, audience_;
};

} // namespace v1
} // namespace fmcp
#endif
