#include "etcd/keepalive_schedule.h"

#include "base/check.h"

namespace bellwether::etcd {

void KeepaliveSchedule::Add(LeaseId lease, Milliseconds ttl, MonotonicTime first) {
  const auto [at, added] = leases_.emplace(lease, Kept{ttl, first, {}});
  BW_CHECK(added);
  by_due_.emplace(at->second.due, lease);
  ttls_.insert(ttl);
}

void KeepaliveSchedule::Remove(LeaseId lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return;
  Unlist(lease, found->second);
  ttls_.erase(ttls_.find(found->second.ttl));
  for (const MonotonicTime sent : found->second.sent) unanswered_.erase(unanswered_.find(sent));
  leases_.erase(found);
}

std::vector<LeaseId> KeepaliveSchedule::TakeDue(MonotonicTime now) {
  std::vector<LeaseId> due;
  while (!by_due_.empty() && by_due_.begin()->first <= now) {
    const LeaseId lease = by_due_.begin()->second;
    Kept& kept = leases_.at(lease);
    kept.sent.push_back(now);
    unanswered_.insert(now);
    SetDue(lease, kept, now + kept.ttl / 3);
    due.push_back(lease);
  }
  return due;
}

std::optional<MonotonicTime> KeepaliveSchedule::next_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

std::optional<MonotonicTime> KeepaliveSchedule::oldest_unanswered() const {
  if (unanswered_.empty()) return std::nullopt;
  return *unanswered_.begin();
}

std::optional<MonotonicTime> KeepaliveSchedule::OnAnswer(LeaseId lease, Milliseconds ttl) {
  const auto found = leases_.find(lease);
  if (found == leases_.end() || found->second.sent.empty()) return std::nullopt;
  Kept& kept = found->second;
  const MonotonicTime sent = kept.sent.front();
  kept.sent.pop_front();
  unanswered_.erase(unanswered_.find(sent));
  if (ttl.count() > 0) {
    ttls_.erase(ttls_.find(kept.ttl));
    ttls_.insert(ttl);
    kept.ttl = ttl;
  }
  return sent;
}

void KeepaliveSchedule::OnStreamBroken(MonotonicTime now) {
  unanswered_.clear();
  for (auto& [lease, kept] : leases_) {
    // A lease that was renewed a moment ago keeps its turn: thousands of them must not all be
    // renewed at once.
    if (!kept.sent.empty()) SetDue(lease, kept, now);
    kept.sent.clear();
  }
}

void KeepaliveSchedule::SetDue(LeaseId lease, Kept& kept, MonotonicTime due) {
  Unlist(lease, kept);
  kept.due = due;
  by_due_.emplace(due, lease);
}

void KeepaliveSchedule::Unlist(LeaseId lease, const Kept& kept) {
  by_due_.erase({kept.due, lease});
}

}  // namespace bellwether::etcd
