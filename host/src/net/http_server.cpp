#include "net/http_server.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include "core/log.hpp"
#include "net/listen.hpp"
#include "net/loop.hpp"

namespace fmcp::net {
namespace {

class server_impl final : public server {
public:
   server_impl(const limits& bounds, handler_factory make_handler)
       : make_handler_(std::move(make_handler)) {
      shared_.bounds = bounds;
   }
   ~server_impl() override { stop(std::chrono::milliseconds(0)); }

   core::result<void> open(const server_options& options);

   [[nodiscard]] std::uint16_t port() const noexcept override { return port_; }
   [[nodiscard]] const std::vector<std::string>& addresses() const noexcept override {
      return addresses_;
   }
   void start() override;
   void for_each_thread(std::function<void(unsigned, core::http::handler&)> work) override {
      for (auto& l : loops_) l->for_handler(work);
   }
   void stop(std::chrono::milliseconds grace) override;
   [[nodiscard]] std::size_t connections() const noexcept override {
      return shared_.connections.load();
   }

private:
   void run(unsigned number);

   handler_factory make_handler_;
   server_state shared_;
   std::uint16_t port_ = 0;
   std::vector<std::string> addresses_;
   std::vector<std::unique_ptr<loop>> loops_;
   std::vector<std::thread> threads_;
   std::mutex mutex_;
   std::condition_variable ended_;
   std::size_t running_ = 0; // guarded by mutex_
};

core::result<void> server_impl::open(const server_options& options) {
   if (!options.tls.certificate_chain.empty() || !options.tls.private_key.empty()) {
      auto tls = tls_context::open(options.tls);
      if (!tls) return std::unexpected(std::move(tls.error()));
      shared_.tls = std::move(*tls);
   }
   const unsigned threads = options.threads == 0 ? usable_cpus() : options.threads;
   auto bound = bind_sockets(options.address, options.port, threads);
   if (!bound) return std::unexpected(std::move(bound.error()));
   port_ = bound->port;
   addresses_ = std::move(bound->addresses);
   try {
      for (unsigned i = 0; i < threads; ++i) {
         loops_.push_back(std::make_unique<loop>(i, shared_, std::move(bound->per_thread[i])));
      }
   } catch (const std::exception& e) {
      return core::fail(core::errc::io, std::string("the event loops cannot be made: ") + e.what());
   }
   return {};
}

void server_impl::start() {
   for (unsigned i = 0; i < loops_.size(); ++i) {
      loops_[i]->set_handler(make_handler_(i, loops_[i]->home()));
   }
   running_ = loops_.size();
   // Signals are the main thread's business.
   sigset_t all, before;
   ::sigfillset(&all);
   ::pthread_sigmask(SIG_SETMASK, &all, &before);
   for (unsigned i = 0; i < loops_.size(); ++i) threads_.emplace_back([this, i] { run(i); });
   ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void server_impl::run(unsigned number) {
   const std::string name = "fmcp:io" + std::to_string(number);
   ::pthread_setname_np(::pthread_self(), name.c_str());
   loops_[number]->run();
   const std::lock_guard lock(mutex_);
   --running_;
   ended_.notify_all();
}

void server_impl::stop(std::chrono::milliseconds grace) {
   if (threads_.empty()) return;
   for (auto& l : loops_) l->drain();
   {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, grace, [&] { return running_ == 0; });
   }
   for (auto& l : loops_) l->cut();
   for (auto& t : threads_) t.join();
   threads_.clear();
}

} // namespace

unsigned usable_cpus() noexcept {
   // The mask of a large machine does not fit into cpu_set_t; EINVAL tells.
   for (int cpus = CPU_SETSIZE; cpus <= 1 << 16; cpus *= 2) {
      cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
      if (set == nullptr) break;
      const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
      const int rc = ::sched_getaffinity(0, size, set);
      const int count = rc == 0 ? CPU_COUNT_S(size, set) : 0;
      CPU_FREE(set);
      if (count > 0) return static_cast<unsigned>(count);
   }
   return 1;
}

core::result<std::unique_ptr<server>> server::open(const server_options& options,
                                                   handler_factory make_handler) {
   auto s = std::make_unique<server_impl>(options.bounds, std::move(make_handler));
   if (auto opened = s->open(options); !opened) return std::unexpected(std::move(opened.error()));
   return s;
}

} // namespace fmcp::net
