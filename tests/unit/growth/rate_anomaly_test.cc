#include "growth/rate_anomaly.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kT0{1000h};

// Readings every 30 s; the time of the last.
MonotonicTime Feed(RateAnomaly& anomaly, MonotonicTime from, Nanoseconds time, double rate,
                   double usual) {
  for (Nanoseconds done{0}; done <= time; done += 30s) anomaly.Add(from + done, rate, usual);
  return from + time;
}

TEST(RateAnomalyTest, IsFoundAfterFiveMinutes) {
  RateAnomaly anomaly;
  Feed(anomaly, kT0, 5min - 30s, 100, 10);
  EXPECT_FALSE(anomaly.since());
  anomaly.Add(kT0 + 5min, 100, 10);
  EXPECT_EQ(anomaly.since(), kT0);
}

TEST(RateAnomalyTest, AFewRevisionsAreNone) {
  RateAnomaly anomaly;
  Feed(anomaly, kT0, 1h, 20, 0.1);
  EXPECT_FALSE(anomaly.since());
  Feed(anomaly, kT0 + 2h, 1h, 50, 10);
  EXPECT_FALSE(anomaly.since());
}

TEST(RateAnomalyTest, DoesNotBecomeTheUsualWhileItLasts) {
  RateAnomaly anomaly;
  MonotonicTime now = Feed(anomaly, kT0, 5min, 100, 10);
  now = Feed(anomaly, now, 5h, 100, 60);
  EXPECT_EQ(anomaly.since(), kT0);
  EXPECT_EQ(anomaly.usual_per_second(), 10);
  Feed(anomaly, now, 1h, 100, 70);
  EXPECT_FALSE(anomaly.since());  // six hours are a habit
}

TEST(RateAnomalyTest, IsOverAfterFiveCalmMinutes) {
  RateAnomaly anomaly;
  MonotonicTime now = Feed(anomaly, kT0, 10min, 100, 10);
  now = Feed(anomaly, now, 4min, 30, 10);
  EXPECT_TRUE(anomaly.since());
  now = Feed(anomaly, now, 30s, 100, 10);
  now = Feed(anomaly, now + 30s, 4min, 30, 10);
  EXPECT_TRUE(anomaly.since());
  Feed(anomaly, now, 2min, 30, 10);
  EXPECT_FALSE(anomaly.since());
}

}  // namespace
}  // namespace bellwether::growth
