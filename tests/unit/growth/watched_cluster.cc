#include "unit/growth/watched_cluster.h"

#include <algorithm>
#include <chrono>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kEvery = 30s;

}  // namespace

WatchedCluster::WatchedCluster(const test::ToyStore::Options& options, CompactionHint hint,
                               Mutant mutant)
    : hint_(hint), mutant_(mutant), growth_(hint) {
  AddMember(options);
  started_at_ = store().now();
}

size_t WatchedCluster::AddMember(const test::ToyStore::Options& options) {
  stores_.emplace_back(options);
  silent_.push_back(false);
  return stores_.size() - 1;
}

double WatchedCluster::now_h() const {
  return std::chrono::duration<double, std::ratio<3600>>(stores_[0].now() - started_at_).count();
}

const MemberReport& WatchedCluster::member(size_t member) const {
  return growth_.member(static_cast<uint64_t>(member) + 1)->report();
}

void WatchedCluster::Run(Nanoseconds time, const test::ToyStore::Writes& writes) {
  for (Nanoseconds done{0}; done < time; done += kEvery) {
    for (test::ToyStore& store : stores_) store.Run(kEvery, writes);
    Read();
  }
}

void WatchedCluster::RunUntilFull(Nanoseconds at_most, const test::ToyStore::Writes& writes) {
  for (Nanoseconds done{0}; done < at_most && !full_h_; done += kEvery) Run(kEvery, writes);
}

void WatchedCluster::RunUnwatched(Nanoseconds time, const test::ToyStore::Writes& writes) {
  for (test::ToyStore& store : stores_) store.Run(time, writes);
  unwatched_ += time;
}

void WatchedCluster::Forget() {
  for (std::optional<double>& first : first_h_) first.reset();
  anomaly_h_.reset();
  worst_ = Severity::kNone;
  verdicts_.clear();
  changes_ = 0;
  forecasts_.clear();
}

MemberSample WatchedCluster::Heard(MemberSample sample) {
  if (first_cluster_ == 0) first_cluster_ = sample.cluster_id;
  switch (mutant_) {
    case Mutant::kSeesNoCompaction:
      highest_in_use_ = std::max(highest_in_use_, sample.db_size_in_use_bytes);
      sample.db_size_in_use_bytes = highest_in_use_;
      sample.compact_revision.reset();
      break;
    case Mutant::kSeesFileOnly:
      sample.db_size_in_use_bytes = sample.db_size_bytes;
      break;
    case Mutant::kForgetsQuota:
      sample.quota_bytes = *sample.quota_bytes / 2;
      break;
    case Mutant::kDeafToNoSpace:
      sample.no_space = false;
      break;
    case Mutant::kCountsRaftEntries:
      sample.revision = {static_cast<int64_t>(sample.raft_applied_index)};
      break;
    case Mutant::kStuckClock:
      sample.at -= unwatched_;
      break;
    case Mutant::kBlindToRestore:
      highest_revision_ = std::max(highest_revision_, sample.revision.value);
      sample.revision = {highest_revision_};
      sample.cluster_id = first_cluster_;
      break;
    default:
      break;
  }
  return sample;
}

ClusterReport WatchedCluster::Said() {
  // A model whose clock stands still has that clock for its reports too.
  const MonotonicTime now =
      mutant_ == Mutant::kStuckClock ? store().now() - unwatched_ : store().now();
  ClusterReport report = growth_.Report(now, kEvery);
  if (mutant_ == Mutant::kNoHysteresis) {
    report.severity = Severity::kNone;
    for (const ClusterReport::Member& member : report.members) {
      report.severity = std::max(report.severity, SeverityOf(member.report.forecast, 1));
    }
  }
  if (mutant_ == Mutant::kHearsNoSilence) {
    report.severity = Severity::kNone;
    for (const ClusterReport::Member& member : report.members) {
      if (member.current) report.severity = std::max(report.severity, member.report.severity);
    }
  }
  if (mutant_ == Mutant::kLineThroughTheFile) {
    const MemberSample& first = four_hours_.front();
    const MemberSample& last = four_hours_.back();
    const double elapsed_s = Seconds(last.at - first.at).count();
    const auto grown = static_cast<double>(last.db_size_bytes - first.db_size_bytes);
    const auto left = static_cast<double>(*last.quota_bytes - last.db_size_bytes);
    const bool full_soon = elapsed_s > 600 && grown / elapsed_s * 4 * 3600 > left;
    report.severity = full_soon ? Severity::kWarning : Severity::kNone;
  }
  return report;
}

void WatchedCluster::Read() {
  for (size_t i = 0; i < stores_.size(); ++i) {
    if (silent_[i] || (mutant_ == Mutant::kOneMemberOnly && i > 0)) continue;
    const MemberSample sample = Heard(stores_[i].Sample());
    if (mutant_ == Mutant::kLateReadings) {
      delayed_.push_back(sample);
      if (delayed_.size() <= 120) continue;
      MemberSample late = delayed_.front();
      late.at = sample.at;
      delayed_.erase(delayed_.begin());
      growth_.Add(late);
      continue;
    }
    growth_.Add(sample);
    if (mutant_ == Mutant::kLineThroughTheFile) {
      four_hours_.push_back(sample);
      if (four_hours_.size() > 480) four_hours_.erase(four_hours_.begin());
    }
  }
  const Severity before = report_.severity;
  report_ = Said();
  if (report_.severity != before) ++changes_;
  for (int level = 1; level <= static_cast<int>(report_.severity); ++level) {
    if (!first_h_[level]) first_h_[level] = now_h();
  }
  worst_ = std::max(worst_, report_.severity);
  if (report_.worst_member) verdicts_.insert(report_.verdict);
  if (report_.anomaly_since && !anomaly_h_) anomaly_h_ = now_h();
  if (!full_h_ && store().full()) full_h_ = now_h();
  if (growth_.member(1) != nullptr) forecasts_.push_back(member().forecast);
}

std::optional<double> WatchedCluster::first_h(Severity at_least) const {
  return first_h_[static_cast<int>(at_least)];
}

}  // namespace bellwether::growth
