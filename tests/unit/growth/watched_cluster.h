// Toy members under the growth model, and a record of what the model said of them and when.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "growth/cluster_growth.h"
#include "support/toy_store.h"

namespace bellwether::growth {

// Planted faults: what the traces must catch. Each changes what a correct model hears or says; the
// model itself is untouched.
enum class Mutant {
  kNone,
  kSeesNoCompaction,  // the size in use at its highest, compact revisions at their lowest
  kSeesFileOnly,      // the size in use taken to be that of the file: free pages are no room
  kForgetsQuota,      // the quota halved
  kDeafToNoSpace,
  kCountsRaftEntries,   // the applied index taken for the revision
  kStuckClock,          // time that stops while the monitor is down
  kLateReadings,        // every reading told an hour after it was made
  kNoHysteresis,        // the severity of each reading by itself
  kBlindToRestore,      // a history that never goes back, and one cluster id
  kLineThroughTheFile,  // the forecast of a straight line through four hours of file size
  kOneMemberOnly,       // only the first member looked at
  kHearsNoSilence,      // members that do not answer left out at once
};

class WatchedCluster {
 public:
  explicit WatchedCluster(const test::ToyStore::Options& options,
                          CompactionHint hint = CompactionHint::kAuto,
                          Mutant mutant = Mutant::kNone);

  // Another member, to be added before time goes on.
  size_t AddMember(const test::ToyStore::Options& options);
  // Each reading 30 s after the one before.
  void Run(Nanoseconds time, const test::ToyStore::Writes& writes);
  // Until the first member refuses writes, `at_most` so long.
  void RunUntilFull(Nanoseconds at_most, const test::ToyStore::Writes& writes);
  void RunUnwatched(Nanoseconds time, const test::ToyStore::Writes& writes);

  test::ToyStore& store(size_t member = 0) { return stores_[member]; }
  void SetSilent(size_t member, bool silent) { silent_[member] = silent; }
  void Forget();  // what was recorded so far

  const ClusterReport& report() const { return report_; }
  const MemberReport& member(size_t member = 0) const;

  // The record, in hours since the start.
  double now_h() const;
  std::optional<double> full_h() const { return full_h_; }
  std::optional<double> first_h(Severity at_least) const;
  std::optional<double> anomaly_h() const { return anomaly_h_; }
  Severity worst() const { return worst_; }
  bool said(Verdict verdict) const { return verdicts_.contains(verdict); }
  int changes() const { return changes_; }  // of the severity
  // Every reading's forecast, of the first member.
  const std::vector<Forecast>& forecasts() const { return forecasts_; }

 private:
  MemberSample Heard(MemberSample sample);
  ClusterReport Said();
  void Read();

  const CompactionHint hint_;
  const Mutant mutant_;
  std::vector<test::ToyStore> stores_;
  std::vector<bool> silent_;
  ClusterGrowth growth_;
  ClusterReport report_;
  MonotonicTime started_at_;

  std::optional<double> full_h_;
  std::optional<double> first_h_[4];
  std::optional<double> anomaly_h_;
  Severity worst_ = Severity::kNone;
  std::set<Verdict> verdicts_;
  int changes_ = 0;
  std::vector<Forecast> forecasts_;

  // Of mutants.
  int64_t highest_in_use_ = 0;
  int64_t highest_revision_ = 0;
  uint64_t first_cluster_ = 0;
  Nanoseconds unwatched_{0};
  std::vector<MemberSample> delayed_;
  std::vector<MemberSample> four_hours_;
};

}  // namespace bellwether::growth
