// A line through points that a few outliers do not bend.
#pragma once

#include <optional>
#include <span>

namespace bellwether::growth {

struct TimedValue {
  double at_s = 0;
  double value = 0;
};

struct Slope {
  double median_per_s = 0;          // Theil-Sen: of the slopes of all pairs of points
  double lower_quartile_per_s = 0;  // above 0: nearly all of the time there was growth
  double span_s = 0;                // from the first to the last point

  // Sure to grow, and by at least so much.
  bool RisesBy(double bytes) const {
    return lower_quartile_per_s > 0 && median_per_s * span_s > bytes;
  }
};

// Unset for fewer than two points of time. Points in the order of time; the work grows with the
// square of their number.
std::optional<Slope> TheilSen(std::span<const TimedValue> points);

}  // namespace bellwether::growth
