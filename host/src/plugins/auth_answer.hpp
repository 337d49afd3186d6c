#pragma once

/// Reading what a provider answers. Pure: no plugin code, no threads.
///
/// Everything here is somebody else's memory: sizes, lists, encodings and JSON are checked, what is
/// kept is copied, and only a well-formed ALLOW gives a verdict with reason `none`.

#include <span>
#include <string>
#include <string_view>

#include <fmcp/auth.h>

#include "core/auth_reason.hpp"
#include "core/result.hpp"
#include "plugins/auth_provider.hpp"

namespace fmcp::plugins {

/// FMCP_AUTH_WHY_* and the host's own list. An unknown one is `denied`.
[[nodiscard]] core::auth_reason reason_of(std::int32_t why) noexcept;
[[nodiscard]] std::int32_t why_of(core::auth_reason reason) noexcept;

/// What an answer is read against.
struct answer_terms {
   std::string_view provider{}; ///< becomes the principal's
   std::string_view token{};    ///< looked for in what goes to the log
   /// Not empty: an ALLOW has to bring claims whose `aud` has one of these, or it is a denial.
   std::span<const std::string> audiences{};
};

/// Fills `out` from a full-size copy of the answer. Null, or what is wrong, as the end of
/// "… completed with"; then `out.reason` is what to answer: `denied` for an unknown decision (the
/// fallback of auth.h), else `provider_failed`.
[[nodiscard]] const char* read_answer(const fmcp_auth_result& r, const answer_terms& of,
                                      auth_verdict& out);

/// `text` on one line and at most 1 KiB of it, or a remark instead of it when it holds the token.
[[nodiscard]] std::string log_words(std::string_view text, std::string_view token);

/// Checks and copies. Errors: invalid, limit; the message is a predicate: "says in info() …".
[[nodiscard]] core::result<auth_info> copy_auth_info(const fmcp_auth_info* given);

} // namespace fmcp::plugins
