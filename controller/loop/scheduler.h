// What code on a shard may ask of time: the clock, a timer, "later on this thread". The real one is
// EventLoop; the simulator and tests put a clock of their own behind it, so that everything above
// runs unchanged in simulated time.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.h"
#include "loop/scope.h"

namespace bellwether {

using Task = std::function<void()>;

class Scheduler {
 public:
  struct TimerId {
    uint64_t value = 0;
  };

  virtual ~Scheduler() = default;
  virtual MonotonicTime Now() const = 0;
  // Runs the task on the shard's thread, after what is running now. From any thread.
  virtual void Post(Task task) = 0;
  // Runs the task once, not before `when`. Shard thread only. Never runs inside this call.
  virtual TimerId At(MonotonicTime when, Task task) = 0;
  // Shard thread only. A timer that has run already is ignored.
  virtual void Cancel(TimerId timer) = 0;
};

// One timer that can be moved; ends with its owner. Shard thread only.
class Timer {
 public:
  explicit Timer(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces what was set before.
  void Set(MonotonicTime when, Task task);
  void Cancel();
  bool armed() const { return id_.value != 0; }

 private:
  Scheduler& scheduler_;
  Scheduler::TimerId id_;
};

}  // namespace bellwether
