// The growth model of one etcd member: readings in, a forecast out. It learns rates, the size of a
// revision, the rhythm of compaction and the growth of what compaction leaves; each has a file of
// its own, and forecast.h puts them together.
//
// Time:   that of the readings, which do not step. Same readings, same results.
// Errors: none. Readings that go back in time are not looked at; another cluster id, or a revision
//         that fell for good, begins anew: the store is another one (restored from a snapshot).
// Bounds: 276,480 bytes for the series and less than 32 KiB for the rest.
#pragma once

#include <cstdint>
#include <optional>

#include "growth/compactions.h"
#include "growth/forecast.h"
#include "growth/live_growth.h"
#include "growth/member_sample.h"
#include "growth/rate.h"
#include "growth/rate_anomaly.h"
#include "growth/revision_size.h"
#include "growth/series.h"
#include "growth/severity.h"

namespace bellwether::growth {

struct MemberReport {
  MemberSample sample;                    // the newest
  double revisions_per_second = 0;        // over 5 minutes
  double usual_revisions_per_second = 0;  // over 6 hours
  // Raft entries that leave no revision: lease grants, refused writes, AlarmList.
  double empty_entries_per_second = 0;
  double bytes_per_revision = 0;
  uint64_t compactions = 0;  // seen
  std::optional<Seconds> compaction_interval;
  double compaction_overdue = 0;  // in intervals
  std::optional<double> live_bytes_per_second;
  Forecast forecast;
  Severity severity = Severity::kNone;
  std::optional<MonotonicTime> anomaly_since;  // of the write rate
  uint64_t resets = 0;                         // how often another store was found in its place
};

class MemberGrowth {
 public:
  // Readings closer together than this are shown, but learn nothing.
  static constexpr Nanoseconds kStep = std::chrono::seconds(25);

  explicit MemberGrowth(CompactionHint hint);
  void Add(const MemberSample& sample);
  // After the first reading.
  const MemberReport& report() const { return report_; }
  const Series& minutes() const { return minutes_; }            // 48 h
  const Series& five_minutes() const { return five_minutes_; }  // 30 days

 private:
  // What is learnt of one store.
  struct Learnt {
    Learnt(CompactionHint hint, const MemberSample& first);
    void Add(const MemberSample& sample);

    MonotonicTime started_at;
    MemberSample last;
    DecayingRate revisions;
    DecayingRate usual_revisions;
    DecayingRate empty_entries;
    RevisionSize revision_size;
    Compactions compactions;
    LiveGrowth live;
    RateAnomaly anomaly;
  };

  bool IsAnotherStore(const MemberSample& sample);
  void Judge();

  const CompactionHint hint_;
  std::optional<Learnt> learnt_;
  int behind_ = 0;  // readings in a row with a revision below the last one
  SeverityLatch severity_;
  MemberReport report_;
  Series minutes_;
  Series five_minutes_;
};

}  // namespace bellwether::growth
