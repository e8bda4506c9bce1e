#include "etcd/endpoint_choice.h"

#include "base/check.h"

namespace bellwether::etcd {

EndpointChoice::EndpointChoice(size_t count, uint64_t seed, Milliseconds longest_rest) {
  BW_CHECK(count > 0);
  Random random(seed);
  for (size_t i = 0; i < count; ++i) {
    endpoints_.push_back(
        {Backoff({.first = Milliseconds(100), .cap = longest_rest}, random.Next()), {}});
  }
  current_ = random.Below(count);
}

void EndpointChoice::OnSuccess(size_t endpoint) {
  endpoints_[endpoint].backoff.Reset();
  endpoints_[endpoint].rests_until = {};
}

bool EndpointChoice::OnFailure(size_t endpoint, MonotonicTime now) {
  State& failed = endpoints_[endpoint];
  // Many calls fail together when a member goes away; they count once.
  if (now >= failed.rests_until) failed.rests_until = now + failed.backoff.Next();
  if (endpoint != current_ || endpoints_.size() == 1) return false;
  size_t best = (current_ + 1) % endpoints_.size();
  for (size_t step = 2; step < endpoints_.size(); ++step) {
    const size_t other = (current_ + step) % endpoints_.size();
    if (endpoints_[best].rests_until <= now) break;
    if (endpoints_[other].rests_until < endpoints_[best].rests_until) best = other;
  }
  current_ = best;
  return true;
}

}  // namespace bellwether::etcd
