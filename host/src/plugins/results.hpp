#pragma once

/// Reading an `fmcp_result` that a plugin hands over.

#include <cstddef>
#include <string>
#include <string_view>

#include <fmcp/call.h>

namespace fmcp::plugins {

/// Copies the plugin's struct to full size. False when its size cannot be true; nothing of it can
/// be believed then, its buffers included.
[[nodiscard]] bool copy_result(const fmcp_result* from, fmcp_result& to) noexcept;

/// Null when `r` keeps the contract, else the end of the sentence "… completed with": what is
/// wrong.
[[nodiscard]] const char* find_fault(const fmcp_result& r, std::size_t max_bytes) noexcept;

/// A plugin's sentence as logs and clients may show it: on one line, well-formed.
[[nodiscard]] std::string plain_words(std::string_view text);

/// Calls each buffer's release function, once. This runs code of the plugin.
void release_buffers(const fmcp_result& r) noexcept;

} // namespace fmcp::plugins
