#include "app/leader_log.h"

#include <utility>

#include "base/log.h"

namespace bellwether::app {
namespace {

// Elections without a leader of whom the last one is remembered; what is more goes without its
// name.
constexpr size_t kMaxLost = 10000;

}  // namespace

void LeaderLog::OnChange(const election::LeaderChange& change) {
  const election::ElectionView& view = change.after ? *change.after : *change.before;
  const std::string election = view.ns + "/" + view.name;
  std::string previous;
  if (change.before && change.before->leader() != nullptr) {
    previous = change.before->leader()->id;
  } else if (const auto lost = lost_.find(election); lost != lost_.end()) {
    previous = std::move(lost->second);
    lost_.erase(lost);
  }
  if (!change.after) {
    log::Info("leader gone, nobody waits", {{"election", election}, {"previous", previous}});
    if (lost_.size() < kMaxLost) lost_[election] = std::move(previous);
    return;
  }
  if (view.since_is_lower_bound || view.leader() == nullptr) return;
  const int64_t token = view.leader()->create_revision.value;
  if (!view.last_failover) {
    log::Info("leader changed",
              {{"election", election}, {"leader", view.leader()->id}, {"token", token}});
    return;
  }
  log::Info("leader changed", {{"election", election},
                               {"leader", view.leader()->id},
                               {"token", token},
                               {"previous", previous},
                               {"after_ms", view.last_failover->count()}});
}

}  // namespace bellwether::app
