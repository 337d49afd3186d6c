#pragma once

/// What a plugin's manifest says about its settings.
///
/// A manifest (ABI design, 4.5) has an array `settings` of
///
///    {"name": "timeout", "type": "duration", "default": "10s", "min": "1s", "max": "2m",
///     "required": false, "help": "…", "deprecated": "use …",
///     "pattern": "^[A-Z]+$", "form": "a word in capitals"}
///
/// `pattern`, an ECMA-262 expression, has to match texts and URLs, and of a list each entry; `form`
/// says the same for people. `values` are the only entries that a list may have, as with an enum.
///
/// and beside it `"one_of": [["jwks_uri", "public_key"]]` (exactly one of each group is to be
/// given), `"any_of": [["config_url", "project_id"]]` (at least one is) and
/// `"requires": {"tls_key": ["tls_cert"]}` (whoever gives the one gives the others).
/// Types, and what the plugin finds in its `config_json`:
///
// clang-format off
/// | Type | Written | Delivered | `min`, `max` count |
/// |---|---|---|---|
/// | string, path | text | string | characters |
/// | secret | text, or a file by `…_FILE` | not in `config_json`, but among the secrets | characters |
/// | url | absolute; `schemes`, default https and http; `http+loopback` permits http to loopback; `"assume_scheme": "https"` puts that before a bare host | string | |
/// | int | `10`, `10.0` | integer | the value |
/// | number | `1.5e3` | number | the value |
/// | bool | true/false yes/no on/off 1/0 t/f y/n | boolean | |
/// | duration | `500ms`, `30s`, `2h`; a bare number is seconds | integer, milliseconds | the time |
/// | size | `64KiB`, `4MiB`, `4096` | integer, bytes | the size |
/// | enum | one of `values`, in any case | string as in `values` | |
/// | list | JSON array, or words separated by commas or blanks; with `"split": false` plain text is one entry; `null` is no value | array of strings | entries |
/// | map | JSON object, or `key=value,key=value` | object of strings | entries |
/// | json | any JSON | as it is | |
// clang-format on
///
/// An empty text is the empty list (unless `"split": false`), and an error for every other type. A
/// setting without value and default is absent from `config_json`.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/layers.hpp"
#include "config/parse.hpp"
#include "core/result.hpp"
#include "json/value.hpp"

namespace fmcp::config {

enum class plugin_type : std::uint8_t {
   string,
   secret,
   url,
   path,
   integer,
   number,
   boolean,
   duration,
   size,
   choice,
   list,
   map,
   json
};

/// One setting that a manifest declares.
struct declaration {
   std::string name;
   plugin_type type = plugin_type::string;
   std::string type_name; ///< as in the manifest: `int`
   bool is_required = false;
   std::optional<entry> fallback;
   std::optional<double> min, max; ///< of durations in ms, of sizes in bytes
   std::vector<std::string> values;
   std::string pattern, form;
   std::vector<std::string> schemes;
   std::string assume_scheme; ///< of a URL that is given without one; empty: it has to have one
   bool is_split = true;      ///< of a list: plain text is words and not one entry
   std::string help;
   std::string deprecated;
};

struct declarations {
   std::vector<declaration> settings;
   std::vector<std::vector<std::string>> one_of, any_of;
   std::vector<std::pair<std::string, std::vector<std::string>>> requires_;
};

/// Reads what a manifest declares. A manifest without `settings` declares none.
/// Errors: invalid (the message names the setting), limit.
[[nodiscard]] core::result<declarations> read_declarations(const json::value& manifest);

/// A value that fits its declaration.
struct typed_value {
   std::string json;              ///< one JSON value; of a secret the text itself
   std::optional<double> measure; ///< what `min` and `max` count
};

/// The error continues a sentence, like those of `parse.hpp`.
[[nodiscard]] parsed<typed_value> convert(const declaration& d, const entry& e);

} // namespace fmcp::config
