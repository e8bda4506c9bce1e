// Which of the configured endpoints is the raft leader. Keepalives go there: any other member
// forwards each of them to the leader in an HTTP request of its own (leasehttp), which has melted
// clusters (etcd #9911, #11886).
//
// Asks every endpoint for its Status, and again when an answer shows another raft term, because a
// new leader is a new term. Where Status is refused, or the leader is not among the endpoints,
// there is none to be found, and any endpoint will do.
//
// Thread: shard thread only.
#pragma once

#include <functional>
#include <optional>

#include "etcd/api.h"
#include "etcd/caller.h"

namespace bellwether::etcd {

class LeaderFinder {
 public:
  // `found` is called when a leader was found, never inside a call to it. Both outlive it.
  LeaderFinder(Caller& caller, std::function<void()> found);

  // nullopt while it is not known or has failed.
  std::optional<size_t> leader() const { return leader_; }
  // Looks for it unless it is known; `seen_term` is the raft term of an answer, 0 = none at hand.
  void Look(uint64_t seen_term);
  // The endpoint does not answer. If it is the leader's, it is none until it is found again.
  void Forget(size_t endpoint);

 private:
  void OnStatus(size_t endpoint, const Result<StatusResponse>& result);

  Caller& caller_;
  const std::function<void()> found_;
  std::optional<size_t> leader_;
  uint64_t term_ = 0;     // that the answer below is of
  bool settled_ = false;  // nothing is to be learned before the term changes

  // The round of questions under way, or the last one.
  struct Round {
    size_t unanswered = 0;
    bool all_knew = true;          // every endpoint told a leader, or may not be asked
    std::optional<size_t> leader;  // in the newest term that one was claimed in
    uint64_t leader_term = 0;
    uint64_t newest_term = 0;  // that was seen, also where nobody may be asked
  };
  Round round_;
  std::optional<MonotonicTime> asked_at_;
  Scope scope_;
};

}  // namespace bellwether::etcd
