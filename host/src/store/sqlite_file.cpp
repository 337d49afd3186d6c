#include "store/sqlite_file.hpp"

#include <system_error>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"

namespace fmcp::store::sqlite {
namespace {

using core::errc;
using core::fail;

constexpr std::int64_t application = 0x666d6370; // "fmcp"
constexpr std::int64_t schema_version = 1;

// A version is the row's number, which AUTOINCREMENT never gives twice. What a space holds is kept
// by triggers, since counting it would cost a scan per write.
constexpr const char* schema = R"sql(
CREATE TABLE entry(
   version INTEGER PRIMARY KEY AUTOINCREMENT,
   space BLOB NOT NULL,
   key BLOB NOT NULL,
   value BLOB NOT NULL,
   expires INTEGER NOT NULL,
   UNIQUE(space, key)
) STRICT;
CREATE INDEX entry_expires ON entry(expires);
CREATE TABLE held(
   space BLOB PRIMARY KEY,
   entries INTEGER NOT NULL,
   bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_comes AFTER INSERT ON entry BEGIN
   INSERT INTO held(space, entries, bytes)
      VALUES(new.space, 1, length(new.key) + length(new.value))
      ON CONFLICT(space) DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER entry_goes AFTER DELETE ON entry BEGIN
   UPDATE held SET entries = entries - 1, bytes = bytes - length(old.key) - length(old.value)
      WHERE space = old.space;
END;
PRAGMA application_id = 0x666d6370;
PRAGMA user_version = 1;
)sql";

std::string printable(const std::string& text) {
   std::string out;
   core::append_printable(out, text);
   return out;
}

/// Opens, and is let go of step by step when a step fails.
class opening {
public:
   opening(std::string path, std::chrono::milliseconds patience)
       : path_(std::move(path)), patience_(patience) {}

   core::result<database> run() {
      if (auto done = open(); !done) return std::unexpected(std::move(done.error()));
      if (auto done = configure(); !done) return std::unexpected(std::move(done.error()));
      if (auto done = make_or_check(); !done) return std::unexpected(std::move(done.error()));
      return std::move(db_);
   }

private:
   core::result<void> open() {
      sqlite3* raw = nullptr;
      // One connection, used under the store's lock, so SQLite needs none.
      const int rc = sqlite3_open_v2(path_.c_str(), &raw,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
      db_.reset(raw);
      if (rc != SQLITE_OK) return std::unexpected(describe(raw, rc, path_));
      sqlite3_extended_result_codes(raw, 1);
      sqlite3_busy_timeout(raw, static_cast<int>(patience_.count()));
      // The file is this user's own, and still: it decides nothing but what it stores.
      sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
      sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
      sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
      return {};
   }

   core::result<void> configure() {
      for (const char* sql :
           {"PRAGMA synchronous = FULL", "PRAGMA cache_size = -512", "PRAGMA temp_store = MEMORY",
            "PRAGMA cell_size_check = ON", "PRAGMA journal_size_limit = 4194304"}) {
         if (auto done = exec(sql); !done) return done;
      }
      return {};
   }

   core::result<void> make_or_check() {
      auto ours = in_transaction("BEGIN", [this] { return is_ours(); });
      if (!ours) return std::unexpected(std::move(ours.error()));
      if (!*ours) {
         if (auto made = in_transaction("BEGIN IMMEDIATE", [this] { return make(); }); !made)
            return made;
      }
      return use_log();
   }

   /// Within no transaction, and SQLite does not wait here for those of others by itself.
   core::result<void> use_log() {
      const auto until = std::chrono::steady_clock::now() + patience_;
      for (;;) {
         std::string mode;
         const int rc = step("PRAGMA journal_mode = WAL", [&](use& row) { mode = row.bytes(0); });
         if (rc == SQLITE_ROW && mode == "wal") return {};
         // A switch that another one's lock prevents is told as an error, or by the old mode.
         const bool is_busy = (rc & 0xff) == SQLITE_BUSY || (rc == SQLITE_ROW && mode == "delete");
         if (!is_busy && rc != SQLITE_ROW) return std::unexpected(describe(db_.get(), rc, path_));
         if (!is_busy || std::chrono::steady_clock::now() >= until) break;
         sqlite3_sleep(5);
      }
      return fail(errc::io,
                  fmt::format("The store {} cannot have a write-ahead log: another process "
                              "keeps it busy, or its file system cannot share memory "
                              "between processes; keep it on a local disk.",
                              printable(path_)));
   }

   /// Whether the file has this version's tables; false when it is new. Within a transaction, since
   /// another process may be making them.
   core::result<bool> is_ours() {
      std::int64_t id = 0, version = 0, tables = 0;
      for (const auto& [sql, out] :
           {std::pair{"PRAGMA application_id", &id}, std::pair{"PRAGMA user_version", &version},
            std::pair{"SELECT count(*) FROM sqlite_schema", &tables}}) {
         if (auto done = read(sql, [&](use& row) { *out = row.number(0); }); !done)
            return std::unexpected(std::move(done.error()));
      }
      if (id == 0 && version == 0 && tables == 0) return false;
      if (id != application) {
         return fail(errc::io, fmt::format("{} is a database of another program; move it away.",
                                           printable(path_)));
      }
      if (version == schema_version) return true;
      return fail(errc::unsupported,
                  fmt::format("{} was written by another version of this program (format {}, this "
                              "one reads {}); use that version, or move the file away to begin "
                              "with an empty store.",
                              printable(path_), version, schema_version));
   }

   core::result<void> make() {
      // Of two processes that start together, the second one finds the first one's tables.
      auto ours = is_ours();
      if (!ours) return std::unexpected(std::move(ours.error()));
      return *ours ? core::result<void>() : exec(schema);
   }

   template <class Work>
   auto in_transaction(const char* begin, Work work) -> std::invoke_result_t<Work> {
      if (auto begun = exec(begin); !begun) return std::unexpected(std::move(begun.error()));
      auto out = work();
      auto ended = exec(out ? "COMMIT" : "ROLLBACK");
      if (out && !ended) return std::unexpected(std::move(ended.error()));
      return out;
   }

   core::result<void> exec(const char* sql) {
      const int rc = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
      if (rc != SQLITE_OK) return std::unexpected(describe(db_.get(), rc, path_));
      return {};
   }

   template <class Take>
   core::result<void> read(const char* sql, Take take) {
      const int rc = step(sql, take);
      if (rc != SQLITE_ROW) return std::unexpected(describe(db_.get(), rc, path_));
      return {};
   }

   /// SQLITE_ROW when there was a first row to take, else what went wrong.
   template <class Take>
   int step(const char* sql, Take take) {
      sqlite3_stmt* raw = nullptr;
      if (const int rc = sqlite3_prepare_v2(db_.get(), sql, -1, &raw, nullptr); rc != SQLITE_OK)
         return rc;
      const prepared statement(raw);
      use row(statement);
      const int rc = row.step();
      if (rc == SQLITE_ROW) take(row);
      return rc;
   }

   std::string path_;
   std::chrono::milliseconds patience_;
   database db_;
};

} // namespace

core::result<database> open_file(const state_directory& where, const std::string& name,
                                 std::chrono::milliseconds patience) {
   // Made here and not by SQLite, which would give it the mode of the umask. The log and its index
   // get the mode of the file.
   if (auto ok = where.ensure_file(name); !ok) return std::unexpected(std::move(ok.error()));
   return opening(where.path_of(name), patience).run();
}

core::error describe(sqlite3* db, int rc, const std::string& path) {
   const auto shown = printable(path);
   switch (rc & 0xff) {
   case SQLITE_CORRUPT:
   case SQLITE_NOTADB:
      return {errc::io, fmt::format("The store {} is damaged ({}); restore it from a copy, or move "
                                    "it away to begin with an empty one: who was logged in has to "
                                    "log in again.",
                                    shown, sqlite3_errstr(rc))};
   case SQLITE_BUSY:
   case SQLITE_LOCKED:
      return {errc::io,
              fmt::format("The store {} was kept busy by another process for too long.", shown)};
   case SQLITE_FULL:
      return {errc::io, fmt::format("The store {} cannot grow: the disk is full.", shown)};
   default: break;
   }
   const int os = db != nullptr ? sqlite3_system_errno(db) : 0;
   return {errc::io,
           fmt::format("The store {} cannot be used: {}{}{}.", shown, sqlite3_errstr(rc),
                       os != 0 ? ", " : "",
                       os != 0 ? std::error_code(os, std::generic_category()).message() : "")};
}

} // namespace fmcp::store::sqlite
