#pragma once

/// One exchange as far as it can be thought through without a socket: what is asked, whether it may
/// be, and where a redirection leads.
///
/// Redirections are followed here and not by libcurl, so that every hop passes the same check as
/// the first. To another origin goes nothing that could be a credential: no body, and of the header
/// fields only those that say what is understood.
///
/// Thread safety: none; no I/O.

#include <string>

#include "core/fetch.hpp"
#include "net/fetch_policy_check.hpp"
#include "net/url.hpp"

namespace fmcp::net {

class fetch_exchange {
public:
   /// Checks method, URL, header fields, sizes and policy. Errors: invalid, denied, limit.
   [[nodiscard]] static core::result<fetch_exchange> admit(core::http::fetch_request rq);

   [[nodiscard]] const core::http::fetch_request& request() const noexcept { return rq_; }
   [[nodiscard]] const url& target() const noexcept { return target_; }
   [[nodiscard]] const reach& allowed() const noexcept { return reach_; }
   /// Origin and path of the hop that is made, and where it began.
   [[nodiscard]] std::string place() const;

   /// False: `reply` is the answer. True: it is a redirection, and this is its next hop now.
   /// Errors: denied (policy, plain http, a body for another origin), limit (too many), io (a
   /// location that is no usable URL).
   [[nodiscard]] core::result<bool> follow_redirect(const core::http::fetch_reply& reply);

private:
   void become_get();
   void drop_credentials();

   core::http::fetch_request rq_;
   url target_;
   reach reach_;
   std::string first_place_; // empty until the first redirection
   unsigned redirects_ = 0;
};

} // namespace fmcp::net
