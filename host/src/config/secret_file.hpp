#pragma once

/// A secret that is given as `…_FILE`: container platforms mount them, and a file does not show up
/// in the environment of every child and in process listings.

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace fmcp::config {

struct secret_file {
   std::string text;    ///< without one newline at its end
   std::string warning; ///< a sentence, when every user of the machine may read it; else empty
};
/// Links are followed, since that is how clusters mount secrets; owner and mode of every component
/// are checked (core/safe_path.hpp). That others may read it is no error: it is how container
/// platforms mount secrets, where there are no others.
/// Errors: those of `core::open_safely`; invalid (empty), limit (more than 64 KiB). No message
/// holds any of the content.
[[nodiscard]] core::result<secret_file> read_secret(std::string_view path);

} // namespace fmcp::config
