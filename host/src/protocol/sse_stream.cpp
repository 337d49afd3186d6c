#include "protocol/sse_stream.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

// The life of a stream
//
// Actors: *senders* on any thread (a plugin's, a timer's, another connection's); the *home thread*
// of the connection, which alone touches the exchange; the *peer*, who may go at any moment. A
// stream meets one connection after another, perhaps with different home threads, and may have
// none.
//
// `state` is the stream: whether it is finished, and the current connection. `connection` is one
// attached exchange with its queue. One mutex, the state's, guards both; the log's own is taken
// inside it and never the other way round. No exchange, executor or callback is called under it, so
// whatever those do (call back, take other locks) cannot wait for us.
//
// Life of a message: under the lock it gets its number from the log and goes to the end of the
// queue as the bytes to be written, so the order of numbers is the order on the wire. Whoever finds
// nobody in charge of the queue takes charge (`is_drained`): on the home thread by writing at once,
// elsewhere by posting one task. Everyone else only appends; a thousand messages that arrive
// before the task runs are one wake-up and one write. After a write the drainer looks again: is
// there more, it posts itself, so that a flood on one stream leaves the thread to the others
// in between; otherwise it hands over charge.
//
// Attaching: under one lock the missed events are read from the log and the connection becomes the
// current one, with attach() in charge of its queue. A message before that moment is in the log and
// thus in the replay; one after it is in the queue and thus behind the replay: none twice, none
// lost. Head and replay are then written without the lock.
//
// Ends of a connection, decided under the lock by taking it out of `current` with a `fate`:
//   finish, close_connection   `end`: what is queued is written, then end()
//   another attach             `end`, but the queue is dropped: the new one replays it from the log
//   overflow                   `cut`: abort(), so that the peer knows that something is missing
//   the peer                   `gone`: nothing more is called
// The drainer carries it out on the home thread and drops the exchange there, since an exchange
// must not die elsewhere. `on_gone` follows for `cut` and `gone`, always from a task of its own, so
// that it may take locks that the caller of send() holds.
//
// Bound: when a message comes while more than `max_queued_bytes` and the largest message so far
// wait in the queue, or for the peer in the exchange (`pending_bytes`), the connection is cut.

namespace fmcp::protocol {
namespace {

constexpr std::string_view comment = ": keep-alive\n\n";

/// Larger buffers are given back to the system once they are empty.
constexpr std::size_t max_kept_buffer = 16u << 10;

void append_event(std::string& out, event_log::position at, std::string_view message) {
   out += "event: message\n";
   if (at.number != 0) out.append("id: ").append(event_log::text(at)).push_back('\n');
   out += "data: ";
   const auto begin = out.size();
   out += message;
   if (message.find('\n') != std::string_view::npos ||
       message.find('\r') != std::string_view::npos) {
      std::replace_if(
            out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
            [](char ch) { return ch == '\n' || ch == '\r'; }, ' ');
   }
   out += "\n\n";
}

} // namespace

struct sse_stream::connection {
   enum class fate : std::uint8_t { live, end, cut, gone };

   connection(std::shared_ptr<core::http::exchange> e, std::function<void()> gone)
       : home(&e->home()), thread(std::this_thread::get_id()), to(std::move(e)),
         on_gone(std::move(gone)) {}

   core::executor* const home;
   const std::thread::id thread;
   std::int64_t expires_unix_ms = 0; ///< constant once it is attached; 0: never
   // Of the home thread:
   std::shared_ptr<core::http::exchange> to; ///< null once it is over
   std::function<void()> on_gone;
   bool is_over = false; ///< its fate has been carried out
   // Guarded by state::mutex:
   std::string queue;
   std::uint64_t queued = 0; ///< number of the last event in the queue
   std::size_t largest = 0;  ///< bytes of the largest message so far
   fate end_as = fate::live;
   bool is_drained = true; ///< somebody is in charge of the queue; first it is attach()
   bool is_used = true;    ///< something was sent since the last keep_alive()
};

struct sse_stream::state : std::enable_shared_from_this<state> {
   using lock_guard = std::lock_guard<std::mutex>;
   using fate = connection::fate;
   using connection_ptr = std::shared_ptr<connection>;

   options given;
   std::uint32_t number = 0; ///< in the log; 0: no log
   std::mutex mutex;
   bool is_finished = false;  // guarded by mutex
   connection_ptr current;    // guarded by mutex; its fate is `live`
   std::uint64_t carried = 0; // guarded by mutex: number of the last event written anywhere

   // [locked]
   /// What may wait for one connection. A message larger than the limit must not make the next one
   /// fatal for a peer that is still reading it.
   [[nodiscard]] std::size_t bound_of(const connection& c) const noexcept {
      return given.max_queued_bytes + c.largest;
   }
   [[nodiscard]] connection_ptr part(fate how) noexcept;
   [[nodiscard]] bool begin_replay(std::string& out, std::optional<event_log::position> last_seen);
   // [any thread]
   bool send(std::string_view message);
   void part_and_drain(bool is_last, std::optional<std::int64_t> expired_at = {});
   void drain(const connection_ptr& c);
   void post_drain(const connection_ptr& c);
   // [the home thread]
   void drain_here(const connection_ptr& c);
   void cut(const connection_ptr& c, bool is_news);
   void lose(const connection_ptr& c);
   void report_gone(const connection_ptr& c, bool is_news);
};

namespace {

/// True for who asks first; false while somebody else is in charge of the queue. [locked]
bool take_charge(auto& c) noexcept {
   return !std::exchange(c.is_drained, true);
}

} // namespace

// ---- sending, on any thread ----

bool sse_stream::state::send(std::string_view message) {
   connection_ptr c;
   bool is_mine = false, is_somewhere = true;
   {
      const lock_guard lock(mutex);
      if (is_finished) return false;
      event_log::position at{};
      if (number != 0) at = given.log->append(number, message);
      if (current == nullptr) return number != 0;
      if (current->queue.size() > bound_of(*current)) {
         c = part(fate::cut);
         is_somewhere = number != 0;
      } else {
         c = current;
         append_event(c->queue, at, message);
         c->is_used = true;
         c->queued = at.number;
         c->largest = std::max(c->largest, message.size());
      }
      is_mine = take_charge(*c);
   }
   if (is_mine) drain(c);
   return is_somewhere;
}

/// Takes the current connection away, to end on its home thread. Unless it ends in order, what it
/// has queued goes nowhere.
sse_stream::state::connection_ptr sse_stream::state::part(fate how) noexcept {
   auto c = std::exchange(current, nullptr);
   if (c == nullptr) return c;
   c->end_as = how;
   if (how != fate::end) std::string().swap(c->queue);
   return c;
}

/// With `expired_at`: only a connection that had expired by then.
void sse_stream::state::part_and_drain(bool is_last, std::optional<std::int64_t> expired_at) {
   connection_ptr c;
   bool is_mine = false;
   {
      const lock_guard lock(mutex);
      if (expired_at && (current == nullptr || current->expires_unix_ms == 0 ||
                         current->expires_unix_ms > *expired_at))
         return;
      if (is_last && !is_finished) {
         is_finished = true;
         if (number != 0) given.log->close_stream(number);
      }
      c = part(fate::end);
      is_mine = c != nullptr && take_charge(*c);
   }
   if (is_mine) drain(c);
}

// ---- the queue, by whoever is in charge of it ----

void sse_stream::state::drain(const connection_ptr& c) {
   if (c->thread == std::this_thread::get_id()) {
      drain_here(c);
   } else {
      post_drain(c);
   }
}

void sse_stream::state::post_drain(const connection_ptr& c) {
   c->home->post([self = shared_from_this(), c] { self->drain_here(c); });
}

void sse_stream::state::drain_here(const connection_ptr& c) {
   if (c->is_over) return;
   const auto pending = c->to->pending_bytes();
   std::string bytes;
   auto how = fate::live;
   bool is_clogged = false;
   {
      const lock_guard lock(mutex);
      bytes.swap(c->queue);
      how = c->end_as;
      is_clogged = !bytes.empty() && pending > bound_of(*c);
      if (!bytes.empty() && !is_clogged) carried = std::max(carried, c->queued);
   }
   if (is_clogged || how == fate::cut) return cut(c, how != fate::end);
   if (!bytes.empty() && !c->to->write(bytes)) return lose(c);
   if (how == fate::end) {
      c->is_over = true;
      c->to->end();
      c->to.reset();
      c->on_gone = nullptr;
      return;
   }
   {
      const lock_guard lock(mutex);
      c->is_drained = !c->queue.empty() || c->end_as != fate::live;
      if (!c->is_drained) {
         if (bytes.capacity() > max_kept_buffer) return;
         bytes.clear();
         c->queue.swap(bytes);
         return;
      }
   }
   post_drain(c);
}

// ---- ends that are not ours ----

void sse_stream::state::cut(const connection_ptr& c, bool is_news) {
   {
      const lock_guard lock(mutex);
      if (current == c) (void)part(fate::cut);
   }
   c->is_over = true;
   c->to->abort();
   report_gone(c, is_news);
}

void sse_stream::state::lose(const connection_ptr& c) {
   if (std::exchange(c->is_over, true)) return;
   bool is_news = false; // else we have ended it in order, or another attach() has
   {
      const lock_guard lock(mutex);
      is_news = current == c || c->end_as == fate::cut; // it may go before it is cut
      if (current == c) (void)part(fate::gone);
   }
   report_gone(c, is_news);
}

/// In a task of its own: we may be inside the exchange, or inside send() under its caller's locks.
void sse_stream::state::report_gone(const connection_ptr& c, bool is_news) {
   c->home->post([self = shared_from_this(), c, is_news] {
      c->to.reset();
      const auto on_gone = std::exchange(c->on_gone, nullptr);
      bool is_wanted = is_news && on_gone != nullptr;
      if (is_wanted) {
         const lock_guard lock(self->mutex);
         is_wanted = !self->is_finished;
      }
      if (is_wanted) on_gone();
   });
}

// ---- attaching ----

/// What a new connection begins with. False: there is a gap, or it is not this stream's position.
bool sse_stream::state::begin_replay(std::string& out,
                                     std::optional<event_log::position> last_seen) {
   if (number == 0) return !last_seen;
   std::vector<event_log::event> missed;
   if (last_seen) {
      if (last_seen->stream != number) return false;
      auto whole = given.log->since(*last_seen);
      if (!whole) return false;
      missed = std::move(*whole);
   } else {
      missed = given.log->remaining({number, carried});
   }
   if (given.is_primed) {
      // The position before whatever follows. A client that has one is not given another: it would
      // skip what it missed if the connection broke in between.
      if (!last_seen) out.append("id: ").append(event_log::text({number, carried})).append("\n");
      if (given.retry_ms != 0)
         out.append("retry: ").append(std::to_string(given.retry_ms)).append("\n");
      if (!last_seen) out += "data: \n";
      if (!out.empty()) out += '\n';
   }
   for (const auto& e : missed) {
      append_event(out, e.at, e.message);
      carried = std::max(carried, e.at.number);
   }
   return true;
}

bool sse_stream::attach(std::shared_ptr<core::http::exchange> to,
                        std::span<const core::http::field> fields,
                        std::optional<event_log::position> last_seen, std::function<void()> on_gone,
                        std::int64_t expires_unix_ms) {
   using core::http::field;
   const auto c = std::make_shared<connection>(to, std::move(on_gone));
   c->expires_unix_ms = expires_unix_ms;
   std::string replay;
   std::shared_ptr<connection> old;
   bool is_old_mine = false;
   {
      const state::lock_guard lock(state_->mutex);
      if (!state_->begin_replay(replay, last_seen)) return false;
      old = state_->part(connection::fate::end);
      if (old) {
         // What waits there is in the log, not carried yet; without one it moves over.
         if (state_->number == 0) c->queue = std::move(old->queue);
         std::string().swap(old->queue);
         is_old_mine = take_charge(*old);
      }
      if (state_->is_finished) {
         c->end_as = connection::fate::end;
      } else {
         state_->current = c;
      }
   }
   if (is_old_mine) state_->drain(old);

   std::vector<field> all{{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
   all.insert(all.end(), fields.begin(), fields.end());
   to->on_disconnect([weak_state = std::weak_ptr(state_), weak = std::weak_ptr(c)] {
      const auto s = weak_state.lock();
      const auto lost = weak.lock();
      if (s && lost) s->lose(lost);
   });
   to->begin({.status = 200, .content_type = "text/event-stream", .fields = all});
   if (!to->connected() || (!replay.empty() && !to->write(replay))) {
      state_->lose(c);
   } else {
      state_->drain_here(c);
   }
   return true;
}

// ---- the stream ----

std::shared_ptr<sse_stream> sse_stream::make(options o) {
   auto s = std::make_shared<state>();
   s->given = std::move(o);
   if (s->given.log != nullptr) {
      s->number = s->given.log->open_stream(s->given.is_general);
      // The first number belongs to the priming event: whatever is sent before a client comes is
      // behind it.
      if (s->number != 0 && s->given.is_primed)
         s->carried = s->given.log->append(s->number, {}).number;
   }
   const std::shared_ptr<sse_stream> out(new sse_stream);
   out->state_ = std::move(s);
   return out;
}

sse_stream::~sse_stream() {
   if (state_ != nullptr) finish();
}

bool sse_stream::send(std::string_view message) {
   return state_->send(message);
}

void sse_stream::keep_alive() {
   std::shared_ptr<connection> c;
   {
      const state::lock_guard lock(state_->mutex);
      c = state_->current;
      if (c == nullptr || std::exchange(c->is_used, false) || !take_charge(*c)) return;
      c->queue += comment;
   }
   state_->drain(c);
}

void sse_stream::finish() {
   state_->part_and_drain(true);
}

void sse_stream::close_connection() {
   state_->part_and_drain(false);
}

void sse_stream::end_expired(std::int64_t now_unix_ms) {
   state_->part_and_drain(false, now_unix_ms);
}

bool sse_stream::is_finished() const {
   const state::lock_guard lock(state_->mutex);
   return state_->is_finished;
}

bool sse_stream::is_connected() const {
   const state::lock_guard lock(state_->mutex);
   return state_->current != nullptr;
}

std::uint32_t sse_stream::number() const noexcept {
   return state_->number;
}

} // namespace fmcp::protocol
