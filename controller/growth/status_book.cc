#include "growth/status_book.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bellwether::growth {
namespace {

// A cluster has a handful of alarms; whatever a server sends, no more is kept.
constexpr size_t kMaxErrors = 16;
constexpr size_t kMaxErrorBytes = 256;

std::string WhyNot(const Error& why) {
  if (why.code != Code::kPermission) return why.message;
  return why.message +
         "; Status needs the role root on etcd 3.4.42 to 3.4.45, 3.5.28 to 3.5.31 and 3.6.0 to "
         "3.6.11, any user on "
         "newer ones: upgrade, or `etcdctl user grant-role USER root`";
}

bool SameMember(const MemberStatus& a, const MemberStatus& b) {
  return a.sampled_at && b.sampled_at && a.member_id == b.member_id && a.cluster_id == b.cluster_id;
}

bool CountsBefore(const MemberStatus& a, const MemberStatus& b) {
  return std::tie(a.reachable, a.sampled_at) > std::tie(b.reachable, b.sampled_at);
}

}  // namespace

MonotonicTime NextRound(MonotonicTime start, Milliseconds every, MonotonicTime now) {
  return start + ((now - start) / every + 1) * every;
}

StatusBook::StatusBook(std::string cluster, Milliseconds every, std::optional<int64_t> quota_bytes,
                       std::vector<std::string> endpoints)
    : cluster_(std::move(cluster)), every_(every), quota_bytes_(quota_bytes) {
  for (std::string& endpoint : endpoints) {
    entries_.push_back({.status = {.endpoint = std::move(endpoint)}});
  }
}

void StatusBook::OnStatus(size_t endpoint, MonotonicTime asked_at, WallTime asked_at_wall,
                          const etcd::StatusResponse& status) {
  Entry& entry = entries_[endpoint];
  entry.tried = true;
  const uint64_t member_id = status.header.member_id;
  std::vector<std::string> errors;
  for (const std::string& error : status.errors) {
    if (errors.size() == kMaxErrors) break;
    errors.push_back(error.substr(0, kMaxErrorBytes));
  }
  entry.status = {
      .endpoint = std::move(entry.status.endpoint),
      .reachable = true,
      .sampled_at = asked_at,
      .sampled_at_wall = asked_at_wall,
      .cluster_id = status.header.cluster_id,
      .member_id = member_id,
      .version = status.version,
      .revision = status.header.revision,
      .raft_index = status.raft_index,
      .raft_applied_index = status.raft_applied_index,
      .raft_term = status.raft_term,
      .is_leader = member_id != 0 && status.leader == member_id,
      .is_learner = status.is_learner,
      .db_size_bytes = status.db_size_bytes,
      .db_size_in_use_bytes = status.db_size_in_use_bytes,
      .quota_bytes = QuotaOf(status.version, status.db_quota_bytes, quota_bytes_),
      .errors = std::move(errors),
  };
}

void StatusBook::OnFailure(size_t endpoint, const Error& why) {
  Entry& entry = entries_[endpoint];
  entry.tried = true;
  entry.status.reachable = false;
  entry.status.error = WhyNot(why);
}

void StatusBook::OnMembers(const etcd::MemberListResponse& list) {
  names_.clear();
  for (const etcd::Member& member : list.members) {
    if (!member.name.empty()) names_.emplace(member.id, member.name);
  }
}

bool StatusBook::WantsNames() const {
  return std::any_of(entries_.begin(), entries_.end(), [this](const Entry& entry) {
    return entry.status.reachable && !names_.contains(entry.status.member_id);
  });
}

ClusterStatus StatusBook::Snapshot() const {
  ClusterStatus cluster{.name = cluster_, .every = every_};
  for (const Entry& entry : entries_) {
    if (!entry.tried) continue;
    MemberStatus status = entry.status;
    if (const auto name = names_.find(status.member_id);
        status.sampled_at && name != names_.end()) {
      status.name = name->second;
    }
    const auto same =
        std::find_if(cluster.members.begin(), cluster.members.end(),
                     [&](const MemberStatus& member) { return SameMember(member, status); });
    if (same == cluster.members.end()) {
      cluster.members.push_back(std::move(status));
      continue;
    }
    if (CountsBefore(status, *same)) std::swap(status, *same);
    cluster.further_endpoints.push_back(std::move(status));
  }
  return cluster;
}

}  // namespace bellwether::growth
