#include "election/lease_book.h"

#include "election/fence.h"

namespace bellwether::election {

void LeaseBook::Granted(LeaseId lease, MonotonicTime sent_at, Milliseconds ttl) {
  leases_.insert_or_assign(lease, Held{sent_at, ttl});
}

bool LeaseBook::Renewed(LeaseId lease, MonotonicTime sent_at, Milliseconds ttl) {
  const auto it = leases_.find(lease);
  if (it == leases_.end() || sent_at <= it->second.sent_at) return false;
  it->second = {sent_at, ttl};
  return true;
}

void LeaseBook::Drop(LeaseId lease) { leases_.erase(lease); }

MonotonicTime LeaseBook::valid_until(LeaseId lease) const {
  const auto it = leases_.find(lease);
  if (it == leases_.end()) return MonotonicTime::min();
  return ValidUntil(it->second.sent_at, it->second.ttl);
}

Milliseconds LeaseBook::ttl(LeaseId lease) const {
  const auto it = leases_.find(lease);
  return it == leases_.end() ? Milliseconds(0) : it->second.ttl;
}

}  // namespace bellwether::election
