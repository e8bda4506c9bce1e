#include "loop/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace bellwether {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(EventLoopTest, RunsPostedTasksInOrderOnTheRunningThread) {
  EventLoop loop;
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  loop.Post([&] { order.push_back(1); });
  loop.Post([&] {
    order.push_back(2);
    threads.push_back(std::this_thread::get_id());
    loop.Stop();
  });
  std::thread shard([&] { loop.Run(); });
  const std::thread::id shard_id = shard.get_id();
  shard.join();
  EXPECT_THAT(order, ElementsAre(1, 2));
  EXPECT_THAT(threads, ElementsAre(shard_id));
}

TEST(EventLoopTest, APostFromAnotherThreadWakesASleepingLoop) {
  EventLoop loop;
  int ran = 0;
  std::thread shard([&] { loop.Run(); });
  for (int i = 0; i < 1000; ++i) loop.Post([&] { ++ran; });
  loop.Stop();
  shard.join();
  EXPECT_EQ(ran, 1000);
}

TEST(EventLoopTest, RunsTimersInTheOrderOfTheirTimesAndNotACancelledOne) {
  EventLoop loop;
  std::vector<int> order;
  const MonotonicTime t0 = loop.Now();
  loop.At(t0 + 20ms, [&] { order.push_back(2); });
  loop.At(t0 + 10ms, [&] { order.push_back(1); });
  const auto cancelled = loop.At(t0 + 15ms, [&] { order.push_back(99); });
  loop.At(t0 + 30ms, [&] { loop.Stop(); });
  loop.Cancel(cancelled);
  loop.Run();
  EXPECT_THAT(order, ElementsAre(1, 2));
  EXPECT_GE(loop.Now() - t0, 30ms);
}

TEST(EventLoopTest, ATimerThatReArmsItselfForNowDoesNotStarvePosts) {
  EventLoop loop;
  std::function<void()> again = [&] { loop.At(loop.Now(), again); };
  loop.At(loop.Now(), again);
  loop.At(loop.Now() + 5ms, [&] { loop.Stop(); });
  loop.Run();
}

TEST(TimerTest, ANewTimeReplacesTheOldOneAndTheEndOfItsOwnerCancelsIt) {
  EventLoop loop;
  int ran = 0;
  {
    Timer gone(loop);
    gone.Set(loop.Now(), [&] { ran += 100; });
  }
  Timer timer(loop);
  timer.Set(loop.Now(), [&] { ran += 10; });
  timer.Set(loop.Now() + 1ms, [&] { ++ran; });
  loop.At(loop.Now() + 5ms, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(timer.armed());
}

TEST(ScopeTest, BoundCallbacksDoNothingAfterTheirOwner) {
  int ran = 0;
  auto scope = std::make_unique<Scope>();
  auto bound = scope->Bind([&](int by) { ran += by; });
  bound(2);
  scope->Reset();
  bound(20);
  auto after_reset = scope->Bind([&] { ran += 200; });
  scope.reset();
  after_reset();
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace bellwether
