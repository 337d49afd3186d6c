#pragma once

/// The named formats of JSON Schema (2020-12 validation, section 7.3).
///
/// Thread safety: functions without state. Cost: in proportion to the text; those with a limit on
/// the length refuse a longer text at once.

#include <string_view>

namespace fmcp::json {

/// Whether a text has a format. Precondition: the text is UTF-8.
using format_check = bool (*)(std::string_view text);

struct format_rule {
   std::string_view name;
   std::string_view words; ///< what is expected, with an article
   format_check holds;
};

/// The rule of a format, or null for a name that is not known, which asserts nothing.
[[nodiscard]] const format_rule* find_format(std::string_view name) noexcept;

// By the document that defines them.
[[nodiscard]] bool is_date(std::string_view text);      // RFC 3339, 5.6
[[nodiscard]] bool is_time(std::string_view text);      // RFC 3339, 5.6
[[nodiscard]] bool is_date_time(std::string_view text); // RFC 3339, 5.6
[[nodiscard]] bool is_duration(std::string_view text);  // RFC 3339, appendix A

[[nodiscard]] bool is_ipv4(std::string_view text);         // RFC 2673, 3.2: four decimal numbers
[[nodiscard]] bool is_ipv6(std::string_view text);         // RFC 4291, 2.2
[[nodiscard]] bool is_hostname(std::string_view text);     // RFC 1123, 2.1; A-labels: RFC 5891
[[nodiscard]] bool is_idn_hostname(std::string_view text); // RFC 5890, 2.3.2.3
[[nodiscard]] bool is_email(std::string_view text);        // RFC 5321, 4.1.2
[[nodiscard]] bool is_idn_email(std::string_view text);    // RFC 6531, 3.3

[[nodiscard]] bool is_uri(std::string_view text);           // RFC 3986, with a scheme
[[nodiscard]] bool is_uri_reference(std::string_view text); // RFC 3986, 4.1
[[nodiscard]] bool is_iri(std::string_view text);           // RFC 3987
[[nodiscard]] bool is_iri_reference(std::string_view text); // RFC 3987
[[nodiscard]] bool is_uri_template(std::string_view text);  // RFC 6570

/// Whether one label is valid in IDNA 2008 (RFC 5891, 4.2), and of which kind it is.
enum class idn_label : unsigned char { invalid, plain, right_to_left };
/// A U-label, or an A-label (`xn--…`), which is decoded.
[[nodiscard]] idn_label check_idn_label(std::string_view label);

} // namespace fmcp::json
