#pragma once

/// Origins (RFC 6454) of what a plugin may reach: scheme, host and port of a URL, as text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"

namespace fmcp::plugins {

/// `https://api.example.com` of `HTTPS://API.example.com:443/v1?x`: in lower case, without the
/// scheme's own port. Nothing when `url` is not absolute, not http or https, or has a user in it.
[[nodiscard]] std::optional<std::string> origin_of(std::string_view url);

/// Origins of all settings of type `url` that the manifest declares and `config_json` gives: the
/// operator said himself that the plugin shall go there. Each once, in the manifest's order.
[[nodiscard]] std::vector<std::string> origins_of_settings(const json::value& manifest,
                                                           std::string_view config_json);

} // namespace fmcp::plugins
