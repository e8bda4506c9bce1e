// Growth of what compaction leaves: live data, which only its owner can stop.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "growth/compactions.h"
#include "growth/theil_sen.h"

namespace bellwether::growth {

// Looks at the floors of the last 24 compactions and of the last 24 hours: a fast growth shows in
// the first, one of a few MiB an hour in the second only.
//
// History that is kept is part of a floor, and follows the write rate: a working day's morning
// looks like growth. So the data without it must grow too.
class LiveGrowth {
 public:
  LiveGrowth();
  void Add(const CompactionFloor& floor);
  // The fastest growth that is sure and has added `least_bytes`; unset if there is none.
  std::optional<double> BytesPerSecond(double least_bytes) const;

 private:
  struct Scale {
    double bucket_s;  // one point in each: its least. 0 = every compaction is a point
    std::deque<TimedValue> floors;
    std::deque<TimedValue> live;
    std::optional<Slope> floors_slope;
    std::optional<Slope> live_slope;
  };
  std::array<Scale, 2> scales_;
};

}  // namespace bellwether::growth
