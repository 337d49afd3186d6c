/// fmcp/cpp/error.hpp - what a plugin may throw, and what becomes of it.
///
/// Throw whatever is natural: no exception leaves the plugin. In a tool
///
///    tool_error          is for the model: a result with isError and this text
///    rpc_error           refuses the request itself: a JSON-RPC error
///    cancelled           ends a call that was cancelled anyway
///    any std::exception  is a failure whose what() the host logs and, unless details are masked,
///                        gives to the model
///    anything else       is a failure without words
///
/// In the plugin's constructor each of them refuses the plugin; setting_error says that a setting
/// is to blame.
#ifndef FMCP_CPP_ERROR_HPP
#define FMCP_CPP_ERROR_HPP

#include <stdexcept>
#include <string>
#include <utility>

#include "../abi.h"

namespace fmcp {
inline namespace v1 {

/// A failure that the model should see and may react to.
class tool_error : public std::runtime_error {
public:
   using std::runtime_error::runtime_error;
};

/// A JSON-RPC error: the request is at fault, not the tool.
class rpc_error : public std::runtime_error {
public:
   /// `data_json`: empty, or the JSON value that becomes `error.data`.
   rpc_error(int code, const std::string& message, std::string data_json = {})
       : std::runtime_error(message), code_(code), data_json_(std::move(data_json)) {}
   [[nodiscard]] int code() const noexcept { return code_; }
   [[nodiscard]] const std::string& data_json() const noexcept { return data_json_; }

private:
   int code_;
   std::string data_json_;
};

/// The call is over for its client; there is nobody to answer.
class cancelled : public std::runtime_error {
public:
   cancelled() : std::runtime_error("The call was cancelled.") {}
};

/// A setting is unusable; say which one and what to write instead. Name it in braces, and the host
/// writes what the operator knows it by:
///    throw fmcp::setting_error("{home} is not the name of a time zone such as Europe/Berlin.");
///    FASTMCP_PLUGIN_TIME_HOME (.env:3) is not the name of a time zone such as Europe/Berlin.
class setting_error : public std::runtime_error {
public:
   using std::runtime_error::runtime_error;
};

/// JSON that is malformed, or is not what was asked for.
class json_error : public std::runtime_error {
public:
   using std::runtime_error::runtime_error;
};

/// The host refused a service.
class refused : public std::runtime_error {
public:
   refused(fmcp_status status, const std::string& what)
       : std::runtime_error(what), status_(status) {}
   /// One of FMCP_E_*: FMCP_E_BUSY, FMCP_E_GONE (being stopped), FMCP_E_NOT_SUPPORTED …
   [[nodiscard]] fmcp_status status() const noexcept { return status_; }

private:
   fmcp_status status_;
};

/// Severity of a log line.
enum class level : int32_t {
   trace = FMCP_LOG_TRACE,
   debug = FMCP_LOG_DEBUG,
   info = FMCP_LOG_INFO,
   notice = FMCP_LOG_NOTICE,
   warn = FMCP_LOG_WARN,
   error = FMCP_LOG_ERROR,
   critical = FMCP_LOG_CRITICAL
};

} // namespace v1
} // namespace fmcp
#endif
