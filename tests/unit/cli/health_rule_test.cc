#include "cli/health_rule.h"

#include <gtest/gtest.h>

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using State = HealthRule::State;

constexpr MonotonicTime t0{100s};

TEST(HealthRuleTest, OnlySoManyFailuresInARowMakeItFail) {
  HealthRule rule({.failures = 3, .successes = 1}, t0);
  EXPECT_EQ(rule.OnAnswer(t0, true), State::kWell);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, true), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), State::kFailing);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt) << "a change is told once";
}

TEST(HealthRuleTest, OnlySoManySuccessesInARowMakeItWell) {
  HealthRule rule({.failures = 1, .successes = 2}, t0);
  EXPECT_EQ(rule.OnAnswer(t0, false), State::kFailing);
  EXPECT_EQ(rule.OnAnswer(t0, true), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, true), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, true), State::kWell);
  EXPECT_EQ(rule.OnAnswer(t0, true), std::nullopt);
}

TEST(HealthRuleTest, NothingIsKnownAtTheStart) {
  HealthRule rule({.failures = 2, .successes = 2}, t0);
  EXPECT_EQ(rule.OnAnswer(t0, true), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), std::nullopt);
  EXPECT_EQ(rule.OnAnswer(t0, false), State::kFailing);
}

TEST(HealthRuleTest, FailuresWhileItStartsDoNotCountUntilItWasWell) {
  const HealthTimes times{.failures = 2, .successes = 1, .start = 30s};
  HealthRule slow(times, t0);
  EXPECT_EQ(slow.OnAnswer(t0 + 28s, false), std::nullopt);
  EXPECT_EQ(slow.OnAnswer(t0 + 29999ms, false), std::nullopt);
  EXPECT_EQ(slow.OnAnswer(t0 + 30s, false), std::nullopt) << "the first that counts";
  EXPECT_EQ(slow.OnAnswer(t0 + 31s, false), State::kFailing);

  HealthRule quick(times, t0);
  EXPECT_EQ(quick.OnAnswer(t0 + 1s, true), State::kWell);
  EXPECT_EQ(quick.OnAnswer(t0 + 2s, false), std::nullopt);
  EXPECT_EQ(quick.OnAnswer(t0 + 3s, false), State::kFailing)
      << "the start is over once it was well";
}

TEST(HealthRuleTest, TheNextCheckIsDueAnIntervalAfterTheLastWasSent) {
  const HealthRule rule({.interval = 2s}, t0);
  EXPECT_EQ(rule.NextAfter(t0 + 1s), t0 + 3s);
}

}  // namespace
}  // namespace bellwether::cli
