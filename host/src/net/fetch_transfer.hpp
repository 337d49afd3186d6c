#pragma once

/// One hop of an exchange on libcurl: its options, what its callbacks let through, and what came of
/// it in our words.
///
/// libcurl reads nothing of the environment here: no proxy, no netrc, no cookies, no key log.
///
/// Thread safety: none; lives on the fetcher's thread. The exchange, the options and the trust
/// store given to `begin` outlive it.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/curl_library.hpp"
#include "net/fetch_exchange.hpp"
#include "net/fetcher.hpp"
#include "net/proxy_rules.hpp"
#include "net/trust_store.hpp"

namespace fmcp::net {

class fetch_transfer {
public:
   struct surroundings {
      const curl_library& curl;
      const fetcher_options& options;
      const proxy_rules& proxies;
      trust_store& trust;
   };

   /// Null: memory is short, or libcurl does not know an option that must not be left out.
   [[nodiscard]] static std::unique_ptr<fetch_transfer>
   begin(const surroundings& with, const fetch_exchange& exchange, std::chrono::milliseconds left);
   ~fetch_transfer();
   fetch_transfer(const fetch_transfer&) = delete;
   fetch_transfer& operator=(const fetch_transfer&) = delete;

   [[nodiscard]] CURL* handle() const noexcept { return easy_; }
   /// What libcurl's verdict means. Once. Errors: denied, limit, timeout, io.
   [[nodiscard]] core::result<core::http::fetch_reply> finish(CURLcode code);

private:
   fetch_transfer(const surroundings& with, const fetch_exchange& exchange);

   template <class T>
   void set(CURLoption option, T value);
   void set_limits(std::chrono::milliseconds left);
   void set_route();
   void set_tls();
   void set_request();
   void set_callbacks();
   void add_field(const std::string& line);

   bool take_header(std::string_view line);
   bool take_body(std::string_view bytes);
   int open_socket(const curl_sockaddr& to);
   bool admits(std::string_view address);
   [[nodiscard]] long status() const;
   [[nodiscard]] core::error failure(CURLcode code) const;
   [[nodiscard]] std::string reason(CURLcode code) const;

   static std::size_t on_header(char* data, std::size_t size, std::size_t n, void* me) noexcept;
   static std::size_t on_body(char* data, std::size_t size, std::size_t n, void* me) noexcept;
   static curl_socket_t on_socket(void* me, curlsocktype purpose, curl_sockaddr* to) noexcept;
   static int on_connected(void* me, char* remote, char* local, int, int) noexcept;
   static CURLcode on_tls_context(CURL* easy, void* context, void* me) noexcept;

   const surroundings with_;
   const fetch_exchange& exchange_;
   const proxy* const proxy_;
   CURL* easy_ = nullptr;
   curl_slist* fields_ = nullptr;
   std::array<char, CURL_ERROR_SIZE> curl_message_{};
   bool is_set_up_ = true;

   core::http::fetch_reply reply_;
   std::size_t head_bytes_ = 0;
   bool is_in_head_ = false;
   /// Why a callback stopped the transfer; libcurl only knows that one did.
   std::optional<core::error> stopped_;
   std::string refused_address_; // with what it is
   bool has_tried_ = false;      // an address that was admitted
};

} // namespace fmcp::net
