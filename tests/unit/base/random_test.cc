#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace bellwether {
namespace {

TEST(RandomTest, TheSameSeedGivesTheSameNumbers) {
  Random a(7);
  Random b(7);
  Random c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t drawn = a.Next();
    EXPECT_EQ(drawn, b.Next());
    differs |= drawn != c.Next();
  }
  EXPECT_TRUE(differs);
}

TEST(RandomTest, BelowReachesEveryValueAndNoOther) {
  Random random(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 10000; ++i) ++seen.at(random.Below(5));
  for (const int count : seen) EXPECT_NEAR(count, 2000, 300);
}

TEST(RandomTest, FractionStaysBelowOne) {
  Random random(1);
  for (int i = 0; i < 10000; ++i) {
    const double drawn = random.Fraction();
    EXPECT_GE(drawn, 0.0);
    EXPECT_LT(drawn, 1.0);
  }
}

}  // namespace
}  // namespace bellwether
