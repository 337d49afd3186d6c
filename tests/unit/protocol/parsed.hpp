#pragma once

/// A JSON text in a test, parsed; the test fails with the parser's reason when it is none.

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "json/document.hpp"

namespace fmcp::test {

class parsed {
public:
   explicit parsed(std::string_view text) {
      const auto v = document_.parse_copy(text);
      if (!v) ADD_FAILURE() << v.error().message << "\n" << text;
   }
   const json::value& operator*() const { return document_.root(); }
   const json::value* operator->() const { return &document_.root(); }

private:
   json::document document_;
};

} // namespace fmcp::test
