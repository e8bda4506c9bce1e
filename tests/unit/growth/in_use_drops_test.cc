#include "growth/in_use_drops.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

constexpr double kMiB = 1 << 20;

TEST(InUseDropsTest, TellsANoticeableFallOnce) {
  InUseDrops drops(10 * kMiB);
  EXPECT_FALSE(drops.Add(20 * kMiB));
  EXPECT_FALSE(drops.Add(19.5 * kMiB));
  EXPECT_TRUE(drops.Add(15 * kMiB));
  EXPECT_FALSE(drops.Add(12 * kMiB));  // its work goes on
  EXPECT_TRUE(drops.falling());
  EXPECT_FALSE(drops.Add(15 * kMiB));
  EXPECT_FALSE(drops.falling());
  EXPECT_TRUE(drops.Add(12 * kMiB));
}

TEST(InUseDropsTest, ASlowFallIsOneToo) {
  InUseDrops drops(10 * kMiB);
  int told = 0;
  for (double in_use = 10; in_use > 2; in_use -= 0.3) told += drops.Add(in_use * kMiB) ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST(InUseDropsTest, PagesThatComeAndGoAreNone) {
  InUseDrops drops(10 * kMiB);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(drops.Add((10 + (i % 2 == 0 ? 0.4 : -0.4)) * kMiB));
  }
  // A large store moves more.
  InUseDrops large(8192 * kMiB);
  EXPECT_FALSE(large.Add(8185 * kMiB));
  EXPECT_TRUE(large.Add(8180 * kMiB));
}

}  // namespace
}  // namespace bellwether::growth
