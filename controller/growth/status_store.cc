#include "growth/status_store.h"

#include <utility>

namespace bellwether::growth {

void StatusStore::Publish(std::shared_ptr<const ClusterStatus> status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

std::shared_ptr<const ClusterStatus> StatusStore::current() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace bellwether::growth
