// Which of several replicas is asked next, and after what wait. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/backoff.h"
#include "base/time.h"

namespace bellwether::rest {

class ServerChoice {
 public:
  // `servers` > 0. `seed` is of jitter.
  ServerChoice(size_t servers, Backoff::Options options, uint64_t seed)
      : servers_(servers), backoff_(options, seed) {}

  size_t current() const { return current_; }
  // The current one does not serve: on to the next, at once, unless all have failed in turn; then
  // after a wait that grows. `at_least`: what a server asked for.
  Milliseconds OnFailed(std::optional<Milliseconds> at_least = std::nullopt);
  // To be called when it has done what it is there for, not when a connection was made.
  void OnWorked();

 private:
  const size_t servers_;
  size_t current_ = 0;
  size_t failed_ = 0;  // in a row
  std::optional<Milliseconds> at_least_;
  Backoff backoff_;
};

}  // namespace bellwether::rest
