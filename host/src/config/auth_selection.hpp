#pragma once

/// Which provider of authentication the settings ask for, and whether its settings are right.
///
///    FASTMCP_SERVER_AUTH=descope             or --auth descope
///    FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID=P2x
///                                            or --auth-option project_id=P2x
///    {"auth": {"provider": "descope", "project_id": "P2x"}}        in the configuration file
///
/// A provider is named by its short name, by the class path that it has in the Python framework, or
/// by `module:Class`. Every doubt ends the start, so that no server is open by mistake: an unknown
/// name, a file that cannot be used, two files with one name, a setting that is missing, malformed
/// or unknown, and variables of a provider when none is selected.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/auth_candidate.hpp"
#include "config/layers.hpp"
#include "config/lookalike.hpp"
#include "config/report.hpp"
#include "core/result.hpp"

namespace fmcp::config {

struct auth_question {
   const layers& given;
   std::span<const auth_candidate> found{};
   std::span<const std::string> directories{}; ///< where they were looked for
   /// What is no setting and was meant to be one of these, or to name a file that has them.
   std::span<const lookalike> lookalikes{};
   bool may_be_open = false; ///< `allow_unauthenticated`
};

struct auth_outcome {
   /// Nothing, without a problem: nobody is asked who he is.
   std::optional<auth_selection> selected;
   std::vector<problem> problems;
   std::vector<notice> notices;
   std::vector<report_row> rows; ///< `auth.project_id` …
};

/// Whether anything is given that wants authentication, so that providers have to be looked at.
[[nodiscard]] bool wants_authentication(const layers& given);

/// Decides it. Reads files of secrets (`…_FILE`); nothing else is touched. No text in the outcome
/// holds the value of a secret.
[[nodiscard]] auth_outcome select_auth(const auth_question& q);

/// The candidate that `name` means: blanks around it do not count, short names are compared without
/// case. Errors: not_found (the message lists the known ones), conflict (two files claim the name).
/// A candidate that cannot be used is found, too.
[[nodiscard]] core::result<const auth_candidate*>
find_provider(std::string_view name, std::span<const auth_candidate> found,
              std::span<const std::string> directories);

/// Why a candidate cannot be used, with its file in front unless the sentence names it anyway.
[[nodiscard]] std::string reason_of(const auth_candidate& c);

/// `FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_`
[[nodiscard]] std::string variable_prefix(const auth_candidate& c);

} // namespace fmcp::config
