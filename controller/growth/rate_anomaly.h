// A write rate far above the usual: worth looking who writes, whatever the quota says.
#pragma once

#include <optional>

#include "base/time.h"
#include "growth/rate.h"

namespace bellwether::growth {

// Above 20 revisions/s and five times the usual, for 5 minutes; over after 5 minutes below. The
// usual is what it was when the anomaly began, else a long one would become the usual itself; after
// 6 hours it is.
class RateAnomaly {
 public:
  // Readings in the order of time, from when `usual` means something.
  void Add(MonotonicTime now, double revisions_per_second, double usual_per_second);
  // Since when; unset while there is none.
  std::optional<MonotonicTime> since() const { return active_ ? begun_ : std::nullopt; }
  double usual_per_second() const { return usual_per_second_; }

 private:
  std::optional<MonotonicTime> begun_;
  std::optional<MonotonicTime> calm_since_;
  bool active_ = false;
  double usual_per_second_ = 0;
};

}  // namespace bellwether::growth
