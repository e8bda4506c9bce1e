// How long to wait before trying again: doubles from a first wait up to a cap, each drawn from the
// upper half of its span so that many clients do not return at the same moment.
#pragma once

#include "base/random.h"
#include "base/time.h"

namespace bellwether {

class Backoff {
 public:
  struct Options {
    Milliseconds first{100};
    Milliseconds cap{5000};
  };
  Backoff(Options options, uint64_t seed);
  // The next wait; grows with each call until Reset.
  Milliseconds Next();
  // To be called when something worked.
  void Reset();
  int failures() const { return failures_; }

 private:
  const Options options_;
  Random random_;
  int failures_ = 0;
};

}  // namespace bellwether
