#pragma once

/// The URL under which clients know the server, which the operator says, against where it listens.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fmcp::config {

/// Without slashes at the end.
[[nodiscard]] std::string_view without_slash(std::string_view url) noexcept;

/// Whether two URLs name the same place: case of scheme and host, a port that is the scheme's own
/// and a slash at the end do not count.
[[nodiscard]] bool is_same_place(std::string_view a, std::string_view b);

struct listening_place {
   std::string_view host, path;
   std::uint16_t port = 0; ///< 0: a free one, known later
   bool is_tls = false;
};

/// A sentence for each thing that makes it doubtful whether a client that is sent to `base_url`
/// arrives here. Behind a reverse proxy much may differ, so only what cannot be right is told.
[[nodiscard]] std::vector<std::string> doubts_about(std::string_view base_url,
                                                    const listening_place& here);

} // namespace fmcp::config
