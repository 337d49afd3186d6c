#pragma once

/// A request whose answer is waited for: for commands, which have nothing else to do.
///
/// Never on a thread of the server's or the fetcher's.

#include "core/fetch.hpp"

namespace fmcp::net {

/// Errors: those of `fetcher::start`. Returns `slack` after `rq.timeout` at the latest, even when
/// the fetcher's thread is held up by somebody else's `done`. `rq.on_piece` is called on the thread
/// that waits here.
[[nodiscard]] core::result<core::http::fetch_reply>
fetch_now(core::http::fetcher& with, core::http::fetch_request rq,
          std::chrono::milliseconds slack = std::chrono::seconds(2));

} // namespace fmcp::net
