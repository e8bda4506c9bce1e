// The wall clock (CLOCK_REALTIME) of a simulation: code under test that asks the system for the
// time of day gets simulated time, which can be stepped. Reads of the machine's real CLOCK_BOOTTIME
// are counted, for there must be none: whatever decides takes the time from its Scheduler.
#pragma once

#include <chrono>
#include <cstdint>

#include "support/sim_world.h"

namespace bellwether::sim {

// While it lives, on this thread. One at a time.
class WallClock {
 public:
  explicit WallClock(const World& world);
  ~WallClock();
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  void Step(std::chrono::hours by) { offset_ += by; }
  Nanoseconds SinceEpoch() const;
  void CountBootRead() { ++boot_reads_; }
  uint64_t boot_reads() const { return boot_reads_; }

 private:
  const World& world_;
  Nanoseconds offset_{std::chrono::hours(24 * 365 * 50)};
  uint64_t boot_reads_ = 0;
};

}  // namespace bellwether::sim
