#include "growth/series.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace bellwether::growth {
namespace {

constexpr uint32_t kRetainedUnknown = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max() - 1;

uint32_t Kib(int64_t bytes) {
  const int64_t kib = bytes / 1024 + (bytes % 1024 > 0 ? 1 : 0);
  return static_cast<uint32_t>(std::clamp<int64_t>(kib, 0, kMost));
}

uint32_t Retained(const MemberSample& sample) {
  if (!sample.compact_revision) return kRetainedUnknown;
  const int64_t retained = sample.revision.value - sample.compact_revision->value;
  return static_cast<uint32_t>(std::clamp<int64_t>(retained, 0, kMost));
}

bool Fits(int64_t difference) { return difference >= 0 && difference <= int64_t{kMost}; }

}  // namespace

void Series::Place::Move(const Packed& by) {
  step += by.steps;
  revision += by.revisions;
  raft_applied_index += by.raft_entries;
}

Series::Series(Nanoseconds step, size_t capacity) : step_(step), capacity_(capacity) {
  BW_CHECK(step.count() > 0 && capacity > 0);
  packed_.reserve(capacity_);
}

void Series::Begin(const Place& place, Packed point) {
  packed_.clear();
  oldest_ = 0;
  before_oldest_ = place;
  before_newest_ = place;
  packed_.push_back(point);
}

void Series::Add(const MemberSample& sample) {
  Packed point{.size_kib = Kib(sample.db_size_bytes),
               .in_use_kib = Kib(sample.db_size_in_use_bytes),
               .retained = Retained(sample)};
  const Place place{.step = sample.at.time_since_epoch() / step_,
                    .revision = sample.revision.value,
                    .raft_applied_index = sample.raft_applied_index};
  if (packed_.empty()) return Begin(place, point);

  Place newest_place = before_newest_;
  newest_place.Move(newest());
  const bool same_step = place.step == newest_place.step;
  const Place& base = same_step ? before_newest_ : newest_place;
  const int64_t steps = place.step - base.step;
  const int64_t revisions = place.revision - base.revision;
  const uint64_t raft_entries = place.raft_applied_index - base.raft_applied_index;
  // What is further apart than that is no past of this: another store, or nonsense.
  if (!Fits(steps) || !Fits(revisions) || raft_entries > kMost) return Begin(place, point);
  point.steps = static_cast<uint32_t>(steps);
  point.revisions = static_cast<uint32_t>(revisions);
  point.raft_entries = static_cast<uint32_t>(raft_entries);
  if (same_step) {
    point.in_use_kib = std::max(point.in_use_kib, newest().in_use_kib);
    point.size_kib = std::max(point.size_kib, point.in_use_kib);
    newest() = point;
    return;
  }
  before_newest_ = newest_place;
  if (packed_.size() < capacity_) {
    packed_.push_back(point);
    return;
  }
  before_oldest_.Move(packed_[oldest_]);
  packed_[oldest_] = point;
  oldest_ = (oldest_ + 1) % capacity_;
}

std::vector<SeriesPoint> Series::Points(MonotonicTime from) const {
  std::vector<SeriesPoint> points;
  Place place = before_oldest_;
  for (size_t i = 0; i < packed_.size(); ++i) {
    const Packed& packed = packed_[(oldest_ + i) % packed_.size()];
    place.Move(packed);
    const MonotonicTime at{place.step * step_};
    if (at + step_ <= from) continue;
    SeriesPoint point{.at = at,
                      .revision = {place.revision},
                      .raft_applied_index = place.raft_applied_index,
                      .db_size_bytes = int64_t{packed.size_kib} * 1024,
                      .db_size_in_use_bytes = int64_t{packed.in_use_kib} * 1024};
    if (packed.retained != kRetainedUnknown) {
      point.compact_revision = Revision{std::max<int64_t>(0, place.revision - packed.retained)};
    }
    points.push_back(point);
  }
  return points;
}

}  // namespace bellwether::growth
