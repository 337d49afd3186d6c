#include "app/serve.hpp"
namespace fmcp::app {
core::result<std::unique_ptr<transport>> open_stdio(const config::settings&, protocol::service&,
                                                    core::unique_fd) {
   return core::fail(core::errc::unsupported, "tmp");
}
} // namespace fmcp::app
