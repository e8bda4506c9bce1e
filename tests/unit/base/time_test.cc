#include "base/time.h"

#include <gtest/gtest.h>

#include <ctime>

namespace bellwether {
namespace {

using namespace std::chrono_literals;

TEST(TimeTest, PrintsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(Rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(Rfc3339(WallTime{1769903999123ms}), "2026-01-31T23:59:59.123Z");
}

TEST(TimeTest, Rfc3339IsWhatTheLibrarySays) {
  // Every 31 hours or so of two centuries, leap days among them.
  for (int64_t ms = -1'000'000'000'000; ms < 6'000'000'000'000; ms += 111'111'111) {
    const time_t seconds = (ms - (ms % 1000 + 1000) % 1000) / 1000;
    tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    ASSERT_EQ(Rfc3339(WallTime{Milliseconds(ms)}).substr(0, 19), text) << ms;
  }
}

}  // namespace
}  // namespace bellwether
