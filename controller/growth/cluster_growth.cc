#include "growth/cluster_growth.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr int kRoundsThatCount = 3;
constexpr Nanoseconds kSeverityHolds = 30min;

bool WorseOff(const MemberReport& a, const MemberReport& b) {
  const auto rank = [](const MemberReport& report) {
    // No forecast is the least of worries.
    return std::tuple(report.severity, -report.forecast.time_to_quota.value_or(2 * kNever));
  };
  return rank(a) > rank(b);
}

// Empty when all values are the same.
template <typename Value>
void ClearIfEqual(std::map<uint64_t, Value>& by_member) {
  std::set<Value> values;
  for (const auto& [member, value] : by_member) values.insert(value);
  if (values.size() < 2) by_member.clear();
}

}  // namespace

void ClusterGrowth::Add(const MemberSample& sample) {
  if (!members_.contains(sample.member_id) && members_.size() == kMaxMembers) {
    members_.erase(
        std::min_element(members_.begin(), members_.end(), [](const auto& a, const auto& b) {
          return a.second.report().sample.at < b.second.report().sample.at;
        }));
  }
  members_.try_emplace(sample.member_id, hint_).first->second.Add(sample);
}

void ClusterGrowth::Add(const ClusterStatus& status,
                        const std::map<uint64_t, Revision>& compact_revisions) {
  for (const MemberStatus& member : status.members) {
    std::optional<MemberSample> sample = SampleOf(member);
    if (!sample) continue;
    if (const auto compact = compact_revisions.find(sample->member_id);
        compact != compact_revisions.end()) {
      sample->compact_revision = compact->second;
    }
    Add(*sample);
  }
}

ClusterReport ClusterGrowth::Report(MonotonicTime now, Milliseconds every) const {
  ClusterReport cluster;
  const MemberReport* worst = nullptr;
  const MemberReport* newest = nullptr;  // the current member that has come furthest
  for (const auto& [id, growth] : members_) {
    const MemberReport& report = growth.report();
    const Nanoseconds age = now - report.sample.at;
    const bool current = age <= kRoundsThatCount * every;
    cluster.members.push_back({.member_id = id, .current = current, .report = report});
    if ((current || age <= kSeverityHolds) && (worst == nullptr || WorseOff(report, *worst))) {
      worst = &report;
      cluster.worst_member = id;
    }
    if (!current) continue;
    if (newest == nullptr || report.sample.revision > newest->sample.revision) newest = &report;
    if (report.sample.quota_bytes) cluster.unequal_quotas_bytes[id] = *report.sample.quota_bytes;
    cluster.differing_cluster_ids[id] = report.sample.cluster_id;
  }
  ClearIfEqual(cluster.unequal_quotas_bytes);
  ClearIfEqual(cluster.differing_cluster_ids);
  if (worst != nullptr) {
    cluster.severity = worst->severity;
    cluster.verdict = worst->forecast.verdict;
    cluster.time_to_quota = worst->forecast.time_to_quota;
  }
  if (newest != nullptr) {
    cluster.revisions_per_second = newest->revisions_per_second;
    cluster.usual_revisions_per_second = newest->usual_revisions_per_second;
    cluster.empty_entries_per_second = newest->empty_entries_per_second;
    cluster.anomaly_since = newest->anomaly_since;
  }
  return cluster;
}

const MemberGrowth* ClusterGrowth::member(uint64_t member_id) const {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : &found->second;
}

}  // namespace bellwether::growth
