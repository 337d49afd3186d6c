#pragma once

/// What was given, and where: flags, environment, `.env`, configuration file, strongest first.
///
/// A value is kept as text until somebody knows its type. Keys are the names of the settings table
/// (`port`), for plugins `plugins.<name>.<field>` and for the selected provider `auth.<field>`;
/// variables are kept under their own names in
/// upper case, because operators write them in any case.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "json/value.hpp"

namespace fmcp::config {

/// One value as it was given.
struct entry {
   /// How the text was written: as the text of a variable or flag, as the content of a JSON string,
   /// or as a JSON number, boolean, array or object.
   enum class form : std::uint8_t { text, json_string, json };
   std::vector<std::string> texts{}; ///< one, or one per repetition of a flag; never empty
   form as = form::text;
   std::string label{};     ///< what to call it: `FASTMCP_PORT`, `--port`, `"port"`
   std::string place{};     ///< `environment`, `.env:3`, `host.json:7`, `command line`
   std::string directory{}; ///< from which relative paths count; empty: the working directory

   [[nodiscard]] const std::string& text() const noexcept { return texts.back(); }
   [[nodiscard]] bool is_json() const noexcept { return as == form::json; }
   [[nodiscard]] bool is_flag() const noexcept { return place == "command line"; }
   /// `FASTMCP_PORT (.env:3)`
   [[nodiscard]] std::string name() const { return label + " (" + place + ")"; }
};

/// A JSON value as an entry without name and place.
[[nodiscard]] entry entry_of(const json::value& v);

class layers {
public:
   enum class level : std::uint8_t { flags, environment, env_file, config_file };
   static constexpr std::size_t count = 4;

   /// Later values of the same key: a flag collects them, anything else is replaced.
   void add(level at, std::string key, entry value);
   /// Takes out what begins with `prefix`.
   void remove(level from, std::string_view prefix);
   /// The value of exactly that key in that layer, or null.
   [[nodiscard]] const entry* at(level in, std::string_view key) const;

   struct found {
      const entry* value = nullptr;         ///< the strongest one, or null
      bool names_a_file = false;            ///< it was given as `…_FILE`: the value is in that file
      std::vector<const entry*> overridden; ///< weaker ones, strongest first
   };
   /// Looks for a flag or a member of the configuration file `key` and a variable `variable`
   /// (empty: there is none). A secret may also be given as `<key>_file` and `<variable>_FILE`;
   /// within one layer only one of both is allowed. Errors: conflict.
   [[nodiscard]] core::result<found> find(std::string_view key, std::string_view variable,
                                          bool secret) const;

   /// All entries of a layer whose key begins with `prefix`, sorted.
   [[nodiscard]] std::vector<std::pair<std::string_view, const entry*>>
   beginning_with(level at, std::string_view prefix) const;

private:
   std::array<std::map<std::string, entry, std::less<>>, count> maps_;
};

} // namespace fmcp::config
