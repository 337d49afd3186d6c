#pragma once

/// HTTP without sockets: a loop that is stepped by hand, an exchange and a responder that remember.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/executor.hpp"
#include "core/http.hpp"

namespace fmcp::test {

/// Runs posted tasks when it is told to, on the thread that tells it.
class manual_executor final : public core::executor {
public:
   void post(core::task work) override {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(work));
      ++posts_;
   }
   /// False when nothing waits.
   bool run_one() {
      core::task work;
      {
         const std::lock_guard lock(mutex_);
         if (tasks_.empty()) return false;
         work = std::move(tasks_.front());
         tasks_.pop_front();
      }
      work();
      return true;
   }
   void run_all() {
      while (run_one()) {
      }
   }
   /// Destroys what waits, as a loop does at its end.
   void drop_all() {
      std::deque<core::task> dropped;
      const std::lock_guard lock(mutex_);
      dropped.swap(tasks_);
   }
   [[nodiscard]] std::size_t waiting() const {
      const std::lock_guard lock(mutex_);
      return tasks_.size();
   }
   /// All tasks ever posted.
   [[nodiscard]] std::size_t posts() const {
      const std::lock_guard lock(mutex_);
      return posts_;
   }

private:
   mutable std::mutex mutex_;
   std::deque<core::task> tasks_;
   std::size_t posts_ = 0;
};

/// Runs `work` on another thread and waits for it: a step of a race, made deterministic.
inline void elsewhere(const std::function<void()>& work) {
   std::thread(work).join();
}

/// What an exchange did, kept by the test beyond the exchange.
struct exchange_record {
   int status = 0;
   std::string content_type;
   std::vector<std::pair<std::string, std::string>> fields;
   std::string body; ///< everything written
   int begins = 0, replies = 0, writes = 0, ends = 0, aborts = 0;
   bool is_destroyed = false;
   int foreign_thread_uses = 0; ///< calls from another thread than the one that made it

   [[nodiscard]] std::string find(std::string_view name) const {
      for (const auto& [n, v] : fields) {
         if (n == name) return v;
      }
      return {};
   }
};

class fake_exchange final : public core::http::exchange {
public:
   fake_exchange(core::executor& home, std::shared_ptr<exchange_record> record)
       : home_(home), record_(std::move(record)) {}
   ~fake_exchange() override {
      touch();
      record_->is_destroyed = true;
   }

   void reply(const core::http::response_head& head, std::string_view body) override {
      touch();
      if (!is_connected_) return;
      remember(head);
      record_->body += body;
      ++record_->replies;
      is_over_ = true;
   }
   void begin(const core::http::response_head& head) override {
      touch();
      if (!is_connected_) return;
      remember(head);
      ++record_->begins;
      if (on_begin) on_begin();
   }
   bool write(std::string_view bytes) override {
      touch();
      if (on_write) on_write();
      if (!is_connected_ || is_over_) return false;
      record_->body += bytes;
      ++record_->writes;
      return true;
   }
   void end() override {
      touch();
      if (!is_connected_) return;
      ++record_->ends;
      is_over_ = true;
   }
   void abort() override {
      touch();
      ++record_->aborts;
      is_connected_ = false;
   }
   void on_disconnect(std::function<void()> callback) override {
      touch();
      callback_ = std::move(callback);
   }
   [[nodiscard]] bool connected() const noexcept override { return is_connected_; }
   [[nodiscard]] std::size_t pending_bytes() const noexcept override { return pending; }
   [[nodiscard]] core::executor& home() noexcept override { return home_; }

   /// The peer closes.
   void hang_up() {
      is_connected_ = false;
      if (is_over_ || !callback_) return;
      const auto once = std::exchange(callback_, nullptr);
      once();
   }

   std::size_t pending = 0;        ///< what pending_bytes() says
   std::function<void()> on_begin; ///< called inside begin(): the middle of attach
   std::function<void()> on_write; ///< called inside write(), before anything is written

private:
   void remember(const core::http::response_head& head) {
      record_->status = head.status;
      record_->content_type = head.content_type;
      record_->fields.clear();
      for (const auto& f : head.fields) record_->fields.emplace_back(f.name, f.value);
   }
   void touch() {
      if (std::this_thread::get_id() != thread_) ++record_->foreign_thread_uses;
   }

   core::executor& home_;
   std::shared_ptr<exchange_record> record_;
   const std::thread::id thread_ = std::this_thread::get_id();
   std::function<void()> callback_;
   bool is_connected_ = true, is_over_ = false;
};

class fake_responder;

/// A request put aside. It comes back to the responder that it was put aside from.
class fake_held final : public core::http::held_request,
                        public std::enable_shared_from_this<fake_held> {
public:
   fake_held(fake_responder& back, const core::http::request& rq,
             std::shared_ptr<exchange_record> record)
       : back_(back), copy_(rq), record_(std::move(record)) {}
   ~fake_held() override {
      if (!is_over_) record_->status = 500;
   }
   void resume(work f) override;
   [[nodiscard]] core::executor& home() noexcept override;

   /// The peer closes.
   void hang_up() noexcept { is_over_ = true; }

private:
   fake_responder& back_;
   const core::http::stored_request copy_;
   std::shared_ptr<exchange_record> record_;
   bool is_over_ = false;
};

class fake_responder final : public core::http::responder {
public:
   void reply(const core::http::response_head& head, std::string_view body) override {
      record->status = head.status;
      record->content_type = head.content_type;
      for (const auto& f : head.fields) record->fields.emplace_back(f.name, f.value);
      record->body += body;
      ++record->replies;
   }
   [[nodiscard]] std::string& output() noexcept override { return output_; }
   void replied_raw() override { ++record->replies; }
   [[nodiscard]] std::string_view date_line() const noexcept override {
      return "Date: Tue, 28 Jul 2026 12:00:00 GMT\r\n";
   }
   [[nodiscard]] std::shared_ptr<core::http::exchange> keep() override {
      auto kept = std::make_shared<fake_exchange>(loop, record);
      last_kept = kept;
      return kept;
   }
   [[nodiscard]] std::shared_ptr<core::http::held_request> hold() override {
      static const core::http::request nothing;
      auto held =
            std::make_shared<fake_held>(*this, handled != nullptr ? *handled : nothing, record);
      last_held = held;
      return held;
   }
   [[nodiscard]] std::shared_ptr<void>& attachment() noexcept override { return attachment_; }
   [[nodiscard]] std::shared_ptr<void>& identity() noexcept override { return identity_; }
   [[nodiscard]] core::executor& home() noexcept override { return loop; }

   manual_executor loop;
   const core::http::request* handled = nullptr; ///< what `hold` copies
   std::weak_ptr<fake_held> last_held;
   std::weak_ptr<fake_exchange> last_kept;
   std::shared_ptr<exchange_record> record = std::make_shared<exchange_record>();

private:
   std::string output_;
   std::shared_ptr<void> attachment_, identity_;
};

inline void fake_held::resume(work f) {
   if (std::exchange(is_over_, true)) return;
   const auto self = shared_from_this(); // its owner may let go of it inside
   // The answer is this request's, whatever was asked meanwhile.
   const auto others = std::exchange(back_.record, record_);
   const auto* const outer = std::exchange(back_.handled, &copy_.get());
   f(copy_.get(), back_);
   back_.handled = outer;
   back_.record = others;
}
inline core::executor& fake_held::home() noexcept {
   return back_.loop;
}

} // namespace fmcp::test
