#pragma once

/// Keeps the secrets of a running process from whoever may look at it from outside.
///
/// Three places show them: a core file; `/proc/PID/mem` and a debugger, open to every process of
/// the same user; and the block of strings that the kernel put there at the start, which
/// `/proc/PID/environ` shows to the same user and `/proc/PID/cmdline` to everybody. What this room
/// does about it does not stop root, nor code inside the process.
///
/// Thread safety: before there is a second thread; `environ` has no lock.

#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"

namespace fmcp::app {

/// No core files any more, also of children, and nobody without CAP_SYS_PTRACE traces this process
/// or reads its memory. To debug one, be root. The files of `/proc/PID` belong to root from now on;
/// the process itself still gets at its descriptors there, but no longer at `environ` or `mem` by
/// opening them, when it is not root.
///
/// Sanitizers: LeakSanitizer traces its own process, and makes it traceable for that moment by
/// itself; nothing is left out in such builds.
/// Any thread.
void forbid_looking_in() noexcept;

/// Overwrites the values of these variables where they are and removes them from the environment.
/// Names count in any case, as they do for settings. Gives how many there were.
std::size_t wipe_environment(std::span<const std::string> names) noexcept;

/// A flag whose value is a secret.
struct secret_flag {
   std::string_view flag;    ///< `--auth-option`
   bool names_field = false; ///< its value is `field=secret`, and the field may be seen
};
/// Overwrites the values of these flags, `--flag value` or `--flag=value`, with asterisks, as far
/// as options go: what stands behind `--` is left alone.
void wipe_arguments(std::span<char* const> arguments, std::span<const secret_flag> flags) noexcept;

/// Whether these settings hold, or may hold, something that others must not see.
[[nodiscard]] bool holds_secrets(const config::settings& s);

/// All of that for a process that goes on with these settings. Without secrets it does nothing, so
/// that a plugin can be debugged where it is written.
void hide_secrets(const config::settings& s, std::span<char* const> arguments);

} // namespace fmcp::app
