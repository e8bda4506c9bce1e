// What is known of the members of one etcd cluster: immutable values, made on the shard, read by
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace bellwether::growth {

// etcd's default of --quota-backend-bytes.
inline constexpr int64_t kDefaultQuotaBytes = int64_t{2} * 1024 * 1024 * 1024;

// The newest try to ask one endpoint, and what its last answer said. Once the endpoint stops
// answering, the values are as old as sampled_at says: IsCurrent tells whether they may be shown as
// today's.
struct MemberStatus {
  std::string endpoint;    // as configured
  bool reachable = false;  // the newest try was answered with a status
  std::string error;       // why it was not, and what to do; empty when reachable

  // When the last answer was asked for; unset = it never answered, and all below is unknown.
  std::optional<MonotonicTime> sampled_at;
  WallTime sampled_at_wall;  // the same moment, for people
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  std::string name;     // from the member list; empty = not known yet
  std::string version;  // "3.5.8"
  Revision revision;
  uint64_t raft_index = 0;
  uint64_t raft_applied_index = 0;
  uint64_t raft_term = 0;
  bool is_leader = false;
  bool is_learner = false;
  int64_t db_size_bytes = 0;           // the file: what etcd holds against the quota
  int64_t db_size_in_use_bytes = 0;    // without its free pages
  std::optional<int64_t> quota_bytes;  // as QuotaOf says
  std::vector<std::string> errors;     // alarms and "no leader", in etcd's words
};

struct ClusterStatus {
  std::string name;
  Milliseconds every{10000};  // how often each endpoint is asked
  // Each member once, in the order of the configured endpoints; one that never answered stands for
  // itself. An endpoint is left out until its first try has ended.
  std::vector<MemberStatus> members;
  // Endpoints of a member that is in `members` already: two addresses of one etcd must not count
  // twice.
  std::vector<MemberStatus> further_endpoints;
};

// True while the newest try was answered and is not older than three rounds (the sampler itself may
// have stopped).
bool IsCurrent(const MemberStatus& member, Milliseconds every, MonotonicTime now);

// Whether servers of this version tell their quota in Status (3.6 and later).
bool TellsItsQuota(std::string_view version);

// The quota that counts: what the server tells (3.6 and later; their 0 is the default of 2 GiB,
// which they did not tell before 3.6.6), else what was configured, else unknown. Negative = the
// server runs without one.
std::optional<int64_t> QuotaOf(std::string_view version, int64_t told_bytes,
                               std::optional<int64_t> configured_bytes);

// True when the errors of a status name this alarm ("NOSPACE", "CORRUPT"): etcd writes each as
// "memberID:1 alarm:NOSPACE".
bool NamesAlarm(const std::vector<std::string>& errors, std::string_view alarm);

}  // namespace bellwether::growth
