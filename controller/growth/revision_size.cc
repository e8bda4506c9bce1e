#include "growth/revision_size.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kRecent = 5min;
constexpr Seconds kSlow = 6h;
constexpr double kUnknownBytes = 256;
constexpr double kSmallestBytes = 16;
constexpr double kEnoughRevisions = 100;
// Of whole pages (4 KiB) that come and go, too few are no measure.
constexpr double kEnoughBytes = 4 << 20;

}  // namespace

void RevisionSize::Add(double revisions, double bytes, Seconds elapsed) {
  Skip(elapsed);
  for (Sums* sums : {&recent_, &slow_}) {
    sums->revisions += revisions;
    sums->bytes += bytes;
  }
}

void RevisionSize::Skip(Seconds elapsed) {
  const auto fade = [elapsed](Sums& sums, Seconds window) {
    const double keep = std::exp(-(elapsed / window));
    sums.revisions *= keep;
    sums.bytes *= keep;
  };
  fade(recent_, kRecent);
  fade(slow_, kSlow);
}

double RevisionSize::bytes() const {
  const bool known = slow_.revisions >= kEnoughRevisions || slow_.bytes >= kEnoughBytes;
  // Bytes that grow without revisions are not this estimate's matter.
  if (!known || slow_.revisions < 1) return kUnknownBytes;
  double larger = slow_.bytes / slow_.revisions;
  if (recent_.bytes >= kEnoughBytes && recent_.revisions >= 1) {
    larger = std::max(larger, recent_.bytes / recent_.revisions);
  }
  return std::max(larger, kSmallestBytes);
}

}  // namespace bellwether::growth
