// When each lease is to be renewed and which answer belongs to which request. Pure: time is passed
// in.
//
// etcd answers the keepalives of one lease in the order they were sent, so an answer belongs to the
// oldest request of its lease that has none; it extends from THAT send time, never from a newer
// one.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace bellwether::etcd {

class KeepaliveSchedule {
 public:
  // `first` is when the first keepalive is due.
  void Add(LeaseId lease, Milliseconds ttl, MonotonicTime first);
  void Remove(LeaseId lease);
  bool empty() const { return leases_.empty(); }

  // The leases that are due; each is then noted as sent at `now`.
  std::vector<LeaseId> TakeDue(MonotonicTime now);
  // When TakeDue next has something.
  std::optional<MonotonicTime> next_due() const;
  // Of all leases; 0 when there is none.
  Milliseconds shortest_ttl() const { return ttls_.empty() ? Milliseconds(0) : *ttls_.begin(); }
  // The send time of the oldest request that has no answer.
  std::optional<MonotonicTime> oldest_unanswered() const;

  // The send time that the answer counts from; nullopt for an answer to nothing.
  std::optional<MonotonicTime> OnAnswer(LeaseId lease, Milliseconds ttl);
  // The stream is gone: what was sent on it will not be answered, everything is due again.
  void OnStreamBroken(MonotonicTime now);

 private:
  struct Kept {
    Milliseconds ttl;
    MonotonicTime due;
    std::deque<MonotonicTime> sent;  // without an answer, oldest first
  };
  void SetDue(LeaseId lease, Kept& kept, MonotonicTime due);
  void Unlist(LeaseId lease, const Kept& kept);

  std::map<LeaseId, Kept> leases_;
  std::set<std::pair<MonotonicTime, LeaseId>> by_due_;
  std::multiset<MonotonicTime> unanswered_;
  std::multiset<Milliseconds> ttls_;
};

}  // namespace bellwether::etcd
