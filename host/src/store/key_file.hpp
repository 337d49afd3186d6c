#pragma once

/// The secrets of a host to which the operator gave none: a file of its own, made at the first
/// need.
///
/// One secret a line, the current one first; lines that are empty or begin with # do not count. To
/// rotate, put a new line on top, restart, and take the old one away when nothing needs it.
///
/// Thread safety: two processes that start together end up with the same file.
/// Errors: those of `state_directory` and `key_ring::make`, with the file's name.

#include <string>

#include "core/result.hpp"
#include "crypto/seal.hpp"
#include "store/state_directory.hpp"

namespace fmcp::store {

inline constexpr const char* key_file_name = "store.key";

/// Reads the file, or makes one with a secret of 256 random bits.
[[nodiscard]] core::result<crypto::key_ring> ring_of_key_file(const state_directory& where);

} // namespace fmcp::store
