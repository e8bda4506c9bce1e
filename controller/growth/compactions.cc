#include "growth/compactions.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr size_t kIntervalsThatCount = 24;
constexpr Seconds kKubernetesInterval = 5min;
constexpr Seconds kShortestGuess = 1h;
// etcd works a compaction off in batches beside the writes. A floor is not waited for longer than a
// kube-apiserver compacts again.
constexpr Nanoseconds kFloorSettles = 5min;
// Falls this soon after a compaction are its work, also when they are small.
constexpr Nanoseconds kFalls = 2min;
// A history of many compactions is kept by long retention only (8 h, compacted hourly: 8).
constexpr double kMostKept = 24;

double InUse(const MemberSample& sample) {
  return static_cast<double>(sample.db_size_in_use_bytes);
}

double Since(Revision from, Revision to) { return static_cast<double>(to.value - from.value); }

}  // namespace

Compactions::Compactions(CompactionHint hint, const MemberSample& first)
    : hint_(hint),
      started_at_(first.at),
      drops_(InUse(first)),
      history_since_(first.at),
      floor_bytes_(InUse(first)),
      peak_bytes_(InUse(first)) {}

bool Compactions::Add(const MemberSample& before, const MemberSample& now, bool gap) {
  const bool told = before.compact_revision && now.compact_revision;
  // Only defragmentation makes the file smaller. It compacts nothing, but moves what is in use.
  const bool defragmented = now.db_size_bytes < before.db_size_bytes;
  bool dropped = false;
  if (gap || defragmented) {
    drops_ = InUseDrops(InUse(now));
  } else {
    dropped = drops_.Add(InUse(now));
  }
  const bool compacted = told ? *now.compact_revision > *before.compact_revision : dropped;
  if (gap) {
    if (!told || compacted) OnGap(now, compacted);
    Track(now);
    return false;
  }
  if (compacted) {
    OnCompaction(before, now);
    return false;
  }
  Track(now);
  const bool its_work = count_ > 0 && (drops_.falling() || now.at - last_at_ <= kFalls);
  return !defragmented && !(its_work && InUse(now) < InUse(before));
}

void Compactions::OnCompaction(const MemberSample& before, const MemberSample& now) {
  Settle();
  if (count_ > 0 && interval_known_) {
    intervals_.push_back(now.at - last_at_);
    if (intervals_.size() > kIntervalsThatCount) intervals_.pop_front();
  }
  floor_before_known_ = count_ > 0 && interval_known_;
  floor_before_bytes_ = floor_bytes_;
  peak_before_bytes_ = std::max(peak_bytes_, InUse(before));
  retained_revisions_.reset();
  if (before.compact_revision) {
    retained_revisions_ = Since(*before.compact_revision, before.revision);
  }
  kept_share_ = 1;
  if (compact_at_ && now.compact_revision && *now.compact_revision > *compact_at_) {
    kept_share_ = Since(*compact_at_, revision_at_) / Since(*compact_at_, *now.compact_revision);
    kept_share_ = std::clamp(kept_share_, 0.0, kMostKept);
  }

  if (++count_ == 1) first_at_ = now.at;
  last_at_ = now.at;
  interval_known_ = true;
  history_since_ = now.at;
  floor_bytes_ = InUse(now);
  peak_bytes_ = InUse(now);
  settled_ = false;
  revision_at_ = now.revision;
  compact_at_ = now.compact_revision;
}

// Whether nothing was compacted for that long, or all as usual, is not known: compactions are taken
// to go on, and are overdue two intervals from now if they do not.
void Compactions::OnGap(const MemberSample& now, bool compacted) {
  if (compacted && ++count_ == 1) first_at_ = now.at;
  last_at_ = now.at;
  interval_known_ = false;
  history_since_ = now.at;
  floor_bytes_ = InUse(now);
  peak_bytes_ = InUse(now);
  settled_ = true;
  compact_at_.reset();
}

void Compactions::Track(const MemberSample& now) {
  const double in_use = InUse(now);
  peak_bytes_ = std::max(peak_bytes_, in_use);
  if (!settled_ && in_use < floor_bytes_) {
    // What was in use before the compaction had done its work is no peak.
    floor_bytes_ = in_use;
    peak_bytes_ = in_use;
  }
  if (in_use <= floor_bytes_ + NoticeableBytes(floor_bytes_)) history_since_ = now.at;
  if (now.at - last_at_ >= kFloorSettles) Settle();
}

void Compactions::Settle() {
  if (std::exchange(settled_, true)) return;
  const double freed = std::max(0.0, peak_before_bytes_ - floor_bytes_);
  swing_bytes_ = freed;
  live_bytes_ = floor_bytes_;
  if (!floor_before_known_) return;
  swing_bytes_ = std::max(freed, peak_before_bytes_ - floor_before_bytes_);
  live_bytes_ = std::max(0.0, floor_before_bytes_ - kept_share_ * freed);
  floor_ = {.at = last_at_, .floor_bytes = floor_bytes_, .live_bytes = live_bytes_};
}

std::optional<CompactionFloor> Compactions::TakeFloor() {
  return std::exchange(floor_, std::nullopt);
}

Seconds Compactions::interval() const {
  if (intervals_.empty()) {
    if (hint_ == CompactionHint::kKubernetes) return kKubernetesInterval;
    return std::max<Seconds>(kShortestGuess, first_at_ - started_at_);
  }
  std::vector<Seconds> sorted(intervals_.begin(), intervals_.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double Compactions::Overdue(MonotonicTime now) const {
  if (count_ == 0) return 0;
  return Seconds(now - history_since_) / interval();
}

}  // namespace bellwether::growth
