#include "growth/live_growth.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "growth/rate.h"

namespace bellwether::growth {
namespace {

constexpr size_t kPoints = 24;
constexpr size_t kEnoughPoints = 6;

void AddPoint(std::deque<TimedValue>& points, double bucket_s, TimedValue point) {
  if (bucket_s > 0) {
    point.at_s = std::floor(point.at_s / bucket_s) * bucket_s;
    if (!points.empty() && points.back().at_s == point.at_s) {
      points.back().value = std::min(points.back().value, point.value);
      return;
    }
  }
  points.push_back(point);
  if (points.size() > kPoints) points.pop_front();
}

std::optional<Slope> SlopeOf(const std::deque<TimedValue>& points) {
  if (points.size() < kEnoughPoints) return std::nullopt;
  return TheilSen(std::vector<TimedValue>(points.begin(), points.end()));
}

}  // namespace

LiveGrowth::LiveGrowth() : scales_{{{.bucket_s = 0}, {.bucket_s = 3600}}} {}

void LiveGrowth::Add(const CompactionFloor& floor) {
  const double at_s = Seconds(floor.at.time_since_epoch()).count();
  for (Scale& scale : scales_) {
    AddPoint(scale.floors, scale.bucket_s, {at_s, floor.floor_bytes});
    AddPoint(scale.live, scale.bucket_s, {at_s, floor.live_bytes});
    scale.floors_slope = SlopeOf(scale.floors);
    scale.live_slope = SlopeOf(scale.live);
  }
}

std::optional<double> LiveGrowth::BytesPerSecond(double least_bytes) const {
  std::optional<double> fastest;
  for (const Scale& scale : scales_) {
    if (!scale.floors_slope || !scale.live_slope) continue;
    if (!scale.floors_slope->RisesBy(least_bytes) || !scale.live_slope->RisesBy(least_bytes)) {
      continue;
    }
    const double both = std::min(scale.floors_slope->median_per_s, scale.live_slope->median_per_s);
    fastest = std::max(fastest.value_or(0), both);
  }
  return fastest;
}

}  // namespace bellwether::growth
