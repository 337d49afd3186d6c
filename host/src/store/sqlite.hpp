#pragma once

/// For this room's sources only: owners of SQLite's objects.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace fmcp::store::sqlite {

struct closes {
   void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
using database = std::unique_ptr<sqlite3, closes>;

struct finalizes {
   void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
};
using prepared = std::unique_ptr<sqlite3_stmt, finalizes>;

/// One use of a prepared statement. What is bound has to outlive it.
class use {
public:
   explicit use(const prepared& s) noexcept : s_(s.get()) {}
   use(const use&) = delete;
   use& operator=(const use&) = delete;
   ~use() {
      sqlite3_reset(s_);
      sqlite3_clear_bindings(s_);
   }

   /// Numbers of parameters begin with 1.
   use& bind(int at, std::string_view bytes) noexcept {
      // A null pointer would bind NULL.
      keep(sqlite3_bind_blob64(s_, at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                               SQLITE_STATIC));
      return *this;
   }
   use& bind(int at, std::int64_t n) noexcept {
      keep(sqlite3_bind_int64(s_, at, n));
      return *this;
   }
   /// SQLITE_ROW, SQLITE_DONE or what went wrong.
   [[nodiscard]] int step() noexcept { return bound_ == SQLITE_OK ? sqlite3_step(s_) : bound_; }
   /// Columns begin with 0; they count until the next step.
   [[nodiscard]] std::int64_t number(int column) noexcept {
      return sqlite3_column_int64(s_, column);
   }
   [[nodiscard]] std::string bytes(int column) {
      const auto* at = static_cast<const char*>(sqlite3_column_blob(s_, column));
      const auto n = static_cast<std::size_t>(sqlite3_column_bytes(s_, column));
      return at == nullptr ? std::string() : std::string(at, n);
   }

private:
   void keep(int rc) noexcept {
      if (bound_ == SQLITE_OK) bound_ = rc;
   }
   sqlite3_stmt* s_;
   int bound_ = SQLITE_OK;
};

} // namespace fmcp::store::sqlite
