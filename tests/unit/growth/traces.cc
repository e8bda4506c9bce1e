#include "unit/growth/traces.h"

#include <chrono>
#include <sstream>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using Compaction = test::ToyStore::Compaction;
using Options = test::ToyStore::Options;
using Writes = test::ToyStore::Writes;
using Violations = std::vector<std::string>;

constexpr double kMiB = 1 << 20;
constexpr int64_t kGiB = int64_t{1} << 30;
const Writes kOrdinary{.per_second = 50, .bytes = 300};
const Writes kNothing{};

// Collects what was not as expected.
class Expecting {
 public:
  explicit Expecting(const WatchedCluster& cluster) : cluster_(cluster) {}

  void That(bool holds, const std::string& what) {
    if (!holds) violations_.push_back(what + Situation());
  }
  void Quiet() {
    That(cluster_.worst() == Severity::kNone,
         std::string("no alarm, but there was one: ") + ToString(cluster_.worst()));
  }
  void Between(std::optional<double> value, double least, double most, const std::string& what) {
    std::ostringstream text;
    text << what << " within " << least << " to " << most << ", got ";
    if (value) {
      text << *value;
    } else {
      text << "nothing";
    }
    That(value && *value >= least && *value <= most, text.str());
  }
  // Hours from the first notice of this severity to full.
  void NoticeBeforeFull(Severity severity, double least, double most) {
    const std::optional<double> first = cluster_.first_h(severity);
    That(cluster_.full_h().has_value(), "the quota to be full in the end");
    std::optional<double> notice;
    if (first && cluster_.full_h()) notice = *cluster_.full_h() - *first;
    Between(notice, least, most, std::string("hours before full of ") + ToString(severity));
  }
  void Verdicts(Verdict verdict) {
    That(cluster_.said(verdict), std::string("the verdict ") + ToString(verdict));
  }
  void EndsWith(Verdict verdict) {
    That(cluster_.report().verdict == verdict,
         std::string("in the end the verdict ") + ToString(verdict));
  }
  Violations Take() { return std::move(violations_); }

 private:
  std::string Situation() const {
    std::ostringstream text;
    text << " (at hour " << cluster_.now_h() << ", verdict " << ToString(cluster_.report().verdict)
         << ", severity " << ToString(cluster_.report().severity) << ")";
    return text.str();
  }

  const WatchedCluster& cluster_;
  Violations violations_;
};

Options With(const TraceSetting& setting, Compaction compaction) {
  return {.compaction = compaction, .tells_compact = setting.tells_compact};
}

WatchedCluster Watch(const TraceSetting& setting, const Options& options,
                     CompactionHint hint = CompactionHint::kAuto) {
  return WatchedCluster(options, hint, setting.mutant);
}

// --- healthy ---

Violations KubernetesSteady(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(48h, kOrdinary);
  expect.Quiet();
  expect.EndsWith(Verdict::kSteady);
  expect.Between(cluster.member().revisions_per_second, 49.5, 50.5, "revisions/s");
  expect.Between(cluster.member().bytes_per_revision, 285, 320, "bytes per revision");
  expect.Between(cluster.member().compaction_interval->count(), 300, 300, "seconds of interval");
  // Live data, 10 minutes of history.
  expect.Between(*cluster.member().forecast.ceiling_bytes / kMiB, 10, 15, "MiB of ceiling");
  return expect.Take();
}

Violations HourlySawtooth(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kPeriodic));
  Expecting expect(cluster);
  cluster.Run(48h, {.per_second = 497, .bytes = 300});
  expect.Quiet();
  expect.EndsWith(Verdict::kSteady);
  expect.Between(*cluster.member().forecast.ceiling_bytes / kMiB, 950, 1100, "MiB of ceiling");
  return expect.Take();
}

Violations RevisionRetention(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kRevisions);
  options.retained_revisions = 100'000;
  WatchedCluster cluster = Watch(setting, options);
  Expecting expect(cluster);
  cluster.Run(24h, kOrdinary);
  expect.Quiet();
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

// Retention keeps what an hour writes, and that follows the day.
Violations OfficeHours(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kPeriodic));
  Expecting expect(cluster);
  for (int day = 0; day < 3; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      const double busy = hour < 8 ? 0 : hour < 16 ? hour - 7 : 24 - hour;
      cluster.Run(1h, {.per_second = 20 + 40 * busy, .bytes = 300});
    }
  }
  expect.Quiet();
  return expect.Take();
}

// So does what eight hours write, of which each compaction frees one.
Violations OfficeHoursUnderLongRetention(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kPeriodic);
  options.retention = 8h;
  options.quota_bytes = 8 * kGiB;
  WatchedCluster cluster = Watch(setting, options);
  Expecting expect(cluster);
  cluster.Run(20h, {.per_second = 20, .bytes = 300});
  cluster.Forget();
  for (int hour = 0; hour < 24; ++hour) {
    const double busy = hour < 12 ? hour : 24 - hour;
    cluster.Run(1h, {.per_second = 20 + 15 * busy, .bytes = 300});
  }
  if (setting.tells_compact) expect.Quiet();
  expect.That(cluster.worst() < Severity::kCritical, "nothing critical");
  return expect.Take();
}

// At night there is too little to see it go.
Violations QuietNights(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  for (int day = 0; day < 4; ++day) {
    cluster.Run(8h, kOrdinary);
    cluster.Run(16h, {.per_second = 0.5, .bytes = 300});
  }
  expect.Quiet();
  expect.That(!cluster.said(Verdict::kCompactionStalled), "no word of stalled compaction");
  return expect.Take();
}

Violations BurstOfTenMinutes(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  cluster.Run(10min, {.per_second = 1000, .bytes = 300});
  expect.Between(cluster.anomaly_h(), 6.05, 6.15, "the hour at which the burst was found");
  cluster.Run(30min, kOrdinary);
  expect.That(!cluster.report().anomaly_since, "the burst to be over");
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  return expect.Take();
}

Violations RateZero(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(6h, kNothing);
  expect.Quiet();
  expect.That(cluster.member().forecast.time_to_quota == kNever, "never full");
  cluster.Run(6h, kOrdinary);
  cluster.Run(24h, kNothing);
  expect.Quiet();
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

Violations DefragmentationIsNoCompaction(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(4h, kOrdinary);
  cluster.Run(2h, {.per_second = 1000, .bytes = 300});
  cluster.Run(2h, kOrdinary);
  const uint64_t before = cluster.member().compactions;
  cluster.store().Defragment();
  cluster.Run(30s, kOrdinary);
  expect.That(cluster.member().compactions <= before + 1, "at most one compaction meanwhile");
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

Violations MemberReplaced(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kKubernetes);
  WatchedCluster cluster = Watch(setting, options);
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  options.member_id = 2;
  cluster.store() = test::ToyStore(options);
  WatchedCluster fresh = Watch(setting, options);
  fresh.store().Run(6h, kOrdinary);
  cluster.store() = fresh.store();
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

Violations Restored(const TraceSetting& setting, uint64_t cluster_id) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  const test::ToyStore snapshot = cluster.store();
  cluster.Run(6h, {.per_second = 400, .bytes = 300});
  cluster.store().Restore(snapshot, cluster_id);
  cluster.Run(2min, kOrdinary);
  expect.That(cluster.member().resets == 1, "another store to be found");
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  expect.That(cluster.member().resets == 1, "another store to be found once");
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

Violations RestoredAsAnotherCluster(const TraceSetting& setting) { return Restored(setting, 8); }
Violations RestoredUnderTheSameId(const TraceSetting& setting) { return Restored(setting, 7); }

// A member that was killed is a little behind what it had said, until it has caught up.
Violations AMemberStartsAndCatchesUp(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  const test::ToyStore killed = cluster.store();
  cluster.Run(60s, kOrdinary);
  cluster.store().Restore(killed, 7);
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  expect.That(cluster.member().resets == 0, "no other store to be found");
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

Violations MonitorDownOnAHealthyCluster(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  cluster.RunUnwatched(2h + 3min, kOrdinary);
  cluster.Run(3min, kOrdinary);
  expect.That(!cluster.said(Verdict::kCompactionStalled), "no word of stalled compaction");
  expect.Between(cluster.member().revisions_per_second, 49, 51, "revisions/s");
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  expect.That(!cluster.anomaly_h(), "no anomaly of the rate");
  expect.Between(cluster.member().compaction_interval->count(), 300, 300, "seconds of interval");
  expect.EndsWith(Verdict::kSteady);
  return expect.Take();
}

Violations QuotaOff(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kNone);
  options.quota_bytes = -1;
  WatchedCluster cluster = Watch(setting, options);
  Expecting expect(cluster);
  // The toy refuses at its quota, which is below any size.
  cluster.store().SetNoSpace(false);
  MemberGrowth growth(CompactionHint::kAuto);
  MemberSample sample = cluster.store().Sample();
  for (int i = 0; i < 1000; ++i) {
    sample.at += 30s;
    sample.revision.value += 3000;
    sample.db_size_bytes += 1 << 20;
    sample.db_size_in_use_bytes += 1 << 20;
    growth.Add(sample);
  }
  expect.That(growth.report().forecast.verdict == Verdict::kQuotaOff, "the verdict quota-off");
  expect.That(growth.report().severity == Severity::kNone, "no alarm");
  expect.That(growth.report().forecast.time_to_quota == kNever, "never full");
  sample.at += 30s;
  sample.no_space = true;
  growth.Add(sample);
  expect.That(growth.report().severity == Severity::kCritical, "NOSPACE critical all the same");
  return expect.Take();
}

// --- history that grows ---

Violations OnePoller(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone));
  Expecting expect(cluster);
  cluster.Run(72h, {.per_second = 0.4, .bytes = 86, .empty_entries_per_second = 0.1});
  expect.Quiet();
  expect.EndsWith(Verdict::kNoCompactionSeen);
  expect.Between(cluster.member().forecast.time_to_quota->count() / 86400, 650, 760, "days left");
  expect.Between(cluster.member().empty_entries_per_second, 0.08, 0.12, "entries/s of no revision");
  expect.Between(cluster.member().revisions_per_second, 0.38, 0.42, "revisions/s");
  return expect.Take();
}

Violations TwoHundredPollers(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone));
  Expecting expect(cluster);
  cluster.RunUntilFull(100h, {.per_second = 80, .bytes = 86});
  expect.Between(cluster.first_h(Severity::kInfo), 2.0, 2.5, "the hour of info");
  expect.NoticeBeforeFull(Severity::kWarning, 70, 76);
  expect.NoticeBeforeFull(Severity::kCritical, 3.8, 5);
  expect.Verdicts(Verdict::kNoCompactionSeen);
  // A leak that goes on has less and less time left.
  const std::vector<Forecast>& forecasts = cluster.forecasts();
  bool shrinks = true;
  for (size_t i = 1; i < forecasts.size(); ++i) {
    const Seconds before = forecasts[i - 1].time_to_quota.value_or(kNever);
    // Pages come and go: some hundredths of what five minutes write.
    if (forecasts[i].time_to_quota.value_or(kNever) > before * 1.05) shrinks = false;
  }
  expect.That(shrinks, "the time left to shrink");
  expect.That(cluster.changes() == 3, "each severity to come once");
  return expect.Take();
}

// Two minutes of work, two of rest: the rate is never what it is in the mean.
Violations UnevenLeak(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone));
  Expecting expect(cluster);
  while (cluster.now_h() < 100 && !cluster.full_h()) {
    cluster.Run(2min, {.per_second = 160, .bytes = 86});
    cluster.Run(2min, kNothing);
  }
  expect.NoticeBeforeFull(Severity::kWarning, 60, 84);
  expect.NoticeBeforeFull(Severity::kCritical, 3.5, 6);
  expect.That(cluster.changes() == 3, "each severity to come once");
  return expect.Take();
}

Violations LargeValues(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone));
  Expecting expect(cluster);
  cluster.RunUntilFull(8h, {.per_second = 0.1, .bytes = kMiB});
  expect.NoticeBeforeFull(Severity::kCritical, 3, 4.5);
  return expect.Take();
}

// Told that nothing compacts, it does not wait for a compaction.
Violations LargeValuesAndNoCompactionByConfiguration(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone), CompactionHint::kNone);
  Expecting expect(cluster);
  cluster.RunUntilFull(8h, {.per_second = 0.1, .bytes = kMiB});
  expect.NoticeBeforeFull(Severity::kWarning, 5.4, 5.7);
  expect.NoticeBeforeFull(Severity::kCritical, 3.8, 4.5);
  return expect.Take();
}

Violations CompactionStops(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  const Writes writes{.per_second = 258, .bytes = 300};
  cluster.Run(6h, writes);
  expect.Quiet();
  cluster.store().SetCompaction(Compaction::kNone);
  cluster.RunUntilFull(12h, writes);
  expect.NoticeBeforeFull(Severity::kWarning, 7, 7.8);
  expect.NoticeBeforeFull(Severity::kCritical, 3.8, 4.5);
  expect.Verdicts(Verdict::kCompactionStalled);
  return expect.Take();
}

Violations MonitorDownWhileCompactionStops(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  const Writes writes{.per_second = 258, .bytes = 300};
  cluster.Run(6h, writes);
  cluster.store().SetCompaction(Compaction::kNone);
  cluster.RunUnwatched(2h, writes);
  cluster.RunUntilFull(12h, writes);
  expect.NoticeBeforeFull(Severity::kWarning, 5.3, 6);
  expect.Verdicts(Verdict::kCompactionStalled);
  return expect.Take();
}

Violations Storm(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone));
  Expecting expect(cluster);
  cluster.Run(2h, {.per_second = 0.4, .bytes = 86});
  cluster.RunUntilFull(4h, {.per_second = 3288, .bytes = 84});
  expect.Between(cluster.full_h(), 4, 4.3, "the hour at which it is full");
  expect.Between(cluster.anomaly_h(), 2.05, 2.15, "the hour at which the storm was found");
  expect.Between(cluster.first_h(Severity::kCritical), 2.0, 2.3, "the hour of critical");
  return expect.Take();
}

Violations StormUnderHourlyCompaction(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kPeriodic));
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  cluster.Run(12h, {.per_second = 3288, .bytes = 84});
  expect.Between(cluster.anomaly_h(), 6.05, 6.15, "the hour at which the storm was found");
  expect.Between(cluster.first_h(Severity::kWarning), 6.0, 8.0, "the hour of warning");
  expect.That(cluster.report().severity >= Severity::kWarning, "a warning to stay");
  expect.Verdicts(Verdict::kOverflowBeforeCompaction);
  expect.That(!cluster.full_h(), "the quota to suffice just so");
  return expect.Take();
}

// An hour of it is more than there is room for: compaction comes, and too late.
Violations StormThatCompactionIsTooLateFor(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kPeriodic));
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  cluster.RunUntilFull(4h, {.per_second = 6500, .bytes = 84});
  expect.Verdicts(Verdict::kOverflowBeforeCompaction);
  expect.NoticeBeforeFull(Severity::kCritical, 0.9, 1.2);
  return expect.Take();
}

// --- live data that grows ---

Violations LiveGrowthUnderCompaction(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.RunUntilFull(80h,
                       {.per_second = 50, .bytes = 300, .live_bytes_per_second = 30 * kMiB / 3600});
  expect.NoticeBeforeFull(Severity::kWarning, 60, 70);
  expect.NoticeBeforeFull(Severity::kCritical, 3.8, 5.5);
  expect.Verdicts(Verdict::kLiveDataGrowth);
  return expect.Take();
}

// 4 MiB an hour is nothing in two hours, and a full quota in three weeks.
Violations SlowLiveGrowth(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(72h, {.per_second = 50, .bytes = 300, .live_bytes_per_second = 4 * kMiB / 3600});
  expect.EndsWith(Verdict::kLiveDataGrowth);
  expect.Between(cluster.first_h(Severity::kInfo), 0, 48, "the hour of info");
  expect.That(cluster.worst() == Severity::kInfo, "no more than info");
  expect.Between(cluster.member().forecast.time_to_quota->count() / 86400, 15, 20, "days left");
  return expect.Take();
}

// --- quotas, alarms, members ---

Violations ALargeFileOfFreePages(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(3h, kOrdinary);
  cluster.store().SetCompaction(Compaction::kNone);
  cluster.RunUnwatched(1h, {.per_second = 1700, .bytes = 300});
  cluster.store().SetCompaction(Compaction::kKubernetes);
  cluster.RunUnwatched(1h, kOrdinary);
  cluster.Forget();
  cluster.Run(12h, kOrdinary);
  expect.EndsWith(Verdict::kDefragment);
  expect.That(cluster.worst() == Severity::kInfo, "info and no more");
  return expect.Take();
}

Violations NoSpaceThoughThereIsRoom(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kKubernetes));
  Expecting expect(cluster);
  cluster.Run(3h, kOrdinary);
  cluster.store().SetNoSpace(true);
  cluster.Run(30s, kNothing);
  expect.That(cluster.report().severity == Severity::kCritical, "critical at once");
  expect.EndsWith(Verdict::kNoSpace);
  cluster.store().SetNoSpace(false);
  cluster.Run(15min, kOrdinary);
  expect.That(cluster.report().severity == Severity::kNone, "none after it was disarmed");
  return expect.Take();
}

Violations QuotaChangedAtARestart(const TraceSetting& setting) {
  WatchedCluster cluster = Watch(setting, With(setting, Compaction::kNone));
  Expecting expect(cluster);
  const Writes writes{.per_second = 80, .bytes = 86};
  cluster.Run(40h, writes);
  expect.That(cluster.report().severity == Severity::kWarning, "a warning");
  cluster.store().SetQuota(8 * kGiB);
  cluster.Run(15min, writes);
  expect.That(cluster.report().severity == Severity::kInfo, "info with four times the quota");
  cluster.store().SetQuota(kGiB);
  cluster.Run(5min, writes);
  expect.That(cluster.report().severity >= Severity::kCritical, "critical with the half");
  return expect.Take();
}

Violations UnequalQuotas(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kNone);
  WatchedCluster cluster = Watch(setting, options);
  options.member_id = 2;
  options.quota_bytes = kGiB / 2;
  cluster.AddMember(options);
  Expecting expect(cluster);
  cluster.Run(6h, {.per_second = 80, .bytes = 86});
  expect.That(cluster.report().worst_member == 2u, "the member with the small quota to be worst");
  expect.That(cluster.report().unequal_quotas_bytes.size() == 2, "both quotas to be named");
  expect.That(cluster.report().severity == Severity::kWarning, "its warning");
  expect.Between(cluster.report().revisions_per_second, 79, 81, "revisions/s, once");
  return expect.Take();
}

// Files differ: one member was defragmented, another holds the free pages of a burst.
Violations ThreeMembersWithDifferentFiles(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kKubernetes);
  WatchedCluster cluster = Watch(setting, options);
  for (uint64_t id = 2; id <= 3; ++id) {
    options.member_id = id;
    options.seed = id;
    cluster.AddMember(options);
  }
  Expecting expect(cluster);
  cluster.Run(1h, {.per_second = 900, .bytes = 300});
  cluster.Run(30min, kOrdinary);
  cluster.store(1).Defragment();
  cluster.Run(12h, kOrdinary);
  expect.Quiet();
  expect.That(cluster.report().unequal_quotas_bytes.empty(), "equal quotas");
  expect.That(cluster.member(0).sample.db_size_bytes > 4 * cluster.member(1).sample.db_size_bytes,
              "files that differ");
  expect.Between(cluster.report().revisions_per_second, 49, 51, "revisions/s, once");
  // One of them alone is not compacted any more (its leader has changed, say): it fills.
  cluster.store(2).SetCompaction(Compaction::kNone);
  cluster.Run(1h, {.per_second = 258, .bytes = 300});
  expect.That(cluster.report().worst_member == 3u, "the third to be worst");
  expect.EndsWith(Verdict::kCompactionStalled);
  return expect.Take();
}

Violations AMemberOutOfReach(const TraceSetting& setting) {
  Options options = With(setting, Compaction::kKubernetes);
  WatchedCluster cluster = Watch(setting, options);
  options.member_id = 2;
  cluster.AddMember(options);
  Expecting expect(cluster);
  cluster.Run(6h, kOrdinary);
  cluster.SetSilent(1, true);
  cluster.Run(2h, kOrdinary);
  expect.That(!cluster.report().members.back().current, "the second not to be current");
  cluster.SetSilent(1, false);
  cluster.Run(6h, kOrdinary);
  expect.Quiet();
  // Silence is no recovery.
  cluster.store(1).SetNoSpace(true);
  cluster.Run(30s, kOrdinary);
  cluster.SetSilent(1, true);
  cluster.Run(20min, kOrdinary);
  expect.That(cluster.report().severity == Severity::kCritical, "critical to last in silence");
  cluster.Run(20min, kOrdinary);
  expect.That(cluster.report().severity == Severity::kNone, "not for ever");
  return expect.Take();
}

constexpr Trace kTraces[] = {
    {"KubernetesSteady", KubernetesSteady},
    {"HourlySawtooth", HourlySawtooth},
    {"RevisionRetention", RevisionRetention},
    {"OfficeHours", OfficeHours},
    {"OfficeHoursUnderLongRetention", OfficeHoursUnderLongRetention},
    {"QuietNights", QuietNights},
    {"BurstOfTenMinutes", BurstOfTenMinutes},
    {"RateZero", RateZero},
    {"DefragmentationIsNoCompaction", DefragmentationIsNoCompaction},
    {"MemberReplaced", MemberReplaced},
    {"RestoredAsAnotherCluster", RestoredAsAnotherCluster},
    {"RestoredUnderTheSameId", RestoredUnderTheSameId},
    {"AMemberStartsAndCatchesUp", AMemberStartsAndCatchesUp},
    {"MonitorDownOnAHealthyCluster", MonitorDownOnAHealthyCluster},
    {"QuotaOff", QuotaOff},
    {"OnePoller", OnePoller},
    {"TwoHundredPollers", TwoHundredPollers},
    {"UnevenLeak", UnevenLeak},
    {"LargeValues", LargeValues},
    {"LargeValuesAndNoCompactionByConfiguration", LargeValuesAndNoCompactionByConfiguration},
    {"CompactionStops", CompactionStops},
    {"MonitorDownWhileCompactionStops", MonitorDownWhileCompactionStops},
    {"Storm", Storm},
    {"StormUnderHourlyCompaction", StormUnderHourlyCompaction},
    {"StormThatCompactionIsTooLateFor", StormThatCompactionIsTooLateFor},
    {"LiveGrowthUnderCompaction", LiveGrowthUnderCompaction},
    {"SlowLiveGrowth", SlowLiveGrowth},
    {"ALargeFileOfFreePages", ALargeFileOfFreePages},
    {"NoSpaceThoughThereIsRoom", NoSpaceThoughThereIsRoom},
    {"QuotaChangedAtARestart", QuotaChangedAtARestart},
    {"UnequalQuotas", UnequalQuotas},
    {"ThreeMembersWithDifferentFiles", ThreeMembersWithDifferentFiles},
    {"AMemberOutOfReach", AMemberOutOfReach},
};

}  // namespace

std::span<const Trace> Traces() { return kTraces; }

}  // namespace bellwether::growth
