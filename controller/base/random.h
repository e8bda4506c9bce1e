// Randomness from a seed (xoshiro256**): the same seed gives the same numbers on every machine and
// every standard library, which std::uniform_int_distribution does not promise. Simulated runs
// replay from it.
#pragma once

#include <cstdint>
#include <limits>

namespace bellwether {

class Random {
 public:
  explicit Random(uint64_t seed);
  // Seeded by the kernel.
  static Random FromEntropy();

  uint64_t Next();
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [0, 1).
  double Fraction();
  // True once in n on average.
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_[4];
};

}  // namespace bellwether
