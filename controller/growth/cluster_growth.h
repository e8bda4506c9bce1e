// The growth of one etcd cluster: that of its member that is worst off. Quotas and files differ
// between members, and one full member stops the writes of all; revisions are the cluster's, so
// they count once.
//
// Bounds: 32 members; the one not heard of for longest makes way for another.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "growth/member_growth.h"
#include "growth/member_status.h"

namespace bellwether::growth {

struct ClusterReport {
  struct Member {
    uint64_t member_id = 0;
    // False when it was not heard of lately. Its severity counts for half an hour more: silence is
    // no recovery.
    bool current = false;
    MemberReport report;
  };
  std::vector<Member> members;  // by id
  // Of the member that is worst off: the most severe, then the one that is full first. Unset while
  // none counts.
  std::optional<uint64_t> worst_member;
  Severity severity = Severity::kNone;
  Verdict verdict = Verdict::kWarmingUp;
  std::optional<Seconds> time_to_quota;

  double revisions_per_second = 0;
  double usual_revisions_per_second = 0;
  double empty_entries_per_second = 0;
  std::optional<MonotonicTime> anomaly_since;
  // Both by member; empty when all have the same, unknown ones left out.
  std::map<uint64_t, int64_t> unequal_quotas_bytes;
  std::map<uint64_t, uint64_t> differing_cluster_ids;
};

class ClusterGrowth {
 public:
  static constexpr size_t kMaxMembers = 32;

  explicit ClusterGrowth(CompactionHint hint) : hint_(hint) {}
  void Add(const MemberSample& sample);
  // Every member's newest reading; one that was added before changes nothing. Status does not tell
  // compact revisions: those known from elsewhere by member id.
  void Add(const ClusterStatus& status, const std::map<uint64_t, Revision>& compact_revisions = {});
  // `every`: how often members are asked; one not heard of for three times as long is not current.
  ClusterReport Report(MonotonicTime now, Milliseconds every) const;
  // Null for one that is not known. Valid until the next Add.
  const MemberGrowth* member(uint64_t member_id) const;

 private:
  const CompactionHint hint_;
  std::map<uint64_t, MemberGrowth> members_;
};

}  // namespace bellwether::growth
