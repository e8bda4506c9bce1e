// How fast a counter grows.
#pragma once

#include <chrono>

namespace bellwether::growth {

using Seconds = std::chrono::duration<double>;

// The speed over about the last `window`: time further back counts ever less (exponentially). What
// is known of the time before the first interval is nothing, not zero, so the mean is right from
// the first interval on. A long interval (the monitor was down) counts with its length, so its mean
// replaces what was known before.
class DecayingRate {
 public:
  explicit DecayingRate(Seconds window) : window_(window) {}
  // `elapsed` > 0.
  void Add(double amount, Seconds elapsed);
  // 0 before the first interval.
  double per_second() const { return weight_ > 0 ? sum_ / weight_ : 0; }

 private:
  const Seconds window_;
  double sum_ = 0;
  double weight_ = 0;  // up to 1: how much of the window has been seen
};

}  // namespace bellwether::growth
