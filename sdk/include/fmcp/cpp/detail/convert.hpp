/// fmcp/cpp/detail/convert.hpp - from what a tool's function returns to an answer.
#ifndef FMCP_CPP_DETAIL_CONVERT_HPP
#define FMCP_CPP_DETAIL_CONVERT_HPP

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../result.hpp"

namespace fmcp {
inline namespace v1 {
namespace detail {

template <class T>
struct structured_of : std::false_type {};
template <class T>
struct structured_of<structured<T>> : std::true_type {
   using type = T;
};

template <class R>
inline constexpr bool is_text_answer = std::is_convertible_v<R, std::string_view>;

template <class R>
inline constexpr bool is_block_answer =
      std::is_void_v<R> || std::is_same_v<R, result> || std::is_same_v<R, content> ||
      std::is_same_v<R, std::vector<content>> || is_text_answer<R>;

/// Whether a tool may return it.
template <class R>
constexpr bool is_answer() {
   if constexpr (is_block_answer<R> || structured_of<R>::value) {
      return true;
   } else {
      return has_json<R>();
   }
}

/// The outputSchema that the return type implies, or empty.
template <class R>
std::string output_schema_of() {
   if constexpr (is_block_answer<R> || std::is_same_v<R, json_text>) {
      return {};
   } else if constexpr (structured_of<R>::value) {
      return schema_of<typename structured_of<R>::type>(false);
   } else {
      return schema_of<R>(false);
   }
}

template <class R>
result to_result(R&& value) {
   using T = std::decay_t<R>;
   if constexpr (std::is_same_v<T, result> || std::is_same_v<T, content>) {
      return std::forward<R>(value);
   } else if constexpr (std::is_same_v<T, std::vector<content>>) {
      result out;
      for (auto& block : value) out.add(std::move(block));
      return out;
   } else if constexpr (std::is_same_v<T, std::string>) {
      return content::text(std::forward<R>(value));
   } else if constexpr (is_text_answer<T>) {
      return content::text(std::string(std::string_view(value)));
   } else if constexpr (structured_of<T>::value) {
      return value.take();
   } else {
      return structured<T>(std::forward<R>(value)).take();
   }
}

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
