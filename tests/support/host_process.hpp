#pragma once

/// The real host, as a user would start it: a process of its own on a free port, or on stdio.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/child_process.hpp"
#include "support/temp_dir.hpp"

namespace fmcp::test {

/// `build/<preset>/bin/fastmcp-host`
[[nodiscard]] std::string host_program();
/// `build/<preset>/tests/plugins/<name>.so`
[[nodiscard]] std::string test_plugin(std::string_view name);

struct host_setup {
   std::vector<std::string> plugins{"echo"}; ///< of tests/plugins
   std::vector<std::string> options = {};    ///< of `run`, behind ours
   std::vector<std::pair<std::string, std::string>> environment = {};
   bool is_tls = false; ///< the options make it speak HTTPS
};

/// A running HTTP host. Its working, home and plugin directories are empty ones of its own, so that
/// nothing but the setup decides what it does.
class http_host {
public:
   /// Starts it and waits for the line that names its URL. Throws with what it printed when that
   /// does not come.
   explicit http_host(const host_setup& setup = {});

   [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
   [[nodiscard]] const std::string& url() const noexcept { return url_; }
   [[nodiscard]] const std::string& path() const noexcept { return path_; }
   /// `127.0.0.1:8000`
   [[nodiscard]] std::string authority() const;
   [[nodiscard]] child_process& process() noexcept { return process_; }
   [[nodiscard]] const temp_dir& directory() const noexcept { return directory_; }

private:
   temp_dir directory_;
   child_process process_;
   std::string url_, path_;
   std::uint16_t port_ = 0;
};

/// A running host on stdio.
class stdio_host {
public:
   explicit stdio_host(const host_setup& setup = {});

   void send(std::string_view line);
   /// The next line of its output; fails the test when none comes.
   [[nodiscard]] std::string receive();
   /// Sends and receives.
   [[nodiscard]] std::string ask(std::string_view line);
   [[nodiscard]] child_process& process() noexcept { return process_; }

private:
   temp_dir directory_;
   child_process process_;
};

/// `fastmcp-host WORDS...` run to its end in `directory`.
[[nodiscard]] finished run_host(const std::vector<std::string>& words, const temp_dir& directory,
                                std::vector<std::pair<std::string, std::string>> environment = {});

} // namespace fmcp::test
