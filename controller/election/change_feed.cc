#include "election/change_feed.h"

#include <utility>

namespace bellwether::election {

ChangeFeed::ChangeFeed(std::function<void()> ready) : ready_(std::move(ready)) {}

std::vector<std::string> ChangeFeed::Take() {
  std::unordered_set<std::string> changed;
  {
    const std::lock_guard lock(mutex_);
    announced_ = false;
    changed.swap(changed_);
  }
  return {changed.begin(), changed.end()};
}

void ChangeFeed::Close() {
  const std::lock_guard lock(mutex_);
  ready_ = nullptr;
  changed_.clear();
}

void ChangeFeed::Note(const std::string& election) {
  const std::lock_guard lock(mutex_);
  if (!ready_) return;
  if (!election.empty()) changed_.insert(election);
  if (announced_) return;
  announced_ = true;
  ready_();
}

}  // namespace bellwether::election
