#include "etcd/keepalive_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr LeaseId kA{1};
constexpr LeaseId kB{2};
constexpr MonotonicTime kStart{100s};

TEST(KeepaliveScheduleTest, RenewsAtAThirdOfTheTtl) {
  KeepaliveSchedule schedule;
  schedule.Add(kA, 15s, kStart + 5s);
  EXPECT_THAT(schedule.TakeDue(kStart + 4s), IsEmpty());
  EXPECT_THAT(schedule.TakeDue(kStart + 5s), ElementsAre(kA));
  EXPECT_EQ(schedule.next_due(), kStart + 10s);
}

TEST(KeepaliveScheduleTest, AnAnswerCountsFromTheOldestRequestOfItsLease) {
  KeepaliveSchedule schedule;
  schedule.Add(kA, 15s, kStart);
  schedule.Add(kB, 15s, kStart);
  EXPECT_THAT(schedule.TakeDue(kStart), ElementsAre(kA, kB));
  EXPECT_THAT(schedule.TakeDue(kStart + 5s), ElementsAre(kA, kB));
  EXPECT_EQ(schedule.OnAnswer(kB, 15s), kStart);
  EXPECT_EQ(schedule.OnAnswer(kA, 15s), kStart);
  EXPECT_EQ(schedule.OnAnswer(kA, 15s), kStart + 5s);
  EXPECT_EQ(schedule.OnAnswer(kA, 15s), std::nullopt) << "an answer to nothing";
  EXPECT_EQ(schedule.oldest_unanswered(), kStart + 5s);
}

TEST(KeepaliveScheduleTest, ABrokenStreamMakesDueWhatHadNoAnswer) {
  KeepaliveSchedule schedule;
  schedule.Add(kA, 15s, kStart);
  schedule.Add(kB, 15s, kStart);
  schedule.TakeDue(kStart);
  schedule.OnAnswer(kA, 15s);
  schedule.OnStreamBroken(kStart + 1s);
  EXPECT_EQ(schedule.oldest_unanswered(), std::nullopt);
  EXPECT_THAT(schedule.TakeDue(kStart + 1s), ElementsAre(kB));
  EXPECT_EQ(schedule.OnAnswer(kB, 15s), kStart + 1s) << "the first send died with its stream";
}

TEST(KeepaliveScheduleTest, ARemovedLeaseLeavesNothingBehind) {
  KeepaliveSchedule schedule;
  schedule.Add(kA, 15s, kStart);
  schedule.TakeDue(kStart);
  schedule.Remove(kA);
  EXPECT_TRUE(schedule.empty());
  EXPECT_EQ(schedule.next_due(), std::nullopt);
  EXPECT_EQ(schedule.oldest_unanswered(), std::nullopt);
}

}  // namespace
}  // namespace bellwether::etcd
