#include "growth/theil_sen.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bellwether::growth {

std::optional<Slope> TheilSen(std::span<const TimedValue> points) {
  std::vector<double> slopes;
  for (size_t i = 0; i < points.size(); ++i) {
    for (size_t j = i + 1; j < points.size(); ++j) {
      const double elapsed_s = points[j].at_s - points[i].at_s;
      if (elapsed_s > 0) slopes.push_back((points[j].value - points[i].value) / elapsed_s);
    }
  }
  if (slopes.empty()) return std::nullopt;
  std::sort(slopes.begin(), slopes.end());
  const size_t n = slopes.size();
  return Slope{
      .median_per_s = (slopes[(n - 1) / 2] + slopes[n / 2]) / 2,
      .lower_quartile_per_s = slopes[(n - 1) / 4],
      .span_s = points.back().at_s - points.front().at_s,
  };
}

}  // namespace bellwether::growth
