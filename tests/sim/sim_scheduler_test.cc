#include "support/sim_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

void RunAll(World& world) {
  while (world.Step()) {
  }
}

TEST(SimSchedulerTest, RunsPostedTasksInTheirOrderAndNeverInsideTheCall) {
  World world(1);
  SimScheduler scheduler(world, {});
  std::vector<int> ran;
  for (int i = 0; i < 5; ++i) scheduler.Post([&ran, i] { ran.push_back(i); });
  EXPECT_THAT(ran, IsEmpty());
  RunAll(world);
  EXPECT_THAT(ran, ElementsAre(0, 1, 2, 3, 4));
}

TEST(SimSchedulerTest, RunsATimerNotBeforeItsTimeOnAClockThatIsOff) {
  for (const int64_t rate_ppm : {-10000, 0, 333, 10000}) {
    World world(2);
    SimScheduler scheduler(world, {.origin = 77h, .rate_ppm = rate_ppm});
    const MonotonicTime due = scheduler.Now() + 10s;
    std::optional<MonotonicTime> ran;
    scheduler.At(due, [&] { ran = scheduler.Now(); });
    RunAll(world);
    ASSERT_TRUE(ran.has_value());
    EXPECT_GE(*ran, due);
    EXPECT_LT(*ran, due + 50ms);
  }
}

TEST(SimSchedulerTest, NeverRunsACancelledTimerEvenWhenItWasDueAlready) {
  World world(3);
  SimScheduler scheduler(world, {});
  bool ran = false;
  const auto timer = scheduler.At(scheduler.Now() + 1s, [&] { ran = true; });
  scheduler.Pause();
  RunAll(world);
  scheduler.Cancel(timer);
  scheduler.Resume();
  RunAll(world);
  EXPECT_FALSE(ran);
}

TEST(SimSchedulerTest, APausedProcessWaitsWhileItsClockGoesOn) {
  World world(4);
  SimScheduler scheduler(world, {});
  std::vector<int> ran;
  const MonotonicTime before = scheduler.Now();
  scheduler.Pause();
  scheduler.Post([&] { ran.push_back(1); });
  scheduler.At(before + 1s, [&] { ran.push_back(2); });
  world.After(10s, [] {});
  RunAll(world);
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_EQ(scheduler.Now(), before + 10s);
  scheduler.Resume();
  RunAll(world);
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST(SimSchedulerTest, AKilledProcessRunsNothingMore) {
  World world(5);
  SimScheduler scheduler(world, {});
  bool ran = false;
  scheduler.Post([&] { ran = true; });
  scheduler.At(scheduler.Now() + 1s, [&] { ran = true; });
  scheduler.Kill();
  RunAll(world);
  EXPECT_FALSE(ran);
}

TEST(SimWorldTest, TheSeedAloneDecidesTheOrder) {
  const auto run = [](uint64_t seed) {
    World world(seed);
    std::vector<int> ran;
    for (int i = 0; i < 8; ++i) world.After(1s, [&ran, i] { ran.push_back(i); });
    RunAll(world);
    return ran;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace bellwether::sim
