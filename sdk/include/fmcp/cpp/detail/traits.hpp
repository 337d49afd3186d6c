/// fmcp/cpp/detail/traits.hpp - which types have a JSON form.
#ifndef FMCP_CPP_DETAIL_TRAITS_HPP
#define FMCP_CPP_DETAIL_TRAITS_HPP

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../json.hpp"

namespace fmcp {
inline namespace v1 {

class fields;
template <class E>
class enum_names;

namespace detail {

template <class T>
struct always_false : std::false_type {};

template <class T, class = void>
struct is_described : std::false_type {};
template <class T>
struct is_described<T, std::void_t<decltype(std::declval<T&>().describe(std::declval<fields&>()))>>
    : std::true_type {};

template <class T, class = void>
struct is_named_enum : std::false_type {};
template <class T>
struct is_named_enum<
      T, std::enable_if_t<std::is_enum_v<T> &&
                          std::is_same_v<decltype(describe(std::declval<T>())), enum_names<T>>>>
    : std::true_type {};

template <class T>
struct optional_of {
   using type = T;
   static constexpr bool value = false;
};
template <class T>
struct optional_of<std::optional<T>> {
   using type = T;
   static constexpr bool value = true;
};
template <class T>
struct vector_of : std::false_type {};
template <class T>
struct vector_of<std::vector<T>> : std::true_type {
   using type = T;
};
template <class T>
struct map_of : std::false_type {};
template <class T>
struct map_of<std::map<std::string, T>> : std::true_type {
   using type = T;
};
template <class T>
inline constexpr bool is_whole = std::is_integral_v<T> && !std::is_same_v<T, bool> &&
                                 !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t>;

template <class T>
constexpr bool has_json() {
   if constexpr (optional_of<T>::value) {
      return has_json<typename optional_of<T>::type>();
   } else if constexpr (vector_of<T>::value) {
      return has_json<typename vector_of<T>::type>();
   } else if constexpr (map_of<T>::value) {
      return has_json<typename map_of<T>::type>();
   } else {
      return std::is_same_v<T, bool> || is_whole<T> || std::is_floating_point_v<T> ||
             std::is_same_v<T, std::string> || std::is_same_v<T, json_text> ||
             is_named_enum<T>::value || is_described<T>::value;
   }
}

#define FMCP_DEMAND_JSON(T)                                                                        \
   static_assert(::fmcp::detail::has_json<T>(),                                                    \
                 "this type has no JSON form: use bool, integers, float, double, std::string, "    \
                 "std::optional, std::vector or std::map<std::string, T> of them, an enum with "   \
                 "describe(E) beside it, a struct with void describe(fmcp::fields&), or "          \
                 "fmcp::json_text")

} // namespace detail
} // namespace v1
} // namespace fmcp
#endif
