#include "app/router.hpp"

#include <array>
#include <filesystem>
#include <utility>

#include "json/writer.hpp"

namespace fmcp::app {

using core::http::field;
using core::http::method;

std::string health::readiness(int& status) const {
   const auto now = plugins->current();
   std::size_t active = 0;
   for (const auto& p : now->plugins) active += p.state == plugins::state::active;
   const char* text = is_stopping ? "stopping" : plugins->settled() ? "ready" : "starting";
   status = text == std::string_view("ready") ? 200 : 503;
   std::string out;
   json::writer w(out);
   w.begin_object().key("status").string(text).key("plugins").begin_object();
   w.key("active").number(active);
   const auto list = [&](std::string_view key, plugins::state state) {
      w.key(key).begin_array();
      for (const auto& p : now->plugins) {
         if (p.state == state) w.string(std::filesystem::path(p.file).filename().string());
      }
      w.end_array();
   };
   list("failed", plugins::state::failed);
   list("loading", plugins::state::loading);
   w.end_object().end_object();
   return out;
}

router::router(std::string path, const health& h, guarded g)
    : path_(std::move(path)), health_(h), guarded_(std::move(g)) {}

bool router::is_endpoint(std::string_view path) const noexcept {
   if (path == path_) return true;
   return path.size() == path_.size() + 1 && path.back() == '/' && path.starts_with(path_);
}

bool router::on_head(const core::http::request& rq, core::http::responder& out) {
   if (is_endpoint(rq.path)) return guarded_.endpoint->on_head(rq, out);
   if (is_document(rq.path)) return guarded_.documents->on_head(rq, out);
   on_other(rq, out); // no route takes a body
   return false;
}

void router::on_request(const core::http::request& rq, core::http::responder& out) {
   if (is_endpoint(rq.path)) return guarded_.endpoint->on_request(rq, out);
   if (is_document(rq.path)) return guarded_.documents->on_request(rq, out);
   on_other(rq, out);
}

void router::on_other(const core::http::request& rq, core::http::responder& out) const {
   const bool is_ready = rq.path == "/readyz";
   if (!is_ready && rq.path != "/healthz") {
      std::string text = R"({"error":"There is nothing here. The MCP endpoint is )";
      text += path_; // a path of unreserved characters, see config
      text += R"(."})";
      return out.reply({.status = 404, .content_type = "application/json", .fields = {}}, text);
   }
   constexpr std::array allow{field{"Allow", "GET, HEAD"}};
   if (rq.verb != method::get && rq.verb != method::head) {
      return out.reply({.status = 405, .content_type = "application/json", .fields = allow},
                       R"({"error":"Health checks are read by GET."})");
   }
   constexpr std::array fresh{field{"Cache-Control", "no-store"}};
   int status = 200;
   const auto body = is_ready ? health_.readiness(status) : R"({"status":"alive"})";
   out.reply({.status = status, .content_type = "application/json", .fields = fresh}, body);
}

} // namespace fmcp::app
