// One simulated process as its shard sees it: a clock of its own (CLOCK_BOOTTIME with another
// origin and a slightly wrong rate), timers and posted tasks on the world's queue. Paused, it runs
// nothing while its clock goes on; what came in the meantime runs afterwards. Killed, it never runs
// anything again.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "loop/scheduler.h"
#include "support/sim_world.h"

namespace bellwether::sim {

struct ClockOptions {
  Nanoseconds origin{0};  // what the clock shows at true time 0
  int64_t rate_ppm = 0;   // how much faster than true time it runs
};

class SimScheduler final : public Scheduler {
 public:
  SimScheduler(World& world, ClockOptions clock);
  ~SimScheduler() override;

  MonotonicTime Now() const override { return LocalAt(world_.now()); }
  void Post(Task task) override;
  TimerId At(MonotonicTime when, Task task) override;
  void Cancel(TimerId timer) override;

  void Pause();
  void Resume();
  void Kill();
  bool paused() const;

  MonotonicTime LocalAt(Time true_time) const;
  // The first true time at which the clock shows at least `local`.
  Time TrueAt(MonotonicTime local) const;

 private:
  // Events on the world's queue outlive the process.
  struct Process {
    std::deque<uint64_t> inbox;      // numbers of tasks that are due, in order
    std::map<uint64_t, Task> tasks;  // posted, and timers
    uint64_t last = 0;
    bool paused = false;
  };
  static void RunOne(const std::weak_ptr<Process>& weak);
  void Due(uint64_t number);
  void Wake();

  World& world_;
  const ClockOptions clock_;
  std::shared_ptr<Process> process_;
};

}  // namespace bellwether::sim
