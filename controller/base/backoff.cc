#include "base/backoff.h"

#include <algorithm>

namespace bellwether {

Backoff::Backoff(Options options, uint64_t seed) : options_(options), random_(seed) {}

Milliseconds Backoff::Next() {
  // Past 20 doublings every cap that makes sense is reached; the bound keeps the shift defined.
  const int doublings = std::min(failures_++, 20);
  const Milliseconds span = std::min(options_.cap, options_.first * (int64_t{1} << doublings));
  const auto half = std::max<int64_t>(1, span.count() / 2);
  return Milliseconds(half + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(half) + 1)));
}

void Backoff::Reset() { failures_ = 0; }

}  // namespace bellwether
