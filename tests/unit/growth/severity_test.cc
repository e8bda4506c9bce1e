#include "growth/severity.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

Forecast FullIn(Seconds time) {
  return {.verdict = Verdict::kNoCompactionSeen, .time_to_quota = time};
}

Severity AddTimes(SeverityLatch& latch, int times, const Forecast& forecast) {
  for (int i = 0; i < times; ++i) latch.Add(forecast);
  return latch.severity();
}

TEST(SeverityTest, FollowsTheTimeLeft) {
  EXPECT_EQ(SeverityOf(FullIn(4h - 1s), 1), Severity::kCritical);
  EXPECT_EQ(SeverityOf(FullIn(4h), 1), Severity::kWarning);
  EXPECT_EQ(SeverityOf(FullIn(72h), 1), Severity::kInfo);
  EXPECT_EQ(SeverityOf(FullIn(24h * 30), 1), Severity::kNone);
  EXPECT_EQ(SeverityOf({.time_to_quota = std::nullopt}, 1), Severity::kNone);
}

TEST(SeverityTest, AFullFileCountsOnlyIfItIsInUse) {
  const auto at = [](double file, double in_use) {
    return SeverityOf({.verdict = Verdict::kSteady,
                       .time_to_quota = kNever,
                       .file_share = file,
                       .in_use_share = in_use},
                      1);
  };
  EXPECT_EQ(at(0.96, 0.86), Severity::kCritical);
  EXPECT_EQ(at(0.96, 0.84), Severity::kWarning);
  EXPECT_EQ(at(0.96, 0.69), Severity::kNone);
  EXPECT_EQ(at(0.79, 0.79), Severity::kNone);
}

TEST(SeverityLatchTest, RaisesAfterThreeReadingsToTheLeastOfThem) {
  SeverityLatch latch;
  EXPECT_EQ(AddTimes(latch, 2, FullIn(1h)), Severity::kNone);
  EXPECT_EQ(AddTimes(latch, 1, FullIn(10h)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 3, FullIn(1h)), Severity::kCritical);
}

TEST(SeverityLatchTest, ReadingsThatDoNotAgreeRaiseNothing) {
  SeverityLatch latch;
  for (int i = 0; i < 100; ++i) {
    latch.Add(FullIn(1h));
    latch.Add(FullIn(1h));
    latch.Add(FullIn(kNever));
    EXPECT_EQ(latch.severity(), Severity::kNone);
  }
}

TEST(SeverityLatchTest, ClearsAfterFifteenReadingsThatAreClearByAMargin) {
  SeverityLatch latch;
  AddTimes(latch, 3, FullIn(10h));
  EXPECT_EQ(AddTimes(latch, 100, FullIn(100h)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 14, FullIn(110h)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 1, FullIn(100h)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 14, FullIn(kNever)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 1, FullIn(110h)), Severity::kInfo);
}

TEST(SeverityLatchTest, SharesOfTheQuotaClearATwentiethBelow) {
  const auto at = [](double file, double in_use) {
    return Forecast{.verdict = Verdict::kSteady,
                    .time_to_quota = kNever,
                    .file_share = file,
                    .in_use_share = in_use};
  };
  SeverityLatch latch;
  EXPECT_EQ(AddTimes(latch, 3, at(0.96, 0.86)), Severity::kCritical);
  EXPECT_EQ(AddTimes(latch, 100, at(0.94, 0.81)), Severity::kCritical);
  EXPECT_EQ(AddTimes(latch, 15, at(0.94, 0.79)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 100, at(0.94, 0.66)), Severity::kWarning);
  EXPECT_EQ(AddTimes(latch, 15, at(0.94, 0.64)), Severity::kNone);
}

TEST(SeverityLatchTest, NoSpaceIsCriticalAtOnce) {
  SeverityLatch latch;
  EXPECT_EQ(latch.Add({.verdict = Verdict::kNoSpace}), Severity::kCritical);
  EXPECT_EQ(AddTimes(latch, 14, FullIn(kNever)), Severity::kCritical);
  EXPECT_EQ(AddTimes(latch, 1, FullIn(kNever)), Severity::kNone);
}

}  // namespace
}  // namespace bellwether::growth
