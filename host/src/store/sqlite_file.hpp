#pragma once

/// For this room's sources only: opens the file of `sqlite_store` and makes sure that it is ours.
///
/// Durability. The journal is a write-ahead log: an acknowledged write survives `kill -9`, since it
/// is in the kernel's hands. `synchronous=FULL` syncs the log at each commit, so that a power cut
/// cannot undo one either. NORMAL would be faster by that sync (see README.md) and lose the last
/// moments, which here is not only forgetting: a one-time code that was taken would be there again.
///
/// Several processes. Writers exclude each other by SQLite's locks; who finds one taken waits up to
/// the patience given.

#include <chrono>
#include <string>

#include "core/result.hpp"
#include "store/sqlite.hpp"
#include "store/state_directory.hpp"

namespace fmcp::store::sqlite {

/// Errors: denied (owner, mode), unsupported (a newer version), io (damaged, not ours,
/// unreachable).
[[nodiscard]] core::result<database> open_file(const state_directory& where,
                                               const std::string& name,
                                               std::chrono::milliseconds patience);

/// The sentence for what SQLite says about the file at `path`. Holds no key and no value.
[[nodiscard]] core::error describe(sqlite3* db, int rc, const std::string& path);

} // namespace fmcp::store::sqlite
