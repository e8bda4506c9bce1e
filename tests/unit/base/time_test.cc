#include "base/time.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

using namespace std::chrono_literals;

TEST(TimeTest, PrintsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(Rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(Rfc3339(WallTime{1769903999123ms}), "2026-01-31T23:59:59.123Z");
}

}  // namespace
}  // namespace bellwether
