#pragma once

/// A plugin file in this process, loaded by the host's own code, and what its tools answer.

#include <dlfcn.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/instance.hpp"
#include "plugins/sealed_copy.hpp"
#include "unit/plugins/fake_plugin.hpp"
#include "json/document.hpp"

namespace fmcp::test {

struct block {
   std::int32_t kind = 0;
   std::string mime, uri, name, data, annotations;
   bool is_owned = false; // the plugin gave the bytes away
};

/// Everything that came of one call.
struct answer {
   bool has_result = false;
   std::int32_t outcome = -1, code = 0;
   std::string message, structured, error_data, meta;
   std::vector<block> blocks;
   plugins::call_failure why{};
   std::string failure;
   std::vector<std::pair<double, std::string>> progress;
   std::vector<std::pair<std::int32_t, std::string>> logs;

   /// The text of all blocks, or what went wrong.
   [[nodiscard]] std::string text() const {
      if (!has_result) return failure;
      std::string out = message;
      for (const auto& b : blocks) out += b.data;
      return out;
   }
};

/// Thread safety: as `call`; the accessors may be called from any thread.
class full_call final : public plugins::call {
public:
   full_call(std::string name, std::string args, std::uint32_t flags)
       : name_(std::move(name)), args_(std::move(args)) {
      request.flags = flags;
      request.name = plugins::str(name_);
      request.args_json = plugins::str(args_);
      request.protocol_version = plugins::str("2026-07-28");
   }
   void on_progress(double done, double, std::string_view message) noexcept override {
      events_.change([&] { answer_.progress.emplace_back(done, message); });
   }
   void on_log(std::int32_t level, std::string_view, std::string_view data) noexcept override {
      events_.change([&] { answer_.logs.emplace_back(level, data); });
   }
   void on_result(const fmcp_result& r) noexcept override {
      events_.change([&] {
         answer_.has_result = true;
         answer_.outcome = r.outcome;
         answer_.code = r.rpc_code;
         answer_.message = text_of(r.message);
         answer_.structured = bytes_of(r.structured_json);
         answer_.error_data = bytes_of(r.error_data_json);
         answer_.meta = bytes_of(r.meta_json);
         for (std::uint32_t i = 0; i < r.content.count; ++i) {
            const auto c = plugins::content_at(r, i);
            answer_.blocks.push_back({c.kind, std::string(text_of(c.mime)),
                                      std::string(text_of(c.uri)), std::string(text_of(c.name)),
                                      bytes_of(c.data), std::string(text_of(c.annotations_json)),
                                      c.data.release != nullptr});
         }
         ++outcomes_;
      });
   }
   void on_failure(plugins::call_failure why, std::string_view message) noexcept override {
      events_.change([&] {
         answer_.why = why;
         answer_.failure = message;
         ++outcomes_;
      });
   }
   /// Waits for the outcome.
   [[nodiscard]] answer get() {
      if (!events_.wait([&] { return outcomes_ != 0; })) throw std::runtime_error("no answer");
      return events_.read([&] { return answer_; });
   }
   [[nodiscard]] bool reported(std::size_t times) {
      return events_.wait([&] { return answer_.progress.size() >= times; });
   }
   [[nodiscard]] int outcomes() {
      return events_.read([&] { return outcomes_; });
   }

private:
   static std::string bytes_of(const fmcp_buf& b) {
      return b.len == 0 ? std::string() : std::string(static_cast<const char*>(b.ptr), b.len);
   }
   std::string name_, args_;
   latch_box events_;
   answer answer_;
   int outcomes_ = 0;
};

/// One loaded file. Not copyable; stops and unloads when it goes.
class loaded_plugin {
public:
   /// The constructor reads nothing from the environment: `settings` is what a host would have
   /// checked.
   explicit loaded_plugin(const std::string& bytes, plugins::plugin_settings settings = {},
                          plugins::instance::config c = {}) {
      deadlines_ = std::make_shared<plugins::timer>(*c.clock);
      if (c.name.empty()) c.name = "subject";
      c.deadlines = deadlines_;
      instance_ = plugins::instance::make(std::move(c));
      auto copy = plugins::sealed_copy::make(bytes, "subject.so");
      if (!copy) throw std::runtime_error(copy.error().message);
      path_ = copy->path();
      if (auto up = instance_->bring_up(std::move(*copy), std::move(settings), {}); !up) {
         problem_ = up.error().message;
         return;
      }
      relist();
   }
   loaded_plugin(const loaded_plugin&) = delete;
   loaded_plugin& operator=(const loaded_plugin&) = delete;
   ~loaded_plugin() {
      if (instance_) (void)unload();
   }

   /// Why it did not come up, or empty.
   [[nodiscard]] const std::string& problem() const { return problem_; }
   [[nodiscard]] const auto& tools() const { return tools_; }
   [[nodiscard]] std::vector<std::string> tool_names() const {
      std::vector<std::string> out;
      for (const auto& t : tools_) out.push_back(t->name);
      return out;
   }
   [[nodiscard]] const plugins::tool& tool(std::string_view name) const {
      for (const auto& t : tools_) {
         if (t->name == name) return *t;
      }
      throw std::runtime_error("no tool " + std::string(name));
   }
   void relist() {
      auto listed = instance_->list();
      if (listed) {
         tools_ = std::move(*listed);
      } else {
         problem_ = listed.error().message;
      }
   }

   std::shared_ptr<full_call> start(std::string_view name, std::string args = "{}",
                                    std::uint32_t flags = 0) {
      auto c = std::make_shared<full_call>(std::string(name), std::move(args), flags);
      instance_->start(tool(name), c);
      return c;
   }
   answer call(std::string_view name, std::string args = "{}", std::uint32_t flags = 0) {
      return start(name, std::move(args), flags)->get();
   }
   [[nodiscard]] plugins::instance& instance() { return *instance_; }

   /// Stops and unloads; whether the loader no longer knows the code.
   [[nodiscard]] bool unload() {
      tools_.clear();
      const bool is_retired = instance_->retire(std::chrono::seconds(10));
      const bool is_unloaded = is_retired && instance_->unload();
      instance_.reset();
      deadlines_->stop();
      void* still = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_NOLOAD);
      if (still != nullptr) ::dlclose(still);
      return is_unloaded && still == nullptr;
   }

private:
   std::shared_ptr<plugins::timer> deadlines_;
   std::shared_ptr<plugins::instance> instance_;
   std::vector<std::shared_ptr<const plugins::tool>> tools_;
   std::string path_, problem_;
};

} // namespace fmcp::test
