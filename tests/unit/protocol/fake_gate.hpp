#pragma once

/// A bearer gate without tokens: `Authorization: Bearer NAME` is who NAME is in `people`. Somebody
/// in `strangers` as well has to be asked about first.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/access_gate.hpp"

namespace fmcp::test {

class fake_gate final : public protocol::access_gate {
public:
   using request = core::http::request;
   using responder = core::http::responder;
   using cors_fields = std::span<const core::http::field>;

   /// A request that waits until the test says who sent it.
   struct waiting {
      std::shared_ptr<core::http::held_request> held;
      again resume;
   };

   core::caller_ref add(const std::string& name, std::vector<std::string> scopes = {},
                        std::int64_t expires_unix_ms = 0) {
      auto who = std::make_shared<core::principal>();
      who->subject = name;
      who->client_id = "client";
      who->issuer = "https://as.example";
      who->scopes = std::move(scopes);
      who->expires_unix_ms = expires_unix_ms;
      return people[name] = who;
   }

   decision look(const request& rq, responder& out, cors_fields cors) override {
      ++looks;
      return decide(rq, out, cors);
   }
   decision check(const request& rq, responder& out, cors_fields cors, again resume) override {
      ++checks;
      if (on_check) std::exchange(on_check, nullptr)();
      auto d = decide(rq, out, cors);
      if (d.what != outcome::unknown) return d;
      asked.push_back({out.hold(), std::move(resume)});
      return {.what = outcome::waiting};
   }
   void note_scopes(const core::principal& who, std::span<const std::string> needed,
                    const core::call_site& at) override {
      noted.append(who.subject).append(" ").append(at.tool).append(" ").append(at.peer_address);
      for (const auto& scope : needed) (noted += ' ') += scope;
      noted += '\n';
   }
   void refuse_scopes(const core::principal& who, std::span<const std::string> needed,
                      responder& out, cors_fields cors) override {
      refused = who.subject;
      std::string challenge = "Bearer error=\"insufficient_scope\", scope=\"";
      for (const auto& scope : needed) challenge += scope + ' ';
      challenge.back() = '"';
      refuse(403, challenge, out, cors);
   }
   unsigned seconds_to_wait(const core::principal& who, const core::call_site& at) override {
      last_tool = at.tool;
      counted += who.subject + ' ';
      if (calls_left == 0) return 17;
      --calls_left;
      return 0;
   }

   /// Who waits first is `name`.
   void admit(const std::string& name) {
      auto first = std::move(asked.front());
      asked.erase(asked.begin());
      const auto who = people.at(name); // held as long as the handler runs
      first.held->resume([&](const request& rq, responder& out) {
         request known = rq;
         known.caller = &who;
         first.resume(known, out);
      });
   }

   std::map<std::string, core::caller_ref, std::less<>> people;
   std::set<std::string, std::less<>> strangers;
   std::vector<waiting> asked;
   std::function<void()> on_check; ///< once, inside check()
   int looks = 0, checks = 0, calls_left = 1000;
   std::string refused, counted, noted, last_tool;
   bool forgets_to_say_who = false;

private:
   decision decide(const request& rq, responder& out, cors_fields cors) {
      auto name = rq.find("Authorization");
      name.remove_prefix(std::min(name.size(), std::string_view("Bearer ").size()));
      const auto known = people.find(name);
      if (known == people.end()) {
         refuse(401, "Bearer", out, cors);
         return {};
      }
      if (strangers.contains(name)) return {.what = outcome::unknown};
      return {.what = outcome::pass, .who = forgets_to_say_who ? nullptr : &known->second};
   }
   static void refuse(int status, std::string_view challenge, responder& out, cors_fields cors) {
      std::vector<core::http::field> fields(cors.begin(), cors.end());
      fields.push_back({"WWW-Authenticate", challenge});
      out.reply({.status = status, .content_type = "application/json", .fields = fields}, "{}");
   }
};

} // namespace fmcp::test
