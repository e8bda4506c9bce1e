#include "growth/rate_anomaly.h"

#include <chrono>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr double kLeastPerSecond = 20;
constexpr double kTimesTheUsual = 5;
constexpr Nanoseconds kLasts = 5min;
constexpr Nanoseconds kBecomesUsual = 6h;

}  // namespace

void RateAnomaly::Add(MonotonicTime now, double revisions_per_second, double usual_per_second) {
  if (!begun_) usual_per_second_ = usual_per_second;
  const bool high = revisions_per_second > kLeastPerSecond &&
                    revisions_per_second > kTimesTheUsual * usual_per_second_;
  if (high) {
    calm_since_.reset();
    if (!begun_) begun_ = now;
    if (now - *begun_ >= kLasts) active_ = true;
  } else if (begun_ && !calm_since_) {
    calm_since_ = now;
  }
  const bool over = calm_since_ && (!active_ || now - *calm_since_ >= kLasts);
  if (over || (begun_ && now - *begun_ >= kBecomesUsual)) *this = RateAnomaly();
}

}  // namespace bellwether::growth
