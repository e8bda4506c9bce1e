// The whole election, simulated. The seed is printed first; to see one again:
//
//   BELLWETHER_SIM_SEED=4117 BELLWETHER_SIM_TRACE=1 build/tests/sim/sim_test --gtest_filter='SimTest.Keeps*'
//
// BELLWETHER_SIM_STEPS sets how many steps are simulated (100,000 by default; millions in a soak).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "sim/system.h"

namespace bellwether::sim {
namespace {

constexpr uint64_t kStepsOfASeed = 4000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SimTest, KeepsEveryInvariantThroughStormsOfFaults) {
  const uint64_t wanted = FromEnvironment("BELLWETHER_SIM_STEPS", 100'000);
  const uint64_t first = FromEnvironment("BELLWETHER_SIM_SEED", 1);
  const bool one_seed = std::getenv("BELLWETHER_SIM_SEED") != nullptr;
  std::cout << "first seed: " << first << std::endl;
  uint64_t steps = 0, seeds = 0, elected = 0, views = 0, excused = 0;
  Nanoseconds settling{0};
  for (uint64_t seed = first; steps < wanted; ++seed) {
    System system(seed);
    system.Run(kStepsOfASeed);
    steps += system.steps();
    ++seeds;
    elected += system.checker().elected();
    views += system.checker().views_checked();
    settling = std::max(settling, system.longest_settling());
    excused += system.checker().excused_steps();
    ASSERT_FALSE(system.violation().has_value())
        << "seed " << seed << ", step " << system.steps() << ": " << *system.violation()
        << "\nagain, with a trace: BELLWETHER_SIM_SEED=" << seed << " BELLWETHER_SIM_TRACE=1";
    if (one_seed && std::getenv("BELLWETHER_SIM_STEPS") == nullptr) break;
  }
  std::cout << steps << " steps in " << seeds << " seeds: " << elected << " leaders, " << views
            << " views, " << excused << " steps of work whose key somebody else had removed; settled "
            << "within " << std::chrono::duration_cast<Milliseconds>(settling).count() << " ms\n";
  EXPECT_GT(elected, seeds);
  EXPECT_GT(views, seeds);
}

TEST(SimTest, TheSameSeedGivesTheSameRun) {
  const auto trace = [](uint64_t seed) {
    System system(seed);
    system.Run(kStepsOfASeed);
    return std::pair(system.steps(), system.trace());
  };
  for (const uint64_t seed : {7, 8, 9}) EXPECT_EQ(trace(seed), trace(seed));
  EXPECT_NE(trace(7), trace(8));
}

}  // namespace
}  // namespace bellwether::sim
