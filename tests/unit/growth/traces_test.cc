// Every trace, with and without compact revisions; and planted faults, each of which a trace must
// catch.
#include "unit/growth/traces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

std::string Joined(const std::vector<std::string>& violations) {
  std::string text;
  for (const std::string& violation : violations) text += "expected " + violation + "\n";
  return text;
}

class GrowthTraceTest : public ::testing::TestWithParam<std::tuple<Trace, bool>> {};

TEST_P(GrowthTraceTest, IsJudgedAsItMustBe) {
  const auto& [trace, tells_compact] = GetParam();
  EXPECT_EQ(Joined(trace.play({.tells_compact = tells_compact})), "");
}

INSTANTIATE_TEST_SUITE_P(Traces, GrowthTraceTest,
                         ::testing::Combine(::testing::ValuesIn(Traces().begin(), Traces().end()),
                                            ::testing::Bool()),
                         [](const auto& tested) {
                           return std::string(std::get<0>(tested.param).name) +
                                  (std::get<1>(tested.param) ? "ByRevision" : "BySize");
                         });

struct Planted {
  Mutant mutant;
  const char* name;
  const char* caught_by;  // a trace
  const char* caught_as;  // part of the violation; what else goes wrong does not count

  friend std::ostream& operator<<(std::ostream& out, const Planted& planted) {
    return out << planted.caught_by;
  }
};

class GrowthMutantTest : public ::testing::TestWithParam<Planted> {};

TEST_P(GrowthMutantTest, IsCaught) {
  for (const Trace& trace : Traces()) {
    if (std::string(trace.name) != GetParam().caught_by) continue;
    EXPECT_THAT(Joined(trace.play({.tells_compact = true, .mutant = GetParam().mutant})),
                ::testing::HasSubstr(GetParam().caught_as));
    return;
  }
  FAIL() << "there is no trace " << GetParam().caught_by;
}

INSTANTIATE_TEST_SUITE_P(
    Traces, GrowthMutantTest,
    ::testing::Values(
        Planted{Mutant::kSeesNoCompaction, "SeesNoCompaction", "HourlySawtooth", "no alarm"},
        Planted{Mutant::kSeesFileOnly, "SeesFileOnly", "ALargeFileOfFreePages",
                "the verdict defragment"},
        Planted{Mutant::kForgetsQuota, "ForgetsQuota", "TwoHundredPollers",
                "hours before full of warning"},
        Planted{Mutant::kDeafToNoSpace, "DeafToNoSpace", "NoSpaceThoughThereIsRoom",
                "critical at once"},
        Planted{Mutant::kCountsRaftEntries, "CountsRaftEntries", "OnePoller",
                "entries/s of no revision"},
        Planted{Mutant::kStuckClock, "StuckClock", "MonitorDownOnAHealthyCluster",
                "revisions/s within"},
        Planted{Mutant::kLateReadings, "LateReadings", "Storm", "the hour of critical"},
        Planted{Mutant::kNoHysteresis, "NoHysteresis", "UnevenLeak", "each severity to come once"},
        Planted{Mutant::kBlindToRestore, "BlindToRestore", "RestoredAsAnotherCluster",
                "another store to be found"},
        Planted{Mutant::kLineThroughTheFile, "LineThroughTheFile", "HourlySawtooth", "no alarm"},
        Planted{Mutant::kOneMemberOnly, "OneMemberOnly", "UnequalQuotas",
                "the member with the small quota"},
        Planted{Mutant::kHearsNoSilence, "HearsNoSilence", "AMemberOutOfReach",
                "critical to last in silence"}),
    [](const auto& planted) { return planted.param.name; });

}  // namespace
}  // namespace bellwether::growth
