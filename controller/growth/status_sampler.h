// Asks every endpoint of a cluster for its Status, each on its own, and publishes what the members
// said. Costs etcd nothing: Status and the member list add no revision and no raft entry.
// (AlarmList does, so alarms come from Status.)
//
// Owner:   whoever made it; destroying it ends the sampling. What it is made with outlives it.
// Thread:  shard thread only; the store is read by any thread.
// Bounds:  one call under way per endpoint, and one for the member list.
// Errors:  an endpoint that does not answer is published as such, with the reason, and asked again
//          in the next round.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "etcd/client.h"
#include "growth/status_book.h"
#include "growth/status_store.h"
#include "loop/scheduler.h"
#include "loop/scope.h"

namespace bellwether::growth {

class StatusSampler {
 public:
  struct Options {
    std::string cluster = "main";  // its name in metrics and answers
    // Rounds begin at the start plus a whole number of these, without drift. At least 100 ms.
    Milliseconds every{10000};
    // For servers that do not tell theirs (before 3.6).
    std::optional<int64_t> quota_bytes = std::nullopt;
  };

  StatusSampler(Scheduler& scheduler, etcd::Client& client, Options options, StatusStore& store);
  StatusSampler(const StatusSampler&) = delete;
  StatusSampler& operator=(const StatusSampler&) = delete;

  // The first round begins at once.
  void Start();
  // Options::quota_bytes, from the next answers on.
  void SetQuota(std::optional<int64_t> quota_bytes) { book_.SetQuota(quota_bytes); }

 private:
  void Round();
  void AskStatus(size_t endpoint);
  void AskMembers();
  void Publish();

  Scheduler& scheduler_;
  etcd::Client& client_;
  const Milliseconds every_;
  StatusStore& store_;
  StatusBook book_;
  MonotonicTime started_at_;
  std::vector<bool> asking_;  // by endpoint: a call is under way
  bool asking_members_ = false;
  Timer next_round_;
  Scope scope_;
};

}  // namespace bellwether::growth
