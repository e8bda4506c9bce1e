#include "growth/rate.h"

#include <cmath>

namespace bellwether::growth {

void DecayingRate::Add(double amount, Seconds elapsed) {
  const double keep = std::exp(-(elapsed / window_));
  sum_ = sum_ * keep + amount / elapsed.count() * (1 - keep);
  weight_ = weight_ * keep + (1 - keep);
}

}  // namespace bellwether::growth
