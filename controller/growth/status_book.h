// What the endpoints of one cluster said last, and how that adds up to members. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "etcd/api.h"
#include "growth/member_status.h"

namespace bellwether::growth {

// When the round after `now` begins: at `start` plus a whole number of `every`. Rounds that a
// stalled shard missed are left out, never made up for.
MonotonicTime NextRound(MonotonicTime start, Milliseconds every, MonotonicTime now);

class StatusBook {
 public:
  // `endpoints` as configured, in their order. `quota_bytes`: for servers that do not tell theirs.
  StatusBook(std::string cluster, Milliseconds every, std::optional<int64_t> quota_bytes,
             std::vector<std::string> endpoints);

  // `endpoint` is an index into the endpoints; `asked_at` the time of the question, so that ages
  // are never understated.
  void OnStatus(size_t endpoint, MonotonicTime asked_at, WallTime asked_at_wall,
                const etcd::StatusResponse& status);
  void OnFailure(size_t endpoint, const Error& why);
  void OnMembers(const etcd::MemberListResponse& list);

  // From the next OnStatus on.
  void SetQuota(std::optional<int64_t> quota_bytes) { quota_bytes_ = quota_bytes; }

  // A member has answered whose name is not known: time to ask for the member list.
  bool WantsNames() const;

  // Each member once. Of several endpoints of one member (same cluster and member id) the one
  // counts that answers, then the one that answered last, then the one configured first.
  ClusterStatus Snapshot() const;

 private:
  struct Entry {
    MemberStatus status;
    bool tried = false;
  };

  const std::string cluster_;
  const Milliseconds every_;
  std::optional<int64_t> quota_bytes_;
  std::vector<Entry> entries_;             // by endpoint
  std::map<uint64_t, std::string> names_;  // by member id
};

}  // namespace bellwether::growth
