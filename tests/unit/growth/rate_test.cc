#include "growth/rate.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

TEST(DecayingRateTest, IsRightFromTheFirstInterval) {
  DecayingRate rate(5min);
  EXPECT_EQ(rate.per_second(), 0);
  rate.Add(300, 30s);
  EXPECT_DOUBLE_EQ(rate.per_second(), 10);
  rate.Add(600, 60s);
  EXPECT_DOUBLE_EQ(rate.per_second(), 10);
}

TEST(DecayingRateTest, FollowsAChangeWithinItsWindow) {
  DecayingRate rate(5min);
  for (int i = 0; i < 120; ++i) rate.Add(0, 30s);
  for (int i = 0; i < 10; ++i) rate.Add(3000, 30s);
  EXPECT_NEAR(rate.per_second(), 63, 1);  // 1 - 1/e
  for (int i = 0; i < 40; ++i) rate.Add(3000, 30s);
  EXPECT_NEAR(rate.per_second(), 100, 1);
}

TEST(DecayingRateTest, ALongIntervalCountsWithItsLength) {
  DecayingRate rate(5min);
  for (int i = 0; i < 120; ++i) rate.Add(3000, 30s);
  rate.Add(7200, 2h);
  EXPECT_NEAR(rate.per_second(), 1, 0.01);
}

}  // namespace
}  // namespace bellwether::growth
