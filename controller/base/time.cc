#include "base/time.h"

#include <time.h>

#include <cstdio>

namespace bellwether {

BootClock::time_point BootClock::now() {
  timespec ts{};
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return time_point(std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec));
}

std::string Rfc3339(WallTime t) {
  const auto ms = std::chrono::floor<Milliseconds>(t.time_since_epoch());
  const auto s = std::chrono::floor<std::chrono::seconds>(ms);
  const time_t seconds = static_cast<time_t>(s.count());
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>((ms - s).count()));
  return text;
}

}  // namespace bellwether
