#pragma once

/// How a function of the host reports failure.
///
/// Errors are values. Exceptions are for bugs, memory and a start-up that cannot go on; they are
/// caught in `main`, at the top of a coroutine and in the plugin guard, nowhere else.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace fmcp::core {

/// What kind of failure it was: enough to choose an exit code, an HTTP status or a JSON-RPC code.
enum class errc {
   invalid,     ///< what was given breaks a rule; the sender has to change it
   not_found,   ///< the named thing does not exist
   denied,      ///< it exists, but its owner, mode or policy forbids the use
   conflict,    ///< it collides with something that is already there
   limit,       ///< a bound on size, depth, count or time was reached
   timeout,     ///< an answer did not come in time
   unsupported, ///< a version, dialect or feature that this program does not have
   io,          ///< the operating system refused
   internal,    ///< our own mistake
};

/// `message` is one sentence for people: what happened, where (file, variable, plugin), what to do.
/// It never holds a secret and never goes to a client unchanged.
struct error {
   errc code = errc::internal;
   std::string message;

   friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = std::expected<T, error>;

[[nodiscard]] inline std::unexpected<error> fail(errc code, std::string message) {
   return std::unexpected(error{code, std::move(message)});
}

/// Puts the place in front of a message that was made further in: "reading x.json: unexpected end".
[[nodiscard]] inline std::unexpected<error> wrap(std::string_view context, error inner) {
   inner.message.insert(0, std::string(context) + ": ");
   return std::unexpected(std::move(inner));
}

} // namespace fmcp::core
