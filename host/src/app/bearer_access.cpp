#include "app/bearer_access.hpp"

#include <utility>

namespace fmcp::app {
namespace {

using theirs = auth::gate::outcome;
using ours = protocol::access_gate::outcome;

ours outcome_of(theirs o) noexcept {
   switch (o) {
   case theirs::pass: return ours::pass;
   case theirs::unknown: return ours::unknown;
   case theirs::waiting: return ours::waiting;
   case theirs::answered: break;
   }
   return ours::answered;
}

protocol::access_gate::decision decision_of(const auth::gate::decision& d) noexcept {
   return {.what = outcome_of(d.what), .who = d.who};
}

} // namespace

bearer_access::decision bearer_access::look(const core::http::request& rq,
                                            core::http::responder& out,
                                            std::span<const core::http::field> cors) {
   return decision_of(gate_->look(rq, out, cors));
}

bearer_access::decision bearer_access::check(const core::http::request& rq,
                                             core::http::responder& out,
                                             std::span<const core::http::field> cors,
                                             again resume) {
   return decision_of(gate_->check(rq, out, cors, std::move(resume)));
}

void bearer_access::note_scopes(const core::principal& who, std::span<const std::string> needed,
                                const core::call_site& at) {
   gate_->note_scopes(who, needed, at);
}

void bearer_access::refuse_scopes(const core::principal& who, std::span<const std::string> needed,
                                  core::http::responder& out,
                                  std::span<const core::http::field> cors) {
   gate_->refuse_scopes(who, needed, out, cors);
}

unsigned bearer_access::seconds_to_wait(const core::principal& who, const core::call_site& at) {
   return gate_->seconds_to_wait(who, at);
}

} // namespace fmcp::app
