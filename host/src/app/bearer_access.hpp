#pragma once

/// The bearer gate as the endpoint sees it: `protocol` declares what it needs, `auth` does it, and
/// neither knows the other.

#include <memory>

#include "auth/gate.hpp"
#include "protocol/access_gate.hpp"

namespace fmcp::app {

/// One per thread, all of them before the one gate. Thread safety: its thread.
class bearer_access final : public protocol::access_gate {
public:
   explicit bearer_access(std::shared_ptr<auth::gate> gate) : gate_(std::move(gate)) {}

   decision look(const core::http::request& rq, core::http::responder& out,
                 std::span<const core::http::field> cors) override;
   decision check(const core::http::request& rq, core::http::responder& out,
                  std::span<const core::http::field> cors, again resume) override;
   void note_scopes(const core::principal& who, std::span<const std::string> needed,
                    const core::call_site& at) override;
   void refuse_scopes(const core::principal& who, std::span<const std::string> needed,
                      core::http::responder& out, std::span<const core::http::field> cors) override;
   unsigned seconds_to_wait(const core::principal& who, const core::call_site& at) override;

private:
   const std::shared_ptr<auth::gate> gate_;
};

} // namespace fmcp::app
