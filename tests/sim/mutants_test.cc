// The simulator proves itself: each planted fault (mutants.h) must be caught within a bounded
// number of seeds. A test that fails here says that the simulator has become blind to it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "sim/system.h"

namespace bellwether::sim {
namespace {

constexpr uint64_t kSeeds = 3000;
constexpr uint64_t kStepsOfASeed = 4000;

struct Planted {
  Mutant mutant;
  const char* name;
  std::string caught_as;  // part of the violation; what else goes wrong does not count
};

class MutantTest : public ::testing::TestWithParam<Planted> {};

TEST_P(MutantTest, IsCaught) {
  const char* const from = std::getenv("BELLWETHER_SIM_SEED");
  const uint64_t first = from == nullptr ? 1 : std::strtoull(from, nullptr, 10);
  for (uint64_t seed = first; seed < first + kSeeds; ++seed) {
    System system(seed, GetParam().mutant);
    system.Run(kStepsOfASeed);
    if (!system.violation() ||
        system.violation()->find(GetParam().caught_as) == std::string::npos) {
      continue;
    }
    std::cout << "caught with seed " << seed << ": " << *system.violation() << "\n";
    return;
  }
  FAIL() << "the mutant survived " << kSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    SimTest, MutantTest,
    ::testing::Values(
        Planted{Mutant::kDeadlineFromReceive, "DeadlineFromReceiveTime", " acts in "},
        Planted{Mutant::kAnswerToTheNewest, "AnswerToTheNewestKeepalive", " acts in "},
        Planted{Mutant::kOldStreamsAnswer, "AnswersOfTheOldStream", " acts in "},
        Planted{Mutant::kUnguardedDelete, "UnguardedDelete", "a place that it had not made"},
        Planted{Mutant::kUnguardedRead, "LeadsWithoutItsKey", "at none of its reads"},
        Planted{Mutant::kNoOwnWatch, "NoOwnKeyWatch", "still acts a second after"},
        Planted{Mutant::kWatchFromNow, "WatchFromNow", "nobody leads"},
        Planted{Mutant::kSplitRevision, "EventsSplitWithinARevision", "was never etcd's"},
        Planted{Mutant::kResignOnBrokenStream, "ResignOnABrokenStream", "had not given it up"},
        Planted{Mutant::kWriteWhileIdle, "WritesWhileIdle", "while nothing changed, etcd made"},
        Planted{Mutant::kOldToken, "TokensThatDoNotGrow", " after token "},
        Planted{Mutant::kRaftEntryWhileIdle, "RaftEntriesWhileIdle", "etcd made 0 revisions"},
        Planted{Mutant::kKeepsLeasesOfTheDead, "KeepsLeasesOfTheDead", "nobody leads"},
        Planted{Mutant::kNoProofOfLife, "NoProofOfLife", "is called fresh"},
        Planted{Mutant::kStaleProbe, "ProbesAnyMember", "is called fresh"},
        Planted{Mutant::kBlindToRestore, "BlindToARestore", "still called valid"}),
    [](const auto& planted) { return planted.param.name; });

}  // namespace
}  // namespace bellwether::sim
