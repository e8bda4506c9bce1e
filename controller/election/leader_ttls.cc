#include "election/leader_ttls.h"

#include <utility>

namespace bellwether::election {
namespace {

// After a start there is a question for each election; etcd has other things to do.
constexpr size_t kMostUnderWay = 4;
constexpr Backoff::Options kAfterTrouble{.first = Milliseconds(1000), .cap = Milliseconds(30000)};

}  // namespace

LeaderTtls::LeaderTtls(Scheduler& scheduler, etcd::Client& client, uint64_t seed)
    : scheduler_(scheduler), client_(client), backoff_(kAfterTrouble, seed), again_(scheduler) {}

void LeaderTtls::OnLeaderChange(const LeaderChange& change) {
  const ElectionView& view = change.after ? *change.after : *change.before;
  const LeaseId lease = change.after ? change.after->leader()->lease : LeaseId{};
  LeaseId& leads = leads_[view.ns + "/" + view.name];
  const LeaseId led = std::exchange(leads, lease);
  if (!lease) leads_.erase(view.ns + "/" + view.name);
  {
    const std::lock_guard lock(mutex_);
    if (lease && ++leases_[lease].leaders == 1) waiting_.insert(lease);
    const auto old = leases_.find(led);
    if (old != leases_.end() && --old->second.leaders == 0) {
      waiting_.erase(led);
      leases_.erase(old);
    }
  }
  Ask();
}

std::optional<Milliseconds> LeaderTtls::Find(LeaseId lease) const {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(lease);
  return found == leases_.end() ? std::nullopt : found->second.ttl;
}

void LeaderTtls::Ask() {
  while (!waiting_.empty() && under_way_ < kMostUnderWay && !again_.armed()) {
    const LeaseId lease = waiting_.extract(waiting_.begin()).value();
    ++under_way_;
    client_.LeaseTimeToLive(
        lease, /*with_keys=*/false, {},
        scope_.Bind([this, lease](const Result<etcd::LeaseTimeToLiveResponse>& answer) {
          --under_way_;
          OnAnswer(lease, answer);
          Ask();
        }));
  }
}

void LeaderTtls::OnAnswer(LeaseId lease, const Result<etcd::LeaseTimeToLiveResponse>& answer) {
  const std::lock_guard lock(mutex_);
  const auto asked = leases_.find(lease);
  if (asked == leases_.end()) return;  // nobody leads on it any more
  if (answer.ok()) {
    backoff_.Reset();
    if (answer->remaining.count() >= 0) asked->second.ttl = answer->granted;
  } else if (answer.error().code != Code::kPermission) {
    waiting_.insert(lease);
    again_.Set(scheduler_.Now() + backoff_.Next(), [this] { Ask(); });
  }
}

}  // namespace bellwether::election
