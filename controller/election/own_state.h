// What a candidate of this process says of itself, for other threads: its HTTP server.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"
#include "election/leadership.h"

namespace bellwether::election {

struct OwnState {
  // The application that this candidate stands for, as a check of it says.
  struct Application {
    std::string target;
    bool well = false;
    std::string why;  // when it is not, or not known to be
  };

  std::string election;  // NS/NAME, or the prefix
  std::string id;        // as it is shown to others
  std::optional<Place> place;
  // Who acts on it stops by its valid_until, at the latest.
  std::optional<Leadership> leadership;
  std::string not_queued;  // why it is in no queue; empty = it is, or is joining
  std::optional<Application> application;

  // Null from valid_until on, whether or not anybody has noticed yet.
  const Leadership* LeadsAt(MonotonicTime now) const {
    return leadership && now < leadership->valid_until ? &*leadership : nullptr;
  }
};

class OwnStateStore {
 public:
  // Any thread.
  OwnState Get() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  // Shard thread; `change` asks nobody.
  void Update(const std::function<void(OwnState&)>& change) {
    const std::lock_guard lock(mutex_);
    change(state_);
  }

 private:
  mutable std::mutex mutex_;
  OwnState state_;
};

}  // namespace bellwether::election
