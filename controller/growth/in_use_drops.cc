#include "growth/in_use_drops.h"

#include <algorithm>

namespace bellwether::growth {

// A thousandth: what commits move grows with the rate of writes more than with the size, and a
// kube-apiserver's 50 revisions/s free 4 MiB at a time, however large the rest is.
double NoticeableBytes(double in_use_bytes) { return std::max(1048576.0, 0.001 * in_use_bytes); }

bool InUseDrops::Add(double in_use_bytes) {
  if (falling_) {
    extreme_ = std::min(extreme_, in_use_bytes);
    // A quarter: rises smaller than that cannot be followed by a fall that would be told.
    if (in_use_bytes - extreme_ > NoticeableBytes(extreme_) / 4) {
      falling_ = false;
      extreme_ = in_use_bytes;
    }
    return false;
  }
  extreme_ = std::max(extreme_, in_use_bytes);
  if (extreme_ - in_use_bytes <= NoticeableBytes(extreme_)) return false;
  falling_ = true;
  extreme_ = in_use_bytes;
  return true;
}

}  // namespace bellwether::growth
