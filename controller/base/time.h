// Time that does not jump. All deadlines use CLOCK_BOOTTIME: unlike CLOCK_MONOTONIC it goes on
// while the machine sleeps, as etcd's lease does. Wall-clock time is for people's eyes only (RFC
// 3339 in answers and logs).
#pragma once

#include <chrono>
#include <string>

namespace bellwether {

using Milliseconds = std::chrono::milliseconds;
using Nanoseconds = std::chrono::nanoseconds;

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};

using MonotonicTime = BootClock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// "2026-01-31T23:59:59.123Z"
std::string Rfc3339(WallTime t);

}  // namespace bellwether
