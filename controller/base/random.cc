#include "base/random.h"

#include <bit>
#include <random>

#include "base/check.h"

namespace bellwether {

Random::Random(uint64_t seed) {
  // splitmix64, as the generator's authors advise for seeding it.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

Random Random::FromEntropy() {
  std::random_device device;
  return Random((static_cast<uint64_t>(device()) << 32) | device());
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  BW_CHECK(bound > 0);
  // Drawing again keeps it uniform; the first draw nearly always does.
  const uint64_t limit =
      std::numeric_limits<uint64_t>::max() - std::numeric_limits<uint64_t>::max() % bound;
  uint64_t draw = Next();
  while (draw >= limit) draw = Next();
  return draw % bound;
}

double Random::Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

}  // namespace bellwether
