#include "sim/wall_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

namespace bellwether::sim {
namespace {

thread_local WallClock* in_use = nullptr;

}  // namespace

WallClock::WallClock(const World& world) : world_(world) {
  BW_CHECK(in_use == nullptr);
  in_use = this;
}

WallClock::~WallClock() { in_use = nullptr; }

Nanoseconds WallClock::SinceEpoch() const { return world_.now().time_since_epoch() + offset_; }

// Takes the place of libc's for this whole program.
extern "C" int clock_gettime(clockid_t clock, timespec* out) noexcept {
  if (in_use != nullptr && clock == CLOCK_REALTIME) {
    const Nanoseconds t = in_use->SinceEpoch();
    out->tv_sec = static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(t).count());
    out->tv_nsec = static_cast<long>((t % std::chrono::seconds(1)).count());
    return 0;
  }
  if (in_use != nullptr && clock == CLOCK_BOOTTIME) in_use->CountBootRead();
  return static_cast<int>(syscall(SYS_clock_gettime, clock, out));
}

}  // namespace bellwether::sim
