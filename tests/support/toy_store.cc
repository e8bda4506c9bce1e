#include "support/toy_store.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace bellwether::test {
namespace {

using namespace std::chrono_literals;

constexpr double kPage = 4096;
constexpr Nanoseconds kStep = 10s;
constexpr Nanoseconds kEveryFiveMinutes = 5min;

int64_t WholePages(double bytes) {
  return static_cast<int64_t>(std::ceil(std::max(0.0, bytes) / kPage) * kPage);
}

double SecondsOf(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

ToyStore::ToyStore(const Options& options)
    : options_(options),
      random_(options.seed),
      now_(1000h),
      live_bytes_(options.live_bytes),
      file_bytes_(options.live_bytes) {
  marks_.push_back({now_, revision_, 0});
  next_compaction_ = now_ + (options.compaction == Compaction::kPeriodic
                                 ? std::max(options.retention, Nanoseconds(1min))
                                 : kEveryFiveMinutes);
}

double ToyStore::in_use_bytes() const { return live_bytes_ + written_bytes_ - compacted_bytes_; }

void ToyStore::Run(Nanoseconds time, const Writes& writes) {
  for (Nanoseconds done{0}; done < time; done += kStep) {
    Step(std::min(kStep, time - done), writes);
  }
}

void ToyStore::Step(Nanoseconds time, const Writes& writes) {
  now_ += time;
  const double elapsed_s = SecondsOf(time);
  if (full()) no_space_ = true;
  if (!no_space_) {
    revision_ += writes.per_second * elapsed_s;
    entries_ += writes.per_second * elapsed_s;
    written_bytes_ += writes.per_second * writes.bytes * elapsed_s;
    live_bytes_ += writes.live_bytes_per_second * elapsed_s;
  }
  entries_ += writes.empty_entries_per_second * elapsed_s;
  marks_.push_back({now_, revision_, written_bytes_});
  file_bytes_ = std::max(file_bytes_, in_use_bytes());
  CompactIfDue();
  // A mark before the compacted revision, and 9 hours, are all that anything asks for.
  while (marks_.size() > 2 && marks_[1].revision <= compact_revision_ && marks_[1].at < now_ - 9h) {
    marks_.pop_front();
  }
}

double ToyStore::RevisionAt(MonotonicTime at) const {
  const auto after =
      std::upper_bound(marks_.begin(), marks_.end(), at,
                       [](MonotonicTime wanted, const Mark& mark) { return wanted < mark.at; });
  return after == marks_.begin() ? 0 : std::prev(after)->revision;
}

void ToyStore::CompactIfDue() {
  if (now_ < next_compaction_) return;
  switch (options_.compaction) {
    case Compaction::kNone:
      next_compaction_ = now_ + kEveryFiveMinutes;
      return;
    case Compaction::kPeriodic:
      next_compaction_ += std::min<Nanoseconds>(options_.retention, 1h);
      return CompactTo(RevisionAt(now_ - options_.retention));
    case Compaction::kRevisions:
      next_compaction_ += kEveryFiveMinutes;
      return CompactTo(revision_ - options_.retained_revisions);
    case Compaction::kKubernetes:
      next_compaction_ += kEveryFiveMinutes;
      return CompactTo(RevisionAt(now_ - kEveryFiveMinutes));
  }
}

void ToyStore::CompactTo(double revision) {
  revision = std::floor(revision);
  if (revision <= compact_revision_) return;
  compact_revision_ = revision;
  const auto after =
      std::lower_bound(marks_.begin(), marks_.end(), revision,
                       [](const Mark& mark, double wanted) { return mark.revision < wanted; });
  if (after == marks_.begin()) return;
  const Mark& from = *std::prev(after);
  const double made = after->revision - from.revision;
  const double share = made > 0 ? (revision - from.revision) / made : 0;
  compacted_bytes_ = std::max(compacted_bytes_, from.bytes + share * (after->bytes - from.bytes));
}

growth::MemberSample ToyStore::Sample() {
  const auto noise =
      static_cast<double>(random_.Below(static_cast<uint64_t>(2 * options_.noisy_pages + 1))) -
      options_.noisy_pages;
  file_bytes_ = std::max(file_bytes_, in_use_bytes() + (options_.noisy_pages + 1) * kPage);
  growth::MemberSample sample{
      .at = now_,
      .cluster_id = options_.cluster_id,
      .member_id = options_.member_id,
      .revision = {static_cast<int64_t>(revision_)},
      .raft_applied_index = static_cast<uint64_t>(entries_),
      .db_size_bytes = WholePages(file_bytes_),
      .db_size_in_use_bytes = WholePages(in_use_bytes() + noise * kPage),
      .quota_bytes = options_.quota_bytes,
      .quota_source = growth::QuotaSource::kTold,
      .no_space = no_space_,
  };
  if (options_.tells_compact) {
    sample.compact_revision = Revision{static_cast<int64_t>(compact_revision_)};
  }
  return sample;
}

void ToyStore::Defragment() { file_bytes_ = in_use_bytes(); }

void ToyStore::Restore(const ToyStore& snapshot, uint64_t cluster_id) {
  const MonotonicTime now = now_;
  const Options options = options_;
  *this = snapshot;
  options_ = options;
  options_.cluster_id = cluster_id;
  now_ = now;
  next_compaction_ = now + kEveryFiveMinutes;
  marks_.clear();
  marks_.push_back({now, revision_, written_bytes_});
  Defragment();
}

}  // namespace bellwether::test
