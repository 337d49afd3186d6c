#include "store/sqlite_store.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "store/sqlite_file.hpp"
#include "store/state_directory.hpp"

namespace fmcp::store {
namespace {

using sqlite::use;

enum statement : std::size_t {
   select_live,
   select_any,
   select_held,
   insert,
   erase_version,
   take_one,
   remove_one,
   purge_space,
   purge_some,
   begin,
   commit,
   rollback,
   statement_count
};

// ?1 space, ?2 key, ?3 now or value, ?4 expiry.
constexpr std::array<const char*, statement_count> texts{
      "SELECT value, version FROM entry WHERE space = ?1 AND key = ?2 AND expires > ?3",
      "SELECT version, expires FROM entry WHERE space = ?1 AND key = ?2",
      "SELECT entries, bytes FROM held WHERE space = ?1",
      "INSERT INTO entry(space, key, value, expires) VALUES(?1, ?2, ?3, ?4)",
      "DELETE FROM entry WHERE version = ?1",
      "DELETE FROM entry WHERE space = ?1 AND key = ?2 RETURNING value, version, expires",
      "DELETE FROM entry WHERE space = ?1 AND key = ?2",
      "DELETE FROM entry WHERE space = ?1 AND expires <= ?2",
      // A little at a time: another process that waits shall not wait for all of it.
      "DELETE FROM entry WHERE version IN (SELECT version FROM entry WHERE expires <= ?1 LIMIT "
      "256)",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "ROLLBACK",
};

} // namespace

/// The open file and its statements.
class sqlite_store::session {
public:
   session(sqlite::database db, std::string path) : db_(std::move(db)), path_(std::move(path)) {}

   core::result<void> prepare() {
      for (std::size_t i = 0; i < statement_count; ++i) {
         sqlite3_stmt* raw = nullptr;
         const int rc = sqlite3_prepare_v3(db_.get(), texts[i], -1, SQLITE_PREPARE_PERSISTENT, &raw,
                                           nullptr);
         prepared_[i].reset(raw);
         if (rc != SQLITE_OK) return std::unexpected(error(rc));
      }
      return {};
   }

   [[nodiscard]] const sqlite::prepared& operator[](statement s) const { return prepared_[s]; }
   [[nodiscard]] core::error error(int rc) const { return sqlite::describe(db_.get(), rc, path_); }
   [[nodiscard]] std::int64_t last_version() const { return sqlite3_last_insert_rowid(db_.get()); }
   [[nodiscard]] std::size_t changed() const {
      return static_cast<std::size_t>(sqlite3_changes64(db_.get()));
   }

   core::result<void> run(statement s) {
      use u(prepared_[s]);
      return finish(u);
   }
   /// For what gives no row.
   core::result<void> finish(use& u) {
      const int rc = u.step();
      if (rc != SQLITE_DONE) return std::unexpected(error(rc));
      return {};
   }

private:
   sqlite::database db_; // first: the statements go before it
   std::string path_;
   std::array<sqlite::prepared, statement_count> prepared_;
};

struct sqlite_store::state {
   options o;
   const core::clock& clock;
   std::mutex mutex;
   std::optional<session> open{};

   core::result<session*> ready() {
      if (open) return &*open;
      const auto slash = o.file.rfind('/');
      if (slash == std::string::npos || slash + 1 == o.file.size()) {
         return core::fail(core::errc::invalid,
                           "The store needs the whole path of a file, not \"" + o.file + "\".");
      }
      const std::string name = o.file.substr(slash + 1);
      auto where = state_directory::open(
            std::string_view(o.file).substr(0, std::max<std::size_t>(slash, 1)));
      if (!where) return std::unexpected(std::move(where.error()));
      auto db = sqlite::open_file(*where, name, o.patience);
      if (!db) return std::unexpected(std::move(db.error()));
      session fresh(std::move(*db), o.file);
      if (auto done = fresh.prepare(); !done) return std::unexpected(std::move(done.error()));
      return &open.emplace(std::move(fresh));
   }

   /// Whether one more of `wanted` bytes fits in.
   core::result<bool> has_room(session& s, std::string_view space, std::int64_t wanted) const {
      use u(s[select_held]);
      const int rc = u.bind(1, space).step();
      if (rc != SQLITE_ROW && rc != SQLITE_DONE) return std::unexpected(s.error(rc));
      const std::int64_t entries = rc == SQLITE_ROW ? u.number(0) : 0;
      const std::int64_t bytes = rc == SQLITE_ROW ? u.number(1) : 0;
      return static_cast<std::uint64_t>(entries + 1) <= o.limits.max_entries &&
             static_cast<std::uint64_t>(bytes + wanted) <= o.limits.max_bytes;
   }

   struct existing {
      std::int64_t version = 0;
      bool is_live = false;
   };
   static core::result<std::optional<existing>> find(session& s, std::string_view space,
                                                     std::string_view key, std::int64_t now) {
      use u(s[select_any]);
      const int rc = u.bind(1, space).bind(2, key).step();
      if (rc == SQLITE_DONE) return std::nullopt;
      if (rc != SQLITE_ROW) return std::unexpected(s.error(rc));
      return existing{u.number(0), u.number(1) > now};
   }

   /// Within a transaction.
   core::result<std::uint64_t> write(session& s, std::string_view space, std::string_view key,
                                     std::string_view value, std::chrono::milliseconds ttl,
                                     std::uint64_t if_version) const {
      const auto now = clock.unix_ms();
      auto found = find(s, space, key, now);
      if (!found) return std::unexpected(std::move(found.error()));
      const auto& old = *found;
      const auto current =
            old && old->is_live ? static_cast<std::uint64_t>(old->version) : only_if_absent;
      if (if_version != any_version && if_version != current)
         return std::unexpected(other_version());
      if (old) {
         if (auto gone = s.finish(use(s[erase_version]).bind(1, old->version)); !gone)
            return std::unexpected(std::move(gone.error()));
      }
      const auto wanted = static_cast<std::int64_t>(key.size() + value.size());
      auto fits = has_room(s, space, wanted);
      if (fits && !*fits) {
         if (auto gone = s.finish(use(s[purge_space]).bind(1, space).bind(2, now)); !gone)
            return std::unexpected(std::move(gone.error()));
         fits = has_room(s, space, wanted);
      }
      if (!fits) return std::unexpected(std::move(fits.error()));
      if (!*fits) return std::unexpected(space_is_full(o.limits, space));
      use u(s[insert]);
      u.bind(1, space).bind(2, key).bind(3, value).bind(4, now + ttl.count());
      if (const int rc = u.step(); rc != SQLITE_DONE) return std::unexpected(s.error(rc));
      return static_cast<std::uint64_t>(s.last_version());
   }

   /// Runs `work` on the open file. After trouble with the file it is closed, so that the next
   /// operation finds what the operator has put right.
   template <class Work>
   auto with_file(Work work) -> std::invoke_result_t<Work, session&> {
      const std::lock_guard lock(mutex);
      auto s = ready();
      if (!s) return std::unexpected(std::move(s.error()));
      auto outcome = work(**s);
      if (!outcome && outcome.error().code == core::errc::io) open.reset();
      return outcome;
   }
};

sqlite_store::sqlite_store(options o, const core::clock& clock)
    : state_(new state{std::move(o), clock, {}}) {}

sqlite_store::~sqlite_store() = default;

core::result<record> sqlite_store::get(std::string_view space, std::string_view key) {
   if (auto ok = check_name(state_->o.limits, space, key); !ok) return std::unexpected(ok.error());
   return state_->with_file([&](session& s) -> core::result<record> {
      use u(s[select_live]);
      const int rc = u.bind(1, space).bind(2, key).bind(3, state_->clock.unix_ms()).step();
      if (rc == SQLITE_DONE) return std::unexpected(no_such_key());
      if (rc != SQLITE_ROW) return std::unexpected(s.error(rc));
      return record{u.bytes(0), static_cast<std::uint64_t>(u.number(1))};
   });
}

core::result<std::uint64_t> sqlite_store::put(std::string_view space, std::string_view key,
                                              std::string_view value, std::chrono::milliseconds ttl,
                                              std::uint64_t if_version) {
   if (auto ok = check_name(state_->o.limits, space, key); !ok) return std::unexpected(ok.error());
   if (auto ok = check_value(state_->o.limits, value, ttl); !ok) return std::unexpected(ok.error());
   return state_->with_file([&](session& s) -> core::result<std::uint64_t> {
      if (auto begun = s.run(begin); !begun) return std::unexpected(std::move(begun.error()));
      auto written = state_->write(s, space, key, value, ttl, if_version);
      if (written) {
         auto done = s.run(commit);
         if (done) return written;
         written = std::unexpected(std::move(done.error()));
      }
      (void)s.run(rollback); // fails only where SQLite has rolled back by itself
      return written;
   });
}

core::result<record> sqlite_store::take(std::string_view space, std::string_view key) {
   if (auto ok = check_name(state_->o.limits, space, key); !ok) return std::unexpected(ok.error());
   return state_->with_file([&](session& s) -> core::result<record> {
      use u(s[take_one]);
      const int rc = u.bind(1, space).bind(2, key).step();
      if (rc == SQLITE_DONE) return std::unexpected(no_such_key());
      if (rc != SQLITE_ROW) return std::unexpected(s.error(rc));
      record taken{u.bytes(0), static_cast<std::uint64_t>(u.number(1))};
      const bool is_live = u.number(2) > state_->clock.unix_ms();
      // The step after the row is the one that commits: not before it is the value taken.
      if (auto done = s.finish(u); !done) return std::unexpected(std::move(done.error()));
      if (!is_live) return std::unexpected(no_such_key());
      return taken;
   });
}

core::result<void> sqlite_store::remove(std::string_view space, std::string_view key) {
   if (auto ok = check_name(state_->o.limits, space, key); !ok) return std::unexpected(ok.error());
   return state_->with_file(
         [&](session& s) { return s.finish(use(s[remove_one]).bind(1, space).bind(2, key)); });
}

core::result<std::size_t> sqlite_store::purge() {
   return state_->with_file([&](session& s) -> core::result<std::size_t> {
      const auto now = state_->clock.unix_ms();
      std::size_t count = 0;
      for (std::size_t some = 1; some != 0; count += some) {
         if (auto done = s.finish(use(s[purge_some]).bind(1, now)); !done)
            return std::unexpected(std::move(done.error()));
         some = s.changed();
      }
      return count;
   });
}

} // namespace fmcp::store
