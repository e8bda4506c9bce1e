// The whole election, simulated. The seed is printed first; to see one again:
//
//   BELLWETHER_SIM_SEED=4117 BELLWETHER_SIM_TRACE=1 build/tests/sim/sim_test
//   --gtest_filter='SimTest.Keeps*'
//
// BELLWETHER_SIM_STEPS sets how many steps are simulated (a million by default; many millions in a
// soak).
#include "sim/system.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <utility>

#include "support/shell.h"

namespace bellwether::sim {
namespace {

constexpr uint64_t kStepsOfASeed = 4000;
constexpr uint64_t kEnoughForEveryFault = 1'000'000;

// Without each of these a run would prove little.
constexpr const char* kFaults[] = {"request lost",
                                   "answer lost",
                                   "message of a stream lost",
                                   "request repeated",
                                   "message late",
                                   "message overtaken by a later one",
                                   "message held up by a cut",
                                   "answer after its caller gave up",
                                   "connections reset",
                                   "message of a stalled stream",
                                   "streams stalled",
                                   "process paused",
                                   "process crashed",
                                   "wall clock stepped",
                                   "member crashed",
                                   "member cut off",
                                   "etcd's leader changed",
                                   "etcd slow as a whole",
                                   "snapshot restored",
                                   "request timed out without a leader",
                                   "applied, but called failed",
                                   "refused for want of space",
                                   "applied, but called refused for want of space",
                                   "compaction",
                                   "watch cancelled by a compaction",
                                   "revisions told in fragments",
                                   "event told again",
                                   "event lost by the server",
                                   "tokens forgotten",
                                   "token refused",
                                   "lease expired"};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SimTest, KeepsEveryInvariantThroughStormsOfFaults) {
  const uint64_t wanted = FromEnvironment("BELLWETHER_SIM_STEPS", kEnoughForEveryFault);
  const uint64_t first = FromEnvironment("BELLWETHER_SIM_SEED", 1);
  const bool one_seed = std::getenv("BELLWETHER_SIM_SEED") != nullptr;
  std::cout << "first seed: " << first << std::endl;
  uint64_t steps = 0, seeds = 0, elected = 0, views = 0, excused = 0, fresh = 0;
  Nanoseconds settling{0};
  std::map<std::string, uint64_t> faults;
  for (uint64_t seed = first; steps < wanted; ++seed) {
    System system(seed);
    system.Run(kStepsOfASeed);
    steps += system.steps();
    ++seeds;
    elected += system.checker().elected();
    views += system.checker().views_checked();
    settling = std::max(settling, system.longest_settling());
    excused += system.checker().excused_steps();
    fresh += system.checker().fresh_steps();
    for (const auto& [kind, count] : system.faults()) faults[kind] += count;
    ASSERT_FALSE(system.violation().has_value())
        << "seed " << seed << ", step " << system.steps() << ": " << *system.violation()
        << "\nagain, with a trace: BELLWETHER_SIM_SEED=" << seed << " BELLWETHER_SIM_TRACE=1";
    if (one_seed && std::getenv("BELLWETHER_SIM_STEPS") == nullptr) break;
  }
  std::cout << steps << " steps in " << seeds << " seeds: " << elected << " leaders, " << views
            << " views, fresh in " << fresh << " steps, " << excused
            << " steps of work whose key somebody else had removed; settled "
            << "within " << std::chrono::duration_cast<Milliseconds>(settling).count() << " ms\n";
  for (const auto& [kind, count] : faults) std::cout << count << " x " << kind << "\n";
  EXPECT_GT(elected, seeds);
  EXPECT_GT(fresh, steps / 10);
  EXPECT_GT(views, seeds);
  if (one_seed || wanted < kEnoughForEveryFault) return;
  for (const char* const kind : kFaults) EXPECT_GT(faults[kind], 0u) << kind << " never happened";
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

// Everything that happens in a seed, as a process of its own prints it.
std::string TraceOf(uint64_t seed) {
  char self[4096] = {};
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return {};
  const std::string command = "BELLWETHER_SIM_SEED=" + std::to_string(seed) +
                              " BELLWETHER_SIM_TRACE=1 '" + self +
                              "' --gtest_filter='SimTest.Keeps*' 2>&1 >/dev/null";
  test::Finished finished = test::RunShell(command);
  return finished.exit_code == 0 ? std::move(finished.out) : "";
}

// Another process has other addresses and other randomness of its own; nothing of that may show.
TEST(SimTest, ASeedReplaysByteForByteInAnotherProcess) {
  const std::string first = TraceOf(21);
  EXPECT_GT(std::count(first.begin(), first.end(), '\n'), 50);
  EXPECT_TRUE(first == TraceOf(21)) << "the traces of one seed differ";
  EXPECT_TRUE(first != TraceOf(22));
}

}  // namespace
}  // namespace bellwether::sim
