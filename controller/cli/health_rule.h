// When an application counts as well, by the answers to the checks of it. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace bellwether::cli {

struct HealthTimes {
  Milliseconds interval{1000};  // from the start of one check to that of the next
  int failures = 3;             // in a row, until it fails
  int successes = 2;            // in a row, until it is well (again)
  // From the begin on, failures before it is well for the first time do not count so long.
  Milliseconds start{0};
};

class HealthRule {
 public:
  enum class State { kStarting, kWell, kFailing };

  HealthRule(HealthTimes times, MonotonicTime begin) : times_(times), begin_(begin) {}

  // The answer to a check that was sent at `sent_at`. The new state when it changes the state.
  std::optional<State> OnAnswer(MonotonicTime sent_at, bool well);
  // When the next check is due after one that was sent then.
  MonotonicTime NextAfter(MonotonicTime sent_at) const { return sent_at + times_.interval; }

 private:
  const HealthTimes times_;
  const MonotonicTime begin_;
  State state_ = State::kStarting;
  int64_t passed_ = 0;  // in a row
  int64_t failed_ = 0;  // in a row
};

}  // namespace bellwether::cli
