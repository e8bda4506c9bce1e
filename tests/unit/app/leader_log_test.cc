#include "app/leader_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/log.h"

namespace bellwether::app {
namespace {

using election::ElectionPtr;
using election::ElectionView;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

ElectionView Led(const std::string& by, int64_t token) {
  ElectionView view{.ns = "batch", .name = "report"};
  view.queue.push_back({.id = by, .create_revision = {token}});
  return view;
}

ElectionPtr Share(ElectionView view) { return std::make_shared<const ElectionView>(view); }

// What the log says of it.
std::string Told(LeaderLog& log, const ElectionPtr& before, const ElectionPtr& after) {
  testing::internal::CaptureStderr();
  log.OnChange({.before = before, .after = after});
  EXPECT_TRUE(log::Flush(std::chrono::minutes(1)));
  return testing::internal::GetCapturedStderr();
}

TEST(LeaderLogTest, NamesTheNewLeaderItsTokenThePreviousOneAndTheTimeBetween) {
  LeaderLog log;
  ElectionView next = Led("b", 9);
  next.last_failover = Milliseconds(12);
  EXPECT_THAT(
      Told(log, Share(Led("a", 7)), Share(next)),
      AllOf(HasSubstr("leader changed"), HasSubstr("election=batch/report"), HasSubstr("leader=b"),
            HasSubstr("token=9"), HasSubstr("previous=a"), HasSubstr("after_ms=12")));
}

TEST(LeaderLogTest, RemembersThePreviousLeaderWhileNobodyLeads) {
  LeaderLog log;
  EXPECT_THAT(Told(log, Share(Led("a", 7)), nullptr),
              AllOf(HasSubstr("leader gone"), HasSubstr("previous=a")));
  ElectionView next = Led("b", 9);
  next.last_failover = Milliseconds(5000);
  EXPECT_THAT(Told(log, nullptr, Share(next)),
              AllOf(HasSubstr("leader=b"), HasSubstr("previous=a")));
  // Once.
  next.last_failover.reset();
  EXPECT_THAT(Told(log, nullptr, Share(next)), Not(HasSubstr("previous")));
}

TEST(LeaderLogTest, LeadersThatWereThereBeforeAreNoChange) {
  LeaderLog log;
  ElectionView found = Led("a", 7);
  found.since_is_lower_bound = true;
  EXPECT_EQ(Told(log, nullptr, Share(found)), "");
}

}  // namespace
}  // namespace bellwether::app
