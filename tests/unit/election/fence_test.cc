#include "election/fence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr MonotonicTime kSent{100s};

TEST(FenceTest, ValidityCountsFromTheSendTimeLessAMarginOfATenthButHalfASecond) {
  EXPECT_EQ(ValidUntil(kSent, 15s), kSent + 13500ms);
  EXPECT_EQ(ValidUntil(kSent, 5s), kSent + 4500ms);
  EXPECT_EQ(ValidUntil(kSent, 2s), kSent + 1500ms);
}

TEST(FenceTest, WorkIsAskedToStopBeforeItIsKilledBeforeValidityEnds) {
  const StopTimes times = StopTimesFor(kSent, 5s);
  EXPECT_EQ(times.terminate_at, kSent - 5s);
  EXPECT_EQ(times.kill_at, kSent - 500ms);
}

TEST(FenceTest, TtlOutOfBoundsIsRefusedWithTheBounds) {
  EXPECT_THAT(CheckTtl(4999ms, 1s, 500ms).error().message, HasSubstr("between 5s and 86400s"));
  EXPECT_FALSE(CheckTtl(25h, 5s, 2s).ok());
  EXPECT_FALSE(CheckTtl(-1s, 5s, 2s).ok());
}

TEST(FenceTest, AGraceThatLeavesNoRoomForOneRetryIsRefusedWithWhatWouldWork) {
  const Status refused = CheckTtl(15s, 8s, 2s);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("at most 6499ms"));
  EXPECT_TRUE(CheckTtl(15s, 6499ms, 2s).ok());
  EXPECT_FALSE(CheckTtl(15s, 6500ms, 2s).ok());
  EXPECT_THAT(refused.error().message, HasSubstr("TTL of at least 18s"));
  EXPECT_TRUE(CheckTtl(18s, 8s, 2s).ok());
  EXPECT_FALSE(CheckTtl(17s, 8s, 2s).ok());
}

TEST(FenceTest, AGraceBelowTheKillMarginIsRefused) { EXPECT_FALSE(CheckTtl(15s, 0s, 1s).ok()); }

TEST(FenceTest, TheDefaultsFitEveryTtlWithinBounds) {
  for (Milliseconds ttl = kMinTtl; ttl <= kMaxTtl; ttl += 997ms) {
    EXPECT_TRUE(CheckTtl(ttl, DefaultStopGrace(ttl), DefaultEndpointTimeout(ttl)).ok())
        << ttl.count();
  }
}

}  // namespace
}  // namespace bellwether::election
