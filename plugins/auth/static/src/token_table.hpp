#pragma once

/// The tokens of a file, by their digest: what a file says, and who a token belongs to.
///
///    {"sha256:9f86…": {"client_id": "ci", "scopes": ["read"], "expires_at": 1767225600,
///                      "subject": "build", "claims": {"team": "a"}},
///     "dev-token":    {"client_id": "me"}}

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace static_tokens {

inline constexpr std::size_t max_file = 1u << 20;
inline constexpr std::size_t max_tokens = 10'000;
/// The last second of the year 9999. What is later was meant in milliseconds.
inline constexpr std::int64_t latest_expiry = 253'402'300'799;

/// Whom a token stands for.
struct holder {
   std::string client_id, subject;
   std::vector<std::string> scopes;
   std::string claims_json;
   /// Since 1970, up to `latest_expiry`: more than a `system_clock::time_point` holds, whose unit
   /// may be the nanosecond, so it is compared in seconds.
   std::optional<std::chrono::seconds> expires_at;
};

using digester = std::function<std::string(std::string_view)>;            ///< SHA-256, 32 bytes
using comparer = std::function<bool(std::string_view, std::string_view)>; ///< in constant time

/// Immutable. Thread safety: any thread.
class token_table {
public:
   /// Reads the text of a file; plain tokens in it are hashed at once. Errors: fmcp::json_error;
   /// the message tells which entry is meant by its number and never holds a token.
   static token_table parse(std::string_view json, const digester& sha256);

   /// Null: nobody's. How long it takes tells something about the digests that are there, and
   /// nothing about tokens: nobody can choose a token by the beginning of its digest.
   [[nodiscard]] const holder* find(std::string_view digest, const comparer& equal) const;
   [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

private:
   struct entry {
      std::string digest;
      holder whose;
   };
   std::vector<entry> all_; // by digest
};

} // namespace static_tokens
