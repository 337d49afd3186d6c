#include "client/mcp_client.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/challenge.hpp"
#include "client/event_stream.hpp"
#include "client/header_value.hpp"
#include "client/text_member.hpp"
#include "core/text.hpp"
#include "json/writer.hpp"

namespace fmcp::client {
namespace {

constexpr std::string_view modern_revision = "2026-07-28";
constexpr std::array<std::string_view, 4> old_revisions{"2025-11-25", "2025-06-18", "2025-03-26",
                                                        "2024-11-05"};
constexpr std::size_t max_answer = 16u << 20;
constexpr int max_tries = 4; // as it is, refreshed, logged in, with more scope
constexpr int max_pages = 200;
constexpr std::size_t max_tools = 10'000;
constexpr std::int64_t unsupported_version = -32022;

std::unexpected<core::error> refuse(core::errc code, std::string message) {
   return core::fail(code, std::move(message));
}

std::string_view media_type(const core::http::fetch_reply& reply) {
   const auto field = reply.find("content-type");
   return core::trim(field.substr(0, field.find(';')));
}

/// What tells of the moment, of a size or of the way here, and says nothing about the protocol.
bool is_trouble(int status) noexcept {
   return status >= 500 || status == 408 || status == 413 || status == 421 || status == 429;
}

/// `; try again in 30 seconds`, when the server says so (RFC 9110 section 10.2.3).
std::string advice(const core::http::fetch_reply& reply) {
   const auto after = reply.find("retry-after");
   if (after.empty()) return {};
   const bool is_count = std::ranges::all_of(after, [](char c) { return c >= '0' && c <= '9'; });
   return is_count
                ? fmt::format("; try again in {} second{}", excerpt(after), after == "1" ? "" : "s")
                : fmt::format("; try again after {}", excerpt(after));
}

/// The JSON of an answer. The error says what came in its place, and goes on from a status.
core::result<const json::value*> parse_body(json::document& to,
                                            const core::http::fetch_reply& reply) {
   const auto type = media_type(reply);
   if (core::iequals(type, "application/json")) {
      auto root = to.parse_copy(reply.body);
      if (!root) root.error().message = "and broken JSON: " + root.error().message;
      return root;
   }
   const std::string came = !type.empty()        ? excerpt(type)
                            : reply.body.empty() ? "nothing"
                                                 : "something without a type";
   return refuse(core::errc::invalid, fmt::format("with {} instead of JSON", came));
}

bool has_id(const json::value& message, std::int64_t id) {
   const auto* v = message.find("id");
   return v != nullptr && v->is(json::kind::number) && v->as_int64() == id;
}

} // namespace

mcp_client::mcp_client(exchange with, reach server, std::unique_ptr<credentials> who,
                       client_options options, notice heard)
    : with_(std::move(with)), server_(std::move(server)), who_(std::move(who)),
      options_(std::move(options)), heard_(std::move(heard)) {}

core::result<std::unique_ptr<mcp_client>> mcp_client::connect(exchange with, reach server,
                                                              std::unique_ptr<credentials> who,
                                                              client_options options,
                                                              notice heard) {
   std::unique_ptr<mcp_client> me(new mcp_client(std::move(with), std::move(server), std::move(who),
                                                 std::move(options), std::move(heard)));
   if (me->options_.wanted != era::old) {
      const auto is_modern = me->try_modern();
      if (!is_modern) return std::unexpected(is_modern.error());
      if (*is_modern) return me;
      if (me->options_.wanted == era::modern) {
         return refuse(core::errc::unsupported,
                       fmt::format("the server does not speak revision {}", modern_revision));
      }
   }
   if (auto ok = me->open_session(); !ok) return std::unexpected(std::move(ok.error()));
   return me;
}

mcp_client::~mcp_client() {
   if (session_.empty()) return;
   core::http::fetch_request rq = post({.method = ""}, std::nullopt);
   rq.method = "DELETE";
   rq.body.clear();
   rq.timeout = std::min(rq.timeout, std::chrono::milliseconds(5'000));
   auto token = who_->authorization();
   if (token && !token->empty()) rq.headers.emplace_back("Authorization", std::move(*token));
   // Once: a server that refuses forgets the session some day, and nobody logs in to go.
   [[maybe_unused]] const auto ended = with_(std::move(rq));
}

core::result<bool> mcp_client::try_modern() {
   facts_.spoken = era::modern;
   facts_.revision = modern_revision;
   auto found = request({.method = "server/discover"});
   if (!found) {
      // An answer that is none of ours and tells of no trouble: an old server's way to refuse what
      // it does not understand.
      if (found.error().code == core::errc::unsupported) return false;
      return std::unexpected(std::move(found.error()));
   }
   if (const auto& error = found->error) {
      const auto& supported = error->supported;
      const bool speaks_old =
            supported.empty() || std::ranges::any_of(supported, [](const auto& s) {
               return std::ranges::find(old_revisions, s) != old_revisions.end();
            });
      if (error->code != unsupported_version || speaks_old) return false;
      return refuse(core::errc::unsupported,
                    fmt::format("the server speaks other revisions of the protocol than this "
                                "client: {}",
                                excerpt(fmt::format("{}", fmt::join(supported, ", ")))));
   }
   const auto* versions = found->result->find("supportedVersions");
   const bool is_listed = versions != nullptr && versions->is(json::kind::array) &&
                          std::ranges::any_of(versions->items(), [](const json::value& v) {
                             return v.is(json::kind::string) && v.string() == modern_revision;
                          });
   if (is_listed) take_facts(*found->result);
   return is_listed;
}

core::result<void> mcp_client::open_session() {
   facts_ = {.spoken = era::old,
             .revision = {},
             .name = {},
             .title = {},
             .version = {},
             .instructions = {}};
   std::string client;
   json::writer w(client);
   w.begin_object().key("name").string("fastmcp-host").key("version").string(options_.version);
   w.end_object();
   const auto begun = expect_result(
         {.method = "initialize",
          .params = {{"protocolVersion", fmt::format("\"{}\"", old_revisions.front())},
                     {"capabilities", "{}"},
                     {"clientInfo", client}}});
   if (!begun) return std::unexpected(begun.error());
   facts_.revision = text_of(begun->result, "protocolVersion");
   if (std::ranges::find(old_revisions, facts_.revision) == old_revisions.end()) {
      return refuse(core::errc::unsupported,
                    fmt::format("the server speaks revision \"{}\" of the protocol, which this "
                                "client does not",
                                excerpt(facts_.revision)));
   }
   take_facts(*begun->result);
   return notify("notifications/initialized");
}

void mcp_client::take_facts(const json::value& result) {
   const auto* meta = result.find("_meta");
   const auto* who = facts_.spoken == era::old ? result.find("serverInfo")
                     : meta != nullptr         ? meta->find("io.modelcontextprotocol/serverInfo")
                                               : nullptr;
   facts_.name = text_of(who, "name");
   facts_.title = text_of(who, "title");
   facts_.version = text_of(who, "version");
   facts_.instructions = text_of(result, "instructions");
}

core::result<void> mcp_client::ping() {
   const auto alive =
         expect_result({.method = facts_.spoken == era::old ? "ping" : "server/discover"});
   if (!alive) return std::unexpected(alive.error());
   return {};
}

core::result<std::vector<tool>> mcp_client::list_tools() {
   std::vector<tool> out;
   std::string cursor;
   for (int page = 0; page < max_pages; ++page) {
      call c{.method = "tools/list"};
      if (page > 0) {
         std::string text;
         json::append_string(text, cursor);
         c.params.emplace_back("cursor", std::move(text));
      }
      const auto listed = expect_result(c);
      if (!listed) return std::unexpected(listed.error());
      const auto* tools = listed->result->find("tools");
      if (tools == nullptr || !tools->is(json::kind::array))
         return refuse(core::errc::invalid, "the server's answer to tools/list has no tools");
      for (const auto& t : tools->items()) {
         tool one{.name = text_of(t, "name"),
                  .title = text_of(t, "title"),
                  .description = text_of(t, "description"),
                  .json = {}};
         if (one.title.empty()) one.title = text_of(t.find("annotations"), "title");
         json::append_compact(one.json, t);
         if (!one.name.empty()) out.push_back(std::move(one));
      }
      const auto next = listed->result->find_string("nextCursor");
      if (!next) return out;
      if (out.size() > max_tools) break;
      cursor = *next;
   }
   return refuse(core::errc::limit, "the server's list of tools has no end");
}

core::result<std::string> mcp_client::call_tool(std::string_view name, std::string_view arguments,
                                                const tool* of) {
   call c{.method = "tools/call", .wants_notices = true};
   std::string name_text;
   json::append_string(name_text, name);
   c.params = {{"name", std::move(name_text)}, {"arguments", std::string(arguments)}};
   if (facts_.spoken == era::modern) {
      c.fields.emplace_back("Mcp-Name", header_value(name));
      json::document schema, given;
      const auto parsed = given.parse_copy(arguments);
      if (!parsed) return std::unexpected(parsed.error());
      if (of != nullptr && schema.parse_copy(of->json)) {
         if (const auto* input = schema.root().find("inputSchema")) {
            for (auto& field : parameter_fields(*input, **parsed))
               c.fields.push_back(std::move(field));
         }
      }
   }
   const auto called = expect_result(c);
   if (!called) return std::unexpected(called.error());
   std::string out;
   json::append_compact(out, *called->result);
   return out;
}

core::result<mcp_client::answer> mcp_client::expect_result(const call& c) {
   auto a = request(c);
   if (!a) {
      if (a.error().code == core::errc::unsupported) a.error().code = core::errc::invalid;
      return a;
   }
   if (const auto& error = a->error) {
      return refuse(core::errc::invalid, fmt::format("the server answered {} with error {}: {}",
                                                     c.method, error->code, error->message));
   }
   return a;
}

core::result<mcp_client::answer> mcp_client::request(const call& c) {
   const auto id = next_id_++;
   auto rq = post(c, id);
   if (c.wants_notices && heard_) rq.on_piece = listener();
   const auto reply = send(rq);
   if (!reply) return std::unexpected(reply.error());
   auto a = read(*reply, id, c.method);
   if (a && c.method == "initialize" && a->result != nullptr) {
      const auto session = reply->find("mcp-session-id");
      const bool is_good = session.size() <= 1024 && std::ranges::all_of(session, [](char ch) {
                              return ch > ' ' && ch < 0x7f;
                           });
      if (!is_good) return refuse(core::errc::invalid, "the server's session id cannot be sent");
      session_ = session;
   }
   return a;
}

core::result<void> mcp_client::notify(std::string_view method) {
   const auto reply = send(post({.method = method}, std::nullopt));
   if (!reply) return std::unexpected(reply.error());
   if (reply->status / 100 == 2) return {};
   return refuse(is_trouble(reply->status) ? core::errc::io : core::errc::invalid,
                 fmt::format("the server answered {} with status {}{}", method, reply->status,
                             advice(*reply)));
}

core::result<core::http::fetch_reply> mcp_client::send(const core::http::fetch_request& rq) {
   for (int tried = 1;; ++tried) {
      auto token = who_->authorization();
      if (!token) return std::unexpected(std::move(token.error()));
      auto attempt = rq;
      if (!token->empty()) attempt.headers.emplace_back("Authorization", std::move(*token));
      auto reply = with_(std::move(attempt));
      if (!reply || (reply->status != 401 && reply->status != 403)) return reply;
      if (tried == max_tries) {
         return refuse(core::errc::denied,
                       fmt::format("the server still refuses (status {})", reply->status));
      }
      if (auto again = who_->refused(*reply); !again)
         return std::unexpected(std::move(again.error()));
   }
}

core::http::fetch_request mcp_client::post(const call& c, std::optional<std::int64_t> id) const {
   core::http::fetch_request rq{.method = "POST", .url = server_.server()};
   rq.headers = {{"Accept", "application/json, text/event-stream"},
                 {"Content-Type", "application/json"}};
   // The old era sends it from the first request after `initialize` on.
   if (!facts_.revision.empty()) rq.headers.emplace_back("MCP-Protocol-Version", facts_.revision);
   if (facts_.spoken == era::modern) rq.headers.emplace_back("Mcp-Method", c.method);
   if (!session_.empty()) rq.headers.emplace_back("Mcp-Session-Id", session_);
   for (const auto& field : c.fields) rq.headers.push_back(field);
   rq.body = body_of(c, id);
   rq.timeout = options_.timeout;
   rq.max_body = max_answer;
   rq.policy = server_.policy_for(rq.url);
   return rq;
}

std::string mcp_client::body_of(const call& c, std::optional<std::int64_t> id) const {
   std::string out;
   json::writer w(out);
   w.begin_object().key("jsonrpc").string("2.0");
   if (id) w.key("id").number(*id);
   w.key("method").string(c.method);
   const bool is_modern = facts_.spoken == era::modern;
   const bool has_meta = is_modern || (c.wants_notices && id);
   if (has_meta || !c.params.empty()) {
      w.key("params").begin_object();
      for (const auto& [name, text] : c.params) w.key(name).raw(text);
      if (has_meta) {
         w.key("_meta").begin_object();
         if (is_modern) {
            w.key("io.modelcontextprotocol/protocolVersion").string(modern_revision);
            w.key("io.modelcontextprotocol/clientInfo").begin_object();
            w.key("name").string("fastmcp-host").key("version").string(options_.version);
            w.end_object();
            w.key("io.modelcontextprotocol/clientCapabilities").begin_object().end_object();
            if (c.wants_notices) w.key("io.modelcontextprotocol/logLevel").string("info");
         }
         if (c.wants_notices && id) w.key("progressToken").number(*id);
         w.end_object();
      }
      w.end_object();
   }
   w.end_object();
   return out;
}

/// Looks for notifications while the body comes. Of a body that is no event stream it understands
/// no line.
std::function<void(std::string_view)> mcp_client::listener() const {
   const auto events = std::make_shared<event_stream>(max_answer);
   return [events, heard = heard_](std::string_view piece) {
      events->feed(piece, [&](const event_stream::event& e) {
         json::document d;
         const auto message = d.parse_copy(e.data);
         if (!message || (*message)->find("id") != nullptr) return;
         const auto method = (*message)->find_string("method");
         const auto* params = (*message)->find("params");
         if (method && params != nullptr) heard(*method, *params);
      });
   };
}

/// `unsupported` is an answer that shows no sign of the protocol; whoever asks for the first time
/// concludes something from it.
core::result<mcp_client::answer> mcp_client::read(const core::http::fetch_reply& reply,
                                                  std::int64_t id, std::string_view method) {
   if (reply.status == 200 && core::iequals(media_type(reply), "text/event-stream"))
      return read_stream(reply, id, method);
   answer a;
   a.status = reply.status;
   const auto root = parse_body(a.document, reply);
   const auto* error = root ? (*root)->find("error") : nullptr;
   if (error != nullptr && error->is(json::kind::object)) a.error = read_error(*error);
   if (is_trouble(reply.status)) {
      const auto said = a.error && !a.error->message.empty() ? ": " + a.error->message : "";
      return refuse(core::errc::io, fmt::format("the server answered {} with status {}{}{}", method,
                                                reply.status, said, advice(reply)));
   }
   if (reply.status / 100 == 3) {
      return refuse(core::errc::invalid,
                    fmt::format("the server sends requests on to \"{}\"; use that URL if it is "
                                "right",
                                excerpt(reply.find("location"))));
   }
   if (a.error) return a;
   a.result = root && has_id(**root, id) ? (*root)->find("result") : nullptr;
   if (reply.status == 200 && a.result != nullptr && a.result->is(json::kind::object)) return a;
   const bool is_missing = reply.status == 404 || reply.status == 405;
   return refuse(core::errc::unsupported,
                 fmt::format("{} is no MCP endpoint: it answered {} with status {}{}",
                             server_.server(), method, reply.status,
                             is_missing ? "; is the path of the URL right?"
                             : !root    ? fmt::format(" {}", root.error().message)
                                        : " and no result"));
}

/// `from` is the member `error` of an answer.
mcp_client::rpc_error mcp_client::read_error(const json::value& from) {
   const auto* code = from.find("code");
   const auto* data = from.find("data");
   const bool is_number = code != nullptr && code->is(json::kind::number);
   rpc_error out{.code = is_number ? code->as_int64().value_or(0) : 0,
                 .message = excerpt(text_of(from, "message")),
                 .supported = {}};
   const auto* supported = data != nullptr ? data->find("supported") : nullptr;
   if (supported != nullptr && supported->is(json::kind::array)) {
      for (const auto& s : supported->items())
         if (s.is(json::kind::string)) out.supported.emplace_back(s.string());
   }
   return out;
}

core::result<mcp_client::answer> mcp_client::read_stream(const core::http::fetch_reply& reply,
                                                         std::int64_t id, std::string_view method) {
   std::optional<core::http::fetch_reply> last;
   event_stream events(max_answer);
   json::document d;
   events.feed(reply.body, [&](const event_stream::event& e) {
      const auto message = d.parse_copy(e.data);
      // Requests of the server's need capabilities that this client does not declare.
      if (!message || last || (*message)->find("method") != nullptr || !has_id(**message, id))
         return;
      last.emplace();
      last->status = 200;
      last->headers = {{"content-type", "application/json"}};
      last->body = e.data;
   });
   if (last) return read(*last, id, method);
   return refuse(core::errc::invalid,
                 fmt::format("the server ended its answer to {} before the result", method));
}

} // namespace fmcp::client
