/// fmcp/cpp/detail/service.hpp - what the wrappers of the host's services share.
#ifndef FMCP_CPP_DETAIL_SERVICE_HPP
#define FMCP_CPP_DETAIL_SERVICE_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../plugin.hpp"

namespace fmcp {
inline namespace v1 {
namespace detail {

inline fmcp_bytes bytes(std::string_view s) noexcept {
   return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}
inline std::string_view view(fmcp_bytes b) noexcept {
   return b.len == 0 || b.ptr == nullptr ? std::string_view()
                                         : std::string_view(reinterpret_cast<const char*>(b.ptr),
                                                            static_cast<std::size_t>(b.len));
}

/// Strings as the C tables want them; refers to them.
class str_list {
public:
   explicit str_list(const std::vector<std::string>& from) {
      all_.reserve(from.size());
      for (const auto& s : from) all_.push_back(str(s));
   }
   [[nodiscard]] fmcp_list get() const noexcept {
      return {all_.data(), static_cast<uint32_t>(all_.size()), sizeof(fmcp_str)};
   }

private:
   std::vector<fmcp_str> all_;
};

/// Element `i` of a list; what its elements are longer than T is not looked at.
template <class T>
T item_at(const fmcp_list& list, uint32_t i) noexcept {
   T out{};
   std::memcpy(&out, static_cast<const char*>(list.items) + std::size_t{i} * list.stride,
               sizeof out);
   return out;
}

/// Bytes that the host gave away.
class received {
public:
   received() = default;
   received(const received&) = delete;
   received& operator=(const received&) = delete;
   ~received() {
      if (buf.release != nullptr) buf.release(buf.owner, buf.ptr, buf.len);
   }
   [[nodiscard]] std::string str() const {
      return buf.len == 0 ? std::string()
                          : std::string(static_cast<const char*>(buf.ptr),
                                        static_cast<std::size_t>(buf.len));
   }
   fmcp_buf buf{};
};

/// Somebody's function until its operation is over.
template <class F>
struct waiting {
   engine* of;
   F f;
   /// The callback's part: once, with `make()` for the function's argument.
   template <class Make>
   static void finish(void* user, const char* failed, Make make) noexcept {
      const std::unique_ptr<waiting> me(static_cast<waiting*>(user));
      me->of->guard_and_log(failed, [&] { me->f(make()); });
   }
};

/// One service of the host as its wrapper sees it. Copyable; lives as long as the plugin's object.
template <class Table>
class service {
public:
   /// Errors: refused, when there is no host, or it has no such service.
   service(const plugin& of, const char* id)
       : engine_(&access::engine(of)), table_(engine_->service<Table>(id)) {
      if (table_.size == 0) {
         throw refused(FMCP_E_NOT_SUPPORTED,
                       std::string("The host has no service ") + id + ", or does not grant it.");
      }
   }
   [[nodiscard]] const Table& table() const noexcept { return table_; }
   [[nodiscard]] void* context() const noexcept { return engine_->host().ctx; }

   /// Starts an operation: `begin(user)` hands `user` on to the callback, which calls finish().
   /// Errors: refused, and `f` is gone.
   template <class F, class Begin>
   void start(const char* what, F f, Begin begin) const {
      auto made = std::make_unique<waiting<F>>(waiting<F>{engine_, std::move(f)});
      demand(begin(made.get()), what);
      (void)made.release(); // its callback frees it
   }
   /// Errors: refused, unless `s` is FMCP_OK.
   static void demand(fmcp_status s, const char* what) {
      if (s != FMCP_OK) throw refused(s, std::string("The host did not ") + what + reason(s));
   }

private:
   static const char* reason(fmcp_status s) noexcept {
      switch (s) {
      case FMCP_E_INVALID: return ": an argument is out of range.";
      case FMCP_E_BUSY: return ": too many wait.";
      case FMCP_E_GONE: return ": the plugin is being stopped.";
      case FMCP_E_DENIED: return ": it is not allowed.";
      case FMCP_E_LIMIT: return ": it is too large.";
      default: return ".";
      }
   }

   engine* engine_;
   Table table_;
};

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
