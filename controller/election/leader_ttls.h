// The TTL of the lease that each election's leader stands on, as etcd granted it: how long a health
// check may go on believing what it knew when etcd has fallen silent (design point 13). Asked once
// for each leader's key; a read, which adds no revision and no raft entry.
//
// Thread:  the shard's, but Find is for any.
// Errors:  a TTL that may not be asked for (authentication) or whose lease is gone stays unknown;
//          other trouble is tried again.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/backoff.h"
#include "election/view.h"
#include "etcd/client.h"
#include "loop/scheduler.h"

namespace bellwether::election {

class LeaderTtls {
 public:
  // Both outlive it. `seed` is of jitter.
  LeaderTtls(Scheduler& scheduler, etcd::Client& client, uint64_t seed);

  void OnLeaderChange(const LeaderChange& change);
  // nullopt while it is not known, and for a lease on which nobody leads.
  std::optional<Milliseconds> Find(LeaseId lease) const;

 private:
  struct Lease {
    size_t leaders = 0;  // elections whose leader stands on it
    std::optional<Milliseconds> ttl;
  };
  void Ask();
  void OnAnswer(LeaseId lease, const Result<etcd::LeaseTimeToLiveResponse>& answer);

  Scheduler& scheduler_;
  etcd::Client& client_;
  std::map<std::string, LeaseId> leads_;  // by "ns/name"
  std::set<LeaseId> waiting_;             // to be asked for
  size_t under_way_ = 0;
  Backoff backoff_;
  Timer again_;
  mutable std::mutex mutex_;
  std::map<LeaseId, Lease> leases_;  // guarded by mutex_; changed on the shard alone
  Scope scope_;
};

}  // namespace bellwether::election
