#pragma once

#include <gtest/gtest.h>

#include "core/result.hpp"

/// The result is an error of that code; `expected` stands for one of core::errc.
#define EXPECT_ERROR(result, expected)                                                             \
   do {                                                                                            \
      const auto& r_ = (result);                                                                   \
      ASSERT_FALSE(r_.has_value());                                                                \
      EXPECT_EQ(r_.error().code, ::fmcp::core::errc::expected) << r_.error().message;              \
   } while (false)
