// How many bytes of the file a revision takes until it is compacted.
#pragma once

#include "growth/rate.h"

namespace bellwether::growth {

// Bytes by which the size in use grew over revisions made, in intervals in which nothing else moved
// it. Both over 5 minutes and over 6 hours: values change in size with the work that is done, and
// the larger of the two is the one to plan with.
class RevisionSize {
 public:
  // An interval without compaction and defragmentation. `bytes` may be negative: pages come and go
  // in whole ones, and only the sum says something.
  void Add(double revisions, double bytes, Seconds elapsed);
  // Time in which nothing could be learnt.
  void Skip(Seconds elapsed);
  // 256 until something is known, never less than 16.
  double bytes() const;

 private:
  struct Sums {
    double revisions = 0;
    double bytes = 0;
  };
  Sums recent_;
  Sums slow_;
};

}  // namespace bellwether::growth
