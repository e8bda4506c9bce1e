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
  flags.target.election = "batch/report";
  flags.target.root = "/bellwether/elections";
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
  flags.value.clear();
  flags.raw = true;
  flags.raw_value = "plain";
  EXPECT_EQ(CheckRunFlags(flags)->candidate.value, "plain");
}

TEST(RunSettingsTest, RefusesWhatARawValueWouldDropInSilence) {
  RunFlags flags = Good();
  flags.raw = true;
  flags.raw_value = "plain";
  EXPECT_EQ(Refusal(flags), "accepted");
  flags.address = "http://a:80";
  EXPECT_THAT(Refusal(flags), HasSubstr("--raw-value"));
  flags = Good();
  flags.raw = true;  // an empty one counts too
  flags.value = "v";
  EXPECT_THAT(Refusal(flags), HasSubstr("--raw-value"));
}

TEST(RunSettingsTest, ASidecarNeedsNoCommandAndNoTimeToStop) {
  RunFlags flags = Good();
  flags.command.clear();
  EXPECT_THAT(Refusal(flags), HasSubstr("--http"));
  flags.http = "127.0.0.1:4040";
  ASSERT_EQ(Refusal(flags), "accepted");
  EXPECT_EQ(CheckRunFlags(flags)->stop_grace, 0s);
  flags.stop_grace = "2s";
  EXPECT_EQ(CheckRunFlags(flags)->stop_grace, 2s);
  flags.stop_grace = "14s";
  EXPECT_THAT(Refusal(flags), HasSubstr("a stop grace of at most"));
  flags.stop_grace.clear();
  flags.restarts = 1;
  EXPECT_THAT(Refusal(flags), HasSubstr("--restart"));
}

TEST(RunSettingsTest, HealthHasATargetAndTimesWithinBounds) {
  RunFlags flags = Good();
  EXPECT_FALSE(CheckRunFlags(flags)->health);
  flags.health = "tcp:127.0.0.1:80";
  flags.health_failures = 5;
  ASSERT_EQ(Refusal(flags), "accepted");
  EXPECT_EQ(CheckRunFlags(flags)->health->times.failures, 5);
  EXPECT_EQ(CheckRunFlags(flags)->health->times.start, 30s);
  RunFlags sidecar = flags;
  sidecar.command.clear();
  sidecar.http = "127.0.0.1:4040";
  EXPECT_EQ(CheckRunFlags(sidecar)->health->times.start, 0s);
  flags.health_interval = "99ms";
  EXPECT_THAT(Refusal(flags), HasSubstr("--health-interval: 99ms is out of bounds"));
  flags.health_interval = "1s";
  flags.health_timeout = "61s";
  EXPECT_THAT(Refusal(flags), HasSubstr("--health-timeout: 61s is out of bounds"));
  flags.health_timeout = "soon";
  EXPECT_THAT(Refusal(flags), HasSubstr("--health-timeout"));
  flags.health = "nonsense";
  EXPECT_THAT(Refusal(flags), HasSubstr("http://HOST:PORT/PATH"));
}

TEST(RunSettingsTest, ADefaultIdDiffersEachTime) {
  EXPECT_NE(CheckRunFlags(Good())->id, CheckRunFlags(Good())->id);
}

TEST(RunSettingsTest, RefusesWhatCannotWorkAndSaysWhy) {
  RunFlags flags = Good();
  flags.command.clear();
  EXPECT_THAT(Refusal(flags), HasSubstr("behind --"));
  flags = Good();
  flags.target.election.clear();
  EXPECT_THAT(Refusal(flags), HasSubstr("--election"));
  flags = Good();
  flags.target.prefix = "/TEST/LOCKER";
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
  EXPECT_THAT(Refusal(flags), HasSubstr("a stop grace of at most"));
  flags.stop_grace = "0s";
  EXPECT_THAT(Refusal(flags), HasSubstr("500ms"));
  flags.stop_grace = "-1s";
  EXPECT_THAT(Refusal(flags), HasSubstr("--stop-grace"));
  flags = Good();
  flags.ttl = "25h";
  EXPECT_THAT(Refusal(flags), HasSubstr("86400s"));
  flags = Good();
  flags.target.election.clear();
  flags.target.prefix = "/registry/leases";
  EXPECT_THAT(Refusal(flags), HasSubstr("/registry"));
}

}  // namespace
}  // namespace bellwether::cli
