// Which endpoint to use next. Pure: time is passed in. One endpoint is in use by everything until
// it fails; a failed one rests for a back-off with jitter while the others are tried in turn.
#pragma once

#include <cstddef>
#include <vector>

#include "base/backoff.h"
#include "base/time.h"

namespace bellwether::etcd {

class EndpointChoice {
 public:
  // Starts at a random endpoint, so that many clients spread over the members. count > 0. No
  // endpoint rests for longer than `longest_rest`: when etcd is back after an election of its own,
  // leases must be renewed before they run out.
  EndpointChoice(size_t count, uint64_t seed, Milliseconds longest_rest = Milliseconds(3000));

  size_t current() const { return current_; }
  // When the current endpoint may be tried; in the past unless all of them rest.
  MonotonicTime ready_at() const { return endpoints_[current_].rests_until; }
  void OnSuccess(size_t endpoint);
  // True when the endpoint in use has changed.
  bool OnFailure(size_t endpoint, MonotonicTime now);

 private:
  struct State {
    Backoff backoff;
    MonotonicTime rests_until;
  };
  std::vector<State> endpoints_;
  size_t current_;
};

}  // namespace bellwether::etcd
