#include "loop/event_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace bellwether {

// A past-due alarm: the way to interrupt AsyncNext from another thread.
class EventLoop::Wake final : public Completion {
 public:
  explicit Wake(EventLoop& loop) : loop_(loop) {}
  void Ring() { alarm_.Set(&loop_.queue_, gpr_now(GPR_CLOCK_MONOTONIC), this); }
  void Complete(bool) override {
    const std::lock_guard lock(loop_.mutex_);
    loop_.wake_pending_ = false;
  }

 private:
  EventLoop& loop_;
  grpc::Alarm alarm_;
};

EventLoop::EventLoop() : wake_(std::make_unique<Wake>(*this)) {}

EventLoop::~EventLoop() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  // A wake that nobody waited for any more is among what is drained, so it goes last.
  while (queue_.Next(&tag, &ok)) static_cast<Completion*>(tag)->Complete(false);
  wake_.reset();
}

void EventLoop::Post(Task task) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  if (std::exchange(wake_pending_, true)) return;
  wake_->Ring();
}

Scheduler::TimerId EventLoop::At(MonotonicTime when, Task task) {
  const uint64_t id = ++last_timer_;
  timers_.emplace(std::pair(when, id), std::move(task));
  timer_times_.emplace(id, when);
  return {id};
}

void EventLoop::Cancel(TimerId timer) {
  const auto found = timer_times_.find(timer.value);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, timer.value});
  timer_times_.erase(found);
}

void EventLoop::Stop() {
  Post([this] {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  });
}

void EventLoop::Run() {
  for (;;) {
    RunPosted();
    RunDueTimers();
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
    }
    const auto wait = std::max(Nanoseconds(0), NextWake() - Now());
    const gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(wait.count(), GPR_TIMESPAN));
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue_.AsyncNext(&tag, &ok, deadline);
    BW_CHECK(next != grpc::CompletionQueue::SHUTDOWN);
    if (next == grpc::CompletionQueue::GOT_EVENT) static_cast<Completion*>(tag)->Complete(ok);
  }
}

void EventLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

void EventLoop::RunDueTimers() {
  // Timers set while these run wait for the next round, or a task that re-arms itself for "now"
  // would starve the queue.
  const MonotonicTime now = Now();
  const uint64_t newest = last_timer_;
  auto next = timers_.begin();
  while (next != timers_.end() && next->first.first <= now) {
    if (next->first.second > newest) {
      ++next;
      continue;
    }
    const Task task = std::move(next->second);
    timer_times_.erase(next->first.second);
    timers_.erase(next);
    task();
    next = timers_.begin();
  }
}

MonotonicTime EventLoop::NextWake() const {
  // The queue waits on CLOCK_MONOTONIC, which stands still while the machine sleeps; a look each
  // second notices that CLOCK_BOOTTIME has gone on.
  const MonotonicTime look = Now() + std::chrono::seconds(1);
  return timers_.empty() ? look : std::min(look, timers_.begin()->first.first);
}

}  // namespace bellwether
