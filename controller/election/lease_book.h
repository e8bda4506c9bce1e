// The leases that this process holds, and until when their holders may act on each. Pure.
//
// Time:   CLOCK_BOOTTIME. Validity counts from the moment a renewal was SENT, less the fencing
//         margin; the grant counts as the first renewal. Answers come late and out of order: the
//         one that was sent last counts, whenever it arrives.
// Errors: a lease that is not held is never valid; one that was dropped or is gone never revives.
#pragma once

#include <map>

#include "base/ids.h"
#include "base/time.h"

namespace bellwether::election {

class LeaseBook {
 public:
  void Granted(LeaseId lease, MonotonicTime sent_at, Milliseconds ttl);
  // True when this moved the lease's validity.
  bool Renewed(LeaseId lease, MonotonicTime sent_at, Milliseconds ttl);
  // etcd says it is gone, or we stopped keeping it.
  void Drop(LeaseId lease);

  bool Holds(LeaseId lease) const { return leases_.contains(lease); }
  // Holders are fenced from here on; the distant past for a lease that is not held.
  MonotonicTime valid_until(LeaseId lease) const;
  // The TTL of the newest answer; 0 for a lease that is not held.
  Milliseconds ttl(LeaseId lease) const;

 private:
  struct Held {
    MonotonicTime sent_at;  // of the newest answered renewal
    Milliseconds ttl;
  };
  std::map<LeaseId, Held> leases_;
};

}  // namespace bellwether::election
