#pragma once

/// The one table of the host's settings. Parsing, `config show`, `--help` and the README's table
/// are derived from it; a setting that is not here does not exist.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/settings.hpp"

namespace fmcp::config {

enum class kind : std::uint8_t {
   text,
   path,     ///< one file or directory, made absolute
   endpoint, ///< the path of a URL
   url,
   secret,
   choice,
   list,
   paths,
   boolean,
   integer,
   duration,
   size,
   icons,
   provider, ///< of authentication
   proxy,
   store,
   special, ///< explained in the table, handled by hand
};

/// Where the value goes.
using slot =
      std::variant<std::monostate, std::string settings::*, std::vector<std::string> settings::*,
                   bool settings::*, std::uint16_t settings::*, std::uint32_t settings::*,
                   std::uint64_t settings::*, std::chrono::milliseconds settings::*,
                   transport settings::*, host_check settings::*, cache_scope settings::*,
                   core::log::level settings::*>;

struct spec {
   std::string_view name; ///< in the configuration file and in `config show`
   std::string_view group;
   config::kind kind = config::kind::text;
   slot where = {};
   std::string_view variable = {}; ///< empty: none
   std::string_view flag = {}; ///< `--port`; empty: none; `[plugin.so …]`: the positional arguments
   char short_flag = 0;
   std::string_view fallback = {}; ///< the default, as it would be typed; in <> when it is computed
   std::string_view help;          ///< one sentence or two
   std::int64_t min = 0;           ///< of numbers; of durations in ms, of sizes in bytes
   std::int64_t max = std::numeric_limits<std::int64_t>::max();
   std::span<const std::string_view> choices = {};
   std::string_view since = "0.1";
   bool in_file = true; ///< may stand in the configuration file

   [[nodiscard]] bool is_secret() const noexcept { return kind == config::kind::secret; }
   [[nodiscard]] bool is_positional() const noexcept { return flag.starts_with('['); }
   [[nodiscard]] bool is_repeatable() const noexcept {
      return kind == config::kind::list || kind == config::kind::paths ||
             kind == config::kind::special;
   }
};

/// In the order in which people look for them; settings of a group stand together.
[[nodiscard]] std::span<const spec> table() noexcept;
/// The row of that name, or null.
[[nodiscard]] const spec* find_spec(std::string_view name) noexcept;

/// What a value has to look like: `a whole number from 0 to 65535`, `stdio or http`.
[[nodiscard]] std::string expectation(const spec& s);

/// The table as GitHub-flavoured Markdown, ending with a newline.
[[nodiscard]] std::string markdown_table();

} // namespace fmcp::config
