// The compactions of one member: when they came, when the next is due, what they leave.
//
// They are told by the compact revision, or else by falls of the size in use. etcd does not tell
// how it is configured to compact, so the interval is learnt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.h"
#include "growth/in_use_drops.h"
#include "growth/member_sample.h"
#include "growth/rate.h"

namespace bellwether::growth {

// What somebody who knows says of compaction.
enum class CompactionHint {
  kAuto,        // it is there; how often is to be learnt
  kKubernetes,  // a kube-apiserver compacts every 5 minutes
  kNone,        // nothing compacts
};

// What one compaction left, once its floor is known.
struct CompactionFloor {
  MonotonicTime at;
  double floor_bytes = 0;  // the least in use after it: live data and history that is kept
  // The floor before it without the history that was kept then: how much that was is known from
  // what the next compaction freed.
  double live_bytes = 0;
};

class Compactions {
 public:
  Compactions(CompactionHint hint, const MemberSample& first);

  // Each reading with the one before it. `gap`: so long apart that compactions between the two may
  // have been missed. True when the growth between the two is that of revisions alone.
  bool Add(const MemberSample& before, const MemberSample& now, bool gap);
  // Each floor once.
  std::optional<CompactionFloor> TakeFloor();

  // Compactions seen since the first reading.
  uint64_t count() const { return count_; }
  // Until when there was nothing worth a compaction.
  MonotonicTime history_since() const { return history_since_; }
  // The rest is of meaning once there was one.
  MonotonicTime last_at() const { return last_at_; }
  // The median of the newest 24; after a single compaction, an hour at least.
  Seconds interval() const;
  // How many intervals have passed since there was history worth a compaction and none came.
  double Overdue(MonotonicTime now) const;
  double floor_bytes() const { return floor_bytes_; }
  // From the floor to the highest point between two compactions.
  double swing_bytes() const { return swing_bytes_; }
  double peak_bytes() const { return peak_before_bytes_; }  // right before the last one
  double live_bytes() const { return live_bytes_; }
  // How much history there was right before the last one; unset without compact revisions.
  std::optional<double> retained_revisions() const { return retained_revisions_; }

 private:
  void OnCompaction(const MemberSample& before, const MemberSample& now);
  void OnGap(const MemberSample& now, bool compacted);
  void Track(const MemberSample& now);
  void Settle();

  const CompactionHint hint_;
  const MonotonicTime started_at_;
  InUseDrops drops_;
  uint64_t count_ = 0;
  MonotonicTime first_at_;
  MonotonicTime last_at_;
  MonotonicTime history_since_;    // until then there was nothing worth a compaction
  std::deque<Seconds> intervals_;  // the newest
  bool interval_known_ = false;    // no gap since the last compaction

  // Since the last compaction.
  double floor_bytes_ = 0;
  double peak_bytes_ = 0;
  bool settled_ = true;  // the floor is final
  Revision revision_at_;
  std::optional<Revision> compact_at_;

  // Of the last compaction.
  bool floor_before_known_ = false;
  double floor_before_bytes_ = 0;
  double peak_before_bytes_ = 0;
  double kept_share_ = 1;  // history kept by the compaction before, over what this one freed
  double swing_bytes_ = 0;
  double live_bytes_ = 0;
  std::optional<double> retained_revisions_;
  std::optional<CompactionFloor> floor_;
};

}  // namespace bellwether::growth
