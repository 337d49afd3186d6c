#pragma once

/// Answers of OpenSSL that no input of ours brings about, put in their place: the test program
/// defines these functions itself, and the library's are behind them.

#include <optional>

namespace fmcp::test {

/// While one lives, this thread's EVP_DigestVerify and EVP_PKEY_public_check answer so.
class openssl_answers {
public:
   explicit openssl_answers(int answer) { forced_ = answer; }
   ~openssl_answers() { forced_.reset(); }
   openssl_answers(const openssl_answers&) = delete;
   openssl_answers& operator=(const openssl_answers&) = delete;

   static std::optional<int> forced() { return forced_; }

private:
   static thread_local std::optional<int> forced_;
};

} // namespace fmcp::test
