#pragma once

/// One HTTP request and its whole answer, waited for: all that this room knows of the network. The
/// app room makes one of `net`'s fetcher; tests make one of a script.

#include <functional>

#include "core/fetch.hpp"
#include "core/result.hpp"

namespace fmcp::client {

/// Any status is an answer. `rq.on_piece` is called inside, on this thread. Errors: those of
/// `core::http::fetcher::start`.
using exchange = std::function<core::result<core::http::fetch_reply>(core::http::fetch_request rq)>;

} // namespace fmcp::client
