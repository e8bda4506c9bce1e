#include "cli/run_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "election/value.h"

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

RunFlags Good() {
  RunFlags flags;
  flags.election = "batch/report";
  flags.root = "/bellwether/elections";
  flags.command = {"true"};
  return flags;
}

std::string Refusal(const RunFlags& flags) {
  const auto checked = CheckRunFlags(flags);
  return checked.ok() ? "accepted" : checked.error().message;
}

TEST(RunSettingsTest, PutsTheElectionUnderTheRoot) {
  const auto settings = CheckRunFlags(Good());
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->candidate.prefix, "/bellwether/elections/batch/report");
  EXPECT_EQ(settings->election, "batch/report");
  EXPECT_EQ(settings->candidate.ttl, 15s);
  EXPECT_EQ(settings->stop_grace, 5s);
}

TEST(RunSettingsTest, StoresOurJsonUnlessARawValueIsGiven) {
  RunFlags flags = Good();
  flags.id = "a";
  flags.value = "v";
  EXPECT_EQ(election::DescribeValue(CheckRunFlags(flags)->candidate.value, {}).id, "a");
  flags.raw = true;
  flags.raw_value = "plain";
  EXPECT_EQ(CheckRunFlags(flags)->candidate.value, "plain");
}

TEST(RunSettingsTest, ADefaultIdDiffersEachTime) {
  EXPECT_NE(CheckRunFlags(Good())->id, CheckRunFlags(Good())->id);
}

TEST(RunSettingsTest, RefusesWhatCannotWorkAndSaysWhy) {
  RunFlags flags = Good();
  flags.command.clear();
  EXPECT_THAT(Refusal(flags), HasSubstr("behind --"));
  flags = Good();
  flags.election.clear();
  EXPECT_THAT(Refusal(flags), HasSubstr("--election"));
  flags = Good();
  flags.prefix = "/TEST/LOCKER";
  EXPECT_THAT(Refusal(flags), HasSubstr("either"));
  flags = Good();
  flags.ttl = "4s";
  EXPECT_THAT(Refusal(flags), HasSubstr("5s"));
  flags = Good();
  flags.ttl = "soon";
  EXPECT_THAT(Refusal(flags), HasSubstr("--ttl"));
  flags = Good();
  flags.ttl = "5s";
  flags.stop_grace = "4s";
  EXPECT_NE(Refusal(flags), "accepted");
  flags = Good();
  flags.election.clear();
  flags.prefix = "/registry/leases";
  EXPECT_THAT(Refusal(flags), HasSubstr("/registry"));
}

}  // namespace
}  // namespace bellwether::cli
