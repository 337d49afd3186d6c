#pragma once

/// Names that are none of ours and were meant to be: a slip in a name must not open the server.
///
///    FASTMPC_SERVER_AUTH=descope        the selection of a provider
///    FASTMCP_SERVER_AUTH: descope       the same, on a line of `.env` that sets nothing
///    FASTMCP_ENVFILE=/etc/host.env      a file in which the selection may stand
///
/// Names are in upper case everywhere here. Pure functions, no file is touched.

#include <cstdint>
#include <string>
#include <string_view>

namespace fmcp::config {

/// One of them, as it was found.
struct lookalike {
   enum class kind : std::uint8_t {
      authentication, ///< ends the start unless everybody is let in on purpose
      file            ///< ends it only where nothing else selects a provider
   };
   std::string name;  ///< `FASTMCP_SERVR_AUTH (environment)`, `.env:3`
   std::string fault; ///< continues the name: `is no setting of this program`
   std::string hint;  ///< ` Did you mean FASTMCP_SERVER_AUTH?`, or empty
   kind meant = kind::authentication;

   /// For whoever goes on without it.
   [[nodiscard]] std::string warning() const {
      return name + " " + fault + " and is ignored." + hint;
   }
};

/// The name with our prefix for one whose prefix has a slip in it (`FASTMPC_PORT`), and the name
/// itself where the prefix is right. Empty: nothing of ours was meant.
[[nodiscard]] std::string meant_name(std::string_view name);

/// Whether a name with our prefix, which is no setting, was meant to switch authentication on.
[[nodiscard]] bool speaks_of_authentication(std::string_view name);

/// `FASTMCP_SERVER_AUTH…` for a name that begins nearly so, with its end unchanged; else empty.
[[nodiscard]] std::string meant_selector(std::string_view name);

/// FASTMCP_ENV_FILE or FASTMCP_CONFIG when a name with our prefix was meant to be that; else empty.
[[nodiscard]] std::string_view meant_file(std::string_view name);

/// What a line without '=' speaks of, in any case of letters.
enum class line_subject : std::uint8_t { other, authentication, file };
[[nodiscard]] line_subject subject_of(std::string_view line);

} // namespace fmcp::config
