// The recent past of one member in bounded memory, for charts and for replicas that start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "growth/member_sample.h"

namespace bellwether::growth {

// The last reading of a stretch of time, but the most in use of all its readings: what counts
// against the quota is the top of the saw's teeth.
struct SeriesPoint {
  MonotonicTime at;  // the start of the stretch
  Revision revision;
  uint64_t raft_applied_index = 0;
  int64_t db_size_bytes = 0;  // sizes to whole KiB, rounded up
  int64_t db_size_in_use_bytes = 0;
  std::optional<Revision> compact_revision;
};

// One point for each `step` in which there was a reading, the newest `capacity` of them. A point
// takes 24 bytes; all of them are taken at the start.
class Series {
 public:
  Series(Nanoseconds step, size_t capacity);
  // In the order of time.
  void Add(const MemberSample& sample);
  // Oldest first.
  std::vector<SeriesPoint> Points(MonotonicTime from) const;
  size_t size() const { return packed_.size(); }
  size_t bytes() const { return packed_.capacity() * sizeof(Packed); }

 private:
  // Counters as the difference to the point before, sizes in KiB.
  struct Packed {
    uint32_t steps = 0;
    uint32_t revisions = 0;
    uint32_t raft_entries = 0;
    uint32_t size_kib = 0;
    uint32_t in_use_kib = 0;
    uint32_t retained = 0;  // revisions since the compact revision; kRetainedUnknown
  };
  // A point's place on the absolute scales.
  struct Place {
    int64_t step = 0;
    int64_t revision = 0;
    uint64_t raft_applied_index = 0;
    void Move(const Packed& by);
  };

  void Begin(const Place& place, Packed point);
  Packed& newest() { return packed_[(oldest_ + packed_.size() - 1) % packed_.size()]; }

  const Nanoseconds step_;
  const size_t capacity_;
  std::vector<Packed> packed_;  // a ring once it is full
  size_t oldest_ = 0;
  Place before_oldest_;
  Place before_newest_;
};

}  // namespace bellwether::growth
