#pragma once

/// What goes into `Authorization`, and what happens when a server does not accept it.
///
/// Thread safety: none.

#include <memory>
#include <string>

#include "core/fetch.hpp"
#include "core/result.hpp"

namespace fmcp::client {

class credentials {
public:
   virtual ~credentials() = default;
   /// The field's value for the next request, or empty: none is sent. Errors: what asking an
   /// authorization server gives.
   [[nodiscard]] virtual core::result<std::string> authorization() = 0;
   /// The server answered with 401 or 403. Success: the request is worth another try. Else the
   /// sentence says what the server wants and what to do; `denied` when it is just that.
   [[nodiscard]] virtual core::result<void> refused(const core::http::fetch_reply& by) = 0;
};

/// Sends nothing.
[[nodiscard]] std::unique_ptr<credentials> anonymous();
/// Sends one token that somebody else got. Precondition: `is_bearer_token`.
[[nodiscard]] std::unique_ptr<credentials> bearer(std::string token);

} // namespace fmcp::client
