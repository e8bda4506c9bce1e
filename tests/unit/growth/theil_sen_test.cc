#include "growth/theil_sen.h"

#include <gtest/gtest.h>

#include <vector>

namespace bellwether::growth {
namespace {

std::vector<TimedValue> Hourly(std::initializer_list<double> values) {
  std::vector<TimedValue> points;
  for (const double value : values) {
    points.push_back({3600.0 * static_cast<double>(points.size()), value});
  }
  return points;
}

TEST(TheilSenTest, NeedsTwoMoments) {
  EXPECT_FALSE(TheilSen({}));
  EXPECT_FALSE(TheilSen(Hourly({1})));
  EXPECT_FALSE(TheilSen(std::vector<TimedValue>{{5, 1}, {5, 2}}));
}

TEST(TheilSenTest, IsTheSlopeOfALine) {
  const auto slope = TheilSen(Hourly({0, 3600, 7200, 10800}));
  ASSERT_TRUE(slope);
  EXPECT_DOUBLE_EQ(slope->median_per_s, 1);
  EXPECT_DOUBLE_EQ(slope->lower_quartile_per_s, 1);
  EXPECT_DOUBLE_EQ(slope->span_s, 10800);
  EXPECT_TRUE(slope->RisesBy(10799));
  EXPECT_FALSE(slope->RisesBy(10800));
}

TEST(TheilSenTest, AnOutlierDoesNotBendIt) {
  const auto slope = TheilSen(Hourly({0, 3600, 7200, 1e9, 14400, 18000, 21600, 25200}));
  ASSERT_TRUE(slope);
  EXPECT_NEAR(slope->median_per_s, 1, 0.01);
}

TEST(TheilSenTest, AStepIsNoGrowth) {
  const auto slope = TheilSen(Hourly({5, 5, 5, 5, 5, 9e6, 9e6, 9e6, 9e6, 9e6}));
  ASSERT_TRUE(slope);
  EXPECT_GT(slope->median_per_s, 0);
  EXPECT_FALSE(slope->RisesBy(1));
}

}  // namespace
}  // namespace bellwether::growth
