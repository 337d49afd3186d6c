#pragma once

/// Names of this test program: its own `getaddrinfo` stands in front of the C library's and answers
/// for `*.test`. Other names go on to the real one.

#include <functional>
#include <string>
#include <vector>

namespace fmcp::test {

/// From now on `name` resolves to what `answer` gives: address literals, in order. It is called on
/// the thread that resolves, and may wait.
void resolve(const std::string& name, std::function<std::vector<std::string>()> answer);

inline void resolve(const std::string& name, std::vector<std::string> addresses) {
   resolve(name, [addresses = std::move(addresses)] { return addresses; });
}

} // namespace fmcp::test
