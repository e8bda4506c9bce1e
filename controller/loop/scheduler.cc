#include "loop/scheduler.h"

#include <utility>

namespace bellwether {

void Timer::Set(MonotonicTime when, Task task) {
  Cancel();
  id_ = scheduler_.At(when, [this, run = std::move(task)] {
    id_ = {};
    run();
  });
}

void Timer::Cancel() {
  if (id_.value != 0) scheduler_.Cancel(id_);
  id_ = {};
}

}  // namespace bellwether
