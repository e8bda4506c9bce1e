#include "growth/member_growth.h"

#include <algorithm>
#include <chrono>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kRecent = 5min;
constexpr Seconds kUsual = 6h;
// Longer without a reading than a kube-apiserver takes between two compactions.
constexpr Nanoseconds kGap = 5min;
// Before that "usual" is what happened to be when the monitor started.
constexpr Nanoseconds kUsualIsKnown = 10min;
// A member that was killed may start a little behind what it had said, and catches up.
constexpr int kBehindForGood = 3;
constexpr size_t kMinutes = 48 * 60;
constexpr size_t kFiveMinutes = 30 * 24 * 12;

double Grown(uint64_t from, uint64_t to) { return to > from ? static_cast<double>(to - from) : 0; }

}  // namespace

MemberGrowth::MemberGrowth(CompactionHint hint)
    : hint_(hint), minutes_(1min, kMinutes), five_minutes_(5min, kFiveMinutes) {}

MemberGrowth::Learnt::Learnt(CompactionHint hint, const MemberSample& first)
    : started_at(first.at),
      last(first),
      revisions(kRecent),
      usual_revisions(kUsual),
      empty_entries(kRecent),
      compactions(hint, first) {}

void MemberGrowth::Learnt::Add(const MemberSample& sample) {
  const Nanoseconds between = sample.at - last.at;
  const bool gap = between > kGap;
  const double made = static_cast<double>(sample.revision.value - last.revision.value);
  const double entries = Grown(last.raft_applied_index, sample.raft_applied_index);
  revisions.Add(made, between);
  usual_revisions.Add(made, between);
  // The two counters are read at one moment, but a follower may apply in between.
  empty_entries.Add(std::max(0.0, entries - made), between);
  if (compactions.Add(last, sample, gap)) {
    const int64_t grown = sample.db_size_in_use_bytes - last.db_size_in_use_bytes;
    revision_size.Add(made, static_cast<double>(grown), between);
  } else {
    revision_size.Skip(between);
  }
  if (const auto floor = compactions.TakeFloor()) live.Add(*floor);
  if (sample.at - started_at >= kUsualIsKnown) {
    anomaly.Add(sample.at, revisions.per_second(), usual_revisions.per_second());
  }
  last = sample;
}

// The cluster id stays when a snapshot is restored under the same names; the revision falls then.
bool MemberGrowth::IsAnotherStore(const MemberSample& sample) {
  if (sample.cluster_id != learnt_->last.cluster_id) return true;
  behind_ = sample.revision < learnt_->last.revision ? behind_ + 1 : 0;
  return behind_ >= kBehindForGood;
}

void MemberGrowth::Add(const MemberSample& untrusted) {
  const MemberSample sample = Sane(untrusted);
  if (!learnt_) {
    learnt_.emplace(hint_, sample);
  } else if (sample.at <= report_.sample.at) {
    return;
  } else if (IsAnotherStore(sample)) {
    learnt_.emplace(hint_, sample);
    severity_ = SeverityLatch();
    behind_ = 0;
    ++report_.resets;
  } else if (behind_ > 0) {
    report_.sample = sample;
    if (sample.no_space == learnt_->last.no_space) return;
    learnt_->last.no_space = sample.no_space;
    return Judge();
  } else if (sample.at - learnt_->last.at < kStep && sample.no_space == learnt_->last.no_space) {
    report_.sample = sample;
    minutes_.Add(sample);
    five_minutes_.Add(sample);
    return;
  } else {
    learnt_->Add(sample);
  }
  report_.sample = sample;
  minutes_.Add(sample);
  five_minutes_.Add(sample);
  Judge();
}

void MemberGrowth::Judge() {
  const Learnt& learnt = *learnt_;
  report_.revisions_per_second = learnt.revisions.per_second();
  report_.usual_revisions_per_second = learnt.usual_revisions.per_second();
  report_.empty_entries_per_second = learnt.empty_entries.per_second();
  report_.bytes_per_revision = learnt.revision_size.bytes();
  report_.compactions = learnt.compactions.count();
  report_.compaction_interval.reset();
  if (report_.compactions > 0) report_.compaction_interval = learnt.compactions.interval();
  report_.compaction_overdue = learnt.compactions.Overdue(learnt.last.at);
  report_.live_bytes_per_second = learnt.live.BytesPerSecond(LeastLiveGrowth(learnt.last));
  report_.forecast = MakeForecast({.now = learnt.last,
                                   .known_for = learnt.last.at - learnt.started_at,
                                   .hint = hint_,
                                   .revisions_per_second = report_.revisions_per_second,
                                   .bytes_per_revision = report_.bytes_per_revision,
                                   .compactions = learnt.compactions,
                                   .live_bytes_per_second = report_.live_bytes_per_second});
  report_.severity = severity_.Add(report_.forecast);
  report_.anomaly_since = learnt.anomaly.since();
}

}  // namespace bellwether::growth
