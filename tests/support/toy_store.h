// An etcd member whose growth is arithmetic: writers, compaction as etcd and a kube-apiserver do
// it, pages, defragmentation, a quota. It makes readings for the growth model, days of them in
// milliseconds. It is no bbolt: free pages are taken in full, values have one size at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/random.h"
#include "growth/member_sample.h"

namespace bellwether::test {

class ToyStore {
 public:
  enum class Compaction {
    kNone,
    kPeriodic,    // etcd's, by time: first after the retention, then hourly or more often
    kRevisions,   // etcd's, by number of revisions: every 5 minutes
    kKubernetes,  // a kube-apiserver's: every 5 minutes, up to where it was 5 minutes before
  };
  struct Options {
    uint64_t seed = 1;
    uint64_t cluster_id = 7;
    uint64_t member_id = 1;
    int64_t quota_bytes = int64_t{2} << 30;
    Compaction compaction = Compaction::kNone;
    Nanoseconds retention = std::chrono::hours(1);  // kPeriodic
    double retained_revisions = 0;                  // kRevisions
    double live_bytes = 4 << 20;                    // at the start
    int noisy_pages = 8;        // by so many, at most, the size in use is off at a reading
    bool tells_compact = true;  // its metrics can be read
  };
  struct Writes {
    double per_second = 0;  // revisions
    double bytes = 300;     // of each, until it is compacted
    double live_bytes_per_second = 0;
    double empty_entries_per_second = 0;
  };

  explicit ToyStore(const Options& options);

  void Run(Nanoseconds time, const Writes& writes);
  growth::MemberSample Sample();

  void SetCompaction(Compaction compaction) { options_.compaction = compaction; }
  void SetQuota(int64_t quota_bytes) { options_.quota_bytes = quota_bytes; }
  void SetNoSpace(bool raised) { no_space_ = raised; }
  void Defragment();
  // What a snapshot of now restores to later; the cluster id is another one, or the same.
  void Restore(const ToyStore& snapshot, uint64_t cluster_id);

  bool full() const { return static_cast<double>(options_.quota_bytes) <= file_bytes_; }
  MonotonicTime now() const { return now_; }

 private:
  // How much history there was at a moment, since the beginning of time.
  struct Mark {
    MonotonicTime at;
    double revision;
    double bytes;
  };
  void Step(Nanoseconds time, const Writes& writes);
  void CompactIfDue();
  void CompactTo(double revision);
  double RevisionAt(MonotonicTime at) const;
  double in_use_bytes() const;

  Options options_;
  Random random_;
  MonotonicTime now_;
  double revision_ = 1;
  double entries_ = 10;
  double live_bytes_;
  double written_bytes_ = 0;    // of history, ever
  double compacted_bytes_ = 0;  // of those, gone
  double compact_revision_ = 0;
  double file_bytes_ = 0;
  bool no_space_ = false;
  MonotonicTime next_compaction_;
  std::deque<Mark> marks_;
};

}  // namespace bellwether::test
