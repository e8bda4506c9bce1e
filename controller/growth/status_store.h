// The newest status of one monitored cluster. One writer (the shard), any number of reading
// threads.
#pragma once

#include <memory>
#include <mutex>

#include "growth/member_status.h"

namespace bellwether::growth {

class StatusStore {
 public:
  void Publish(std::shared_ptr<const ClusterStatus> status);
  // Null before the first answer or failure of an endpoint.
  std::shared_ptr<const ClusterStatus> current() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ClusterStatus> status_;
};

}  // namespace bellwether::growth
