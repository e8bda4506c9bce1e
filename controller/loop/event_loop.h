// The one place with a thread per shard: RPC completions, timers and posted tasks all arrive on the
// thread that calls Run, so shard state needs no lock. Above this room nobody sees a
// completion-queue tag.
//
// Order at the end: Stop (any thread), then Run returns; the destructor drains what RPCs are still
// under way. Calls must have been cancelled by their owners, or it waits for them.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "loop/scheduler.h"

namespace bellwether {

// One operation under way on the completion queue. The owner keeps it alive until Complete has been
// called.
class Completion {
 public:
  virtual ~Completion() = default;
  virtual void Complete(bool ok) = 0;
};

class EventLoop final : public Scheduler {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  MonotonicTime Now() const override { return BootClock::now(); }
  void Post(Task task) override;
  TimerId At(MonotonicTime when, Task task) override;
  void Cancel(TimerId timer) override;

  // Blocks the calling thread, which becomes the shard's, until Stop.
  void Run();
  // From any thread; tasks posted before it still run.
  void Stop();

  // Tags given to it must be Completion*.
  grpc::CompletionQueue& queue() { return queue_; }

 private:
  class Wake;

  void RunPosted();
  void RunDueTimers();
  MonotonicTime NextWake() const;

  grpc::CompletionQueue queue_;

  std::mutex mutex_;  // guards the three below
  std::vector<Task> posted_;
  bool wake_pending_ = false;
  bool stopped_ = false;

  std::unique_ptr<Wake> wake_;
  std::map<std::pair<MonotonicTime, uint64_t>, Task> timers_;
  std::map<uint64_t, MonotonicTime> timer_times_;
  uint64_t last_timer_ = 0;
};

}  // namespace bellwether
