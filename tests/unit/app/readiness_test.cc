#include "app/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr MonotonicTime kNow{1000s};

election::Freshness Fresh() {
  return {.loaded = true, .revision = {7}, .as_of = kNow - 1s, .watching = true};
}

growth::ClusterStatus Of(growth::MemberStatus member) {
  return {.name = "main", .members = {std::move(member)}};
}

// The names of the checks that fail.
std::vector<std::string> Failing(const http::Readiness& readiness) {
  std::vector<std::string> names;
  for (const auto& check : readiness.checks) {
    EXPECT_EQ(check.ok, check.why.empty()) << check.name;
    if (!check.ok) names.push_back(check.name);
  }
  EXPECT_EQ(readiness.ok(), names.empty());
  return names;
}

TEST(ReadinessTest, ReadyWhileTheViewsAreFresh) {
  EXPECT_THAT(Failing(Assess(kNow, Fresh(), nullptr)), IsEmpty());
  EXPECT_THAT(Failing(Assess(kNow + 2s, Fresh(), nullptr)), IsEmpty());
}

TEST(ReadinessTest, AtTheStartNothingIsKnown) {
  const auto readiness = Assess(kNow, {}, nullptr);
  EXPECT_THAT(Failing(readiness), ElementsAre("etcd", "elections", "watch"));
  EXPECT_EQ(readiness.checks[0].why, "etcd has not confirmed anything yet");
  // Also when the machine has only just started and the clock with it.
  EXPECT_THAT(Failing(Assess(MonotonicTime(1s), {}, nullptr)),
              ElementsAre("etcd", "elections", "watch"));
}

TEST(ReadinessTest, NamesHowLongEtcdIsSilentAndWhatItsMembersSaid) {
  const auto status = Of({.endpoint = "http://m:1", .error = "Status on http://m:1: refused"});
  const auto readiness = Assess(kNow + 11s, Fresh(), &status);
  EXPECT_THAT(Failing(readiness), ElementsAre("etcd"));
  EXPECT_EQ(readiness.checks[0].why,
            "etcd has not confirmed what is known here for 12s: Status on http://m:1: refused");
}

TEST(ReadinessTest, ABrokenWatchIsNotReadyAlthoughEtcdAnswers) {
  election::Freshness freshness = Fresh();
  freshness.watching = false;
  EXPECT_THAT(Failing(Assess(kNow, freshness, nullptr)), ElementsAre("watch"));
}

TEST(ReadinessTest, WarnsOfInvalidTokensAndOldServersWithoutFailing) {
  election::Freshness freshness = Fresh();
  freshness.tokens_invalid = true;
  const auto old = Of({.endpoint = "http://m:1", .reachable = true, .version = "3.4.23"});
  const auto readiness = Assess(kNow, freshness, &old);
  EXPECT_TRUE(readiness.ok());
  ASSERT_EQ(readiness.warnings.size(), 2u);
  EXPECT_THAT(readiness.warnings[0], HasSubstr("fencing tokens from before mean nothing"));
  EXPECT_THAT(readiness.warnings[1], HasSubstr("etcd 3.4.23 at http://m:1"));
  const auto safe = Of({.endpoint = "http://m:1", .reachable = true, .version = "3.5.35"});
  EXPECT_THAT(Assess(kNow, Fresh(), &safe).warnings, IsEmpty());
}

}  // namespace
}  // namespace bellwether::app
