#pragma once

/// The one thing that rooms without sockets need from an event loop.

#include <functional>

namespace fmcp::core {

using task = std::move_only_function<void()>;

/// Runs tasks one after another on a thread of its own.
///
/// Thread safety: `post` may be called from any thread. Order: tasks posted by one thread run in
/// the order in which they were posted. A task that is still queued when the loop ends is
/// destroyed.
class executor {
public:
   virtual ~executor() = default;
   virtual void post(task work) = 0;
};

} // namespace fmcp::core
