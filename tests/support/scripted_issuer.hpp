#pragma once

/// An issuer of tokens on a loopback port that can be told to misbehave: its key set, and an RFC
/// 7662 endpoint. For tests of the host only.
///
/// Thread safety: any thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fmcp::test {

class scripted_issuer {
public:
   enum class mode : std::uint8_t {
      good,
      refusing, ///< closes the connection without a byte
      hanging,  ///< never answers
      failing,  ///< 500
      garbage,
      huge, ///< an answer of 50 MB
      redirecting
   };

   scripted_issuer();
   ~scripted_issuer();
   scripted_issuer(const scripted_issuer&) = delete;
   scripted_issuer& operator=(const scripted_issuer&) = delete;

   /// `http://127.0.0.1:9000`
   [[nodiscard]] std::string url() const;
   /// What every GET is answered with when all is good: a key set.
   void publish(std::string keys);
   void behave(mode m) noexcept { mode_ = m; }
   /// What a POST of this body is answered with: an introspection answer.
   void introspect(std::function<std::string(const std::string& form)> answer);
   /// Requests that came until now.
   [[nodiscard]] int fetches() const noexcept { return fetches_; }

private:
   void run();
   void serve(int fd);

   int listener_ = -1;
   std::uint16_t port_ = 0;
   std::atomic<mode> mode_{mode::good};
   std::atomic<int> fetches_{0};
   std::atomic<bool> is_over_{false};
   std::mutex mutex_;
   std::string keys_;                                           // guarded by mutex_
   std::function<std::string(const std::string& form)> answer_; // guarded by mutex_
   std::vector<int> open_;                                      // guarded by mutex_
   std::vector<std::thread> workers_;                           // guarded by mutex_
   std::thread acceptor_;
};

} // namespace fmcp::test
