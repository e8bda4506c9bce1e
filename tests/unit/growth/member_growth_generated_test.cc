// Readings as no cluster would give them, from a seed: whatever comes, the model's numbers stay
// numbers.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <optional>
#include <string>

#include "base/random.h"
#include "growth/cluster_growth.h"
#include "support/toy_store.h"

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using Compaction = test::ToyStore::Compaction;

uint64_t FirstSeed() {
  const char* const from = std::getenv("BELLWETHER_GROWTH_SEED");
  return from == nullptr ? 1 : std::strtoull(from, nullptr, 10);
}

// Everything that a report says, in one line.
void CheckAndHash(const MemberReport& report, uint64_t& hash) {
  const auto number = [&hash](double value, double most, const char* what) {
    ASSERT_TRUE(std::isfinite(value)) << what;
    ASSERT_GE(value, 0) << what;
    ASSERT_LE(value, most) << what;
    hash = (hash ^ std::bit_cast<uint64_t>(value)) * 0x100000001b3;
  };
  constexpr double kAny = 1e30;
  number(report.revisions_per_second, kAny, "rate");
  number(report.usual_revisions_per_second, kAny, "usual rate");
  number(report.empty_entries_per_second, kAny, "empty entries");
  number(report.bytes_per_revision, kAny, "bytes per revision");
  number(report.compaction_overdue, kAny, "overdue");
  if (report.compaction_interval) {
    number(report.compaction_interval->count(), kAny, "interval");
    ASSERT_GT(report.compaction_interval->count(), 0);
  }
  if (report.live_bytes_per_second) number(*report.live_bytes_per_second, kAny, "live growth");
  const Forecast& forecast = report.forecast;
  number(forecast.headroom_bytes, kAny, "headroom");
  number(forecast.file_share, kAny, "share of the file");
  number(forecast.in_use_share, kAny, "share in use");
  if (forecast.ceiling_bytes) number(*forecast.ceiling_bytes, kAny, "ceiling");
  for (const auto& time : {forecast.time_to_quota, forecast.time_to_quota_uncompacted}) {
    if (time) number(time->count(), kNever.count(), "time to quota");
  }
  hash = (hash ^ static_cast<uint64_t>(forecast.verdict)) * 0x100000001b3;
  hash = (hash ^ static_cast<uint64_t>(report.severity)) * 0x100000001b3;
}

int64_t Absurd(Random& random, int64_t usual) {
  switch (random.Below(12)) {
    case 0:
      return -1;
    case 1:
      return std::numeric_limits<int64_t>::max();
    case 2:
      return std::numeric_limits<int64_t>::min();
    case 3:
      return 0;
    default:
      return usual;
  }
}

MemberSample Mangled(Random& random, MemberSample sample) {
  sample.revision.value = Absurd(random, sample.revision.value);
  sample.db_size_bytes = Absurd(random, sample.db_size_bytes);
  sample.db_size_in_use_bytes = Absurd(random, sample.db_size_in_use_bytes);
  sample.raft_applied_index =
      static_cast<uint64_t>(Absurd(random, static_cast<int64_t>(sample.raft_applied_index)));
  if (random.OneIn(3)) sample.compact_revision.reset();
  if (sample.compact_revision) {
    sample.compact_revision->value = Absurd(random, sample.compact_revision->value);
  }
  if (random.OneIn(5)) sample.quota_bytes.reset();
  if (sample.quota_bytes) sample.quota_bytes = Absurd(random, *sample.quota_bytes);
  if (random.OneIn(20)) sample.cluster_id = random.Below(3);
  if (random.OneIn(10)) sample.at -= 1h;
  if (random.OneIn(50)) sample.no_space = true;
  return sample;
}

// One life of a cluster, with the hash of all that was said of it.
uint64_t Live(uint64_t seed) {
  Random random(seed);
  const bool honest = random.OneIn(2);
  test::ToyStore store({.seed = seed,
                        .quota_bytes = int64_t{1} << (24 + random.Below(10)),
                        .compaction = static_cast<Compaction>(random.Below(4)),
                        .retention = std::chrono::minutes(1 + random.Below(240)),
                        .retained_revisions = static_cast<double>(random.Below(100'000)),
                        .tells_compact = random.OneIn(2)});
  ClusterGrowth growth(static_cast<CompactionHint>(random.Below(3)));
  std::optional<test::ToyStore> snapshot;
  uint64_t hash = 0xcbf29ce484222325;
  for (int step = 0; step < 150; ++step) {
    const test::ToyStore::Writes writes{
        .per_second = random.OneIn(4) ? 0 : std::pow(10, 4 * random.Fraction() - 1),
        .bytes = std::pow(10, 1 + 4 * random.Fraction()),
        .live_bytes_per_second = random.OneIn(3) ? std::pow(10, 4 * random.Fraction()) : 0,
        .empty_entries_per_second = random.Fraction() * 10};
    store.Run(std::chrono::seconds(1 + (random.OneIn(20) ? random.Below(7200) : random.Below(90))),
              writes);
    if (random.OneIn(60)) store.Defragment();
    if (random.OneIn(60)) store.SetCompaction(static_cast<Compaction>(random.Below(4)));
    if (random.OneIn(60)) store.SetNoSpace(false);
    if (random.OneIn(60)) snapshot = store;
    if (random.OneIn(90) && snapshot) store.Restore(*snapshot, random.Below(3));
    const MemberSample sample = honest ? store.Sample() : Mangled(random, store.Sample());
    growth.Add(sample);
    const ClusterReport report = growth.Report(store.now(), 30s);
    for (const ClusterReport::Member& member : report.members) CheckAndHash(member.report, hash);
    if (::testing::Test::HasFatalFailure()) break;
    if (sample.no_space && honest) {
      EXPECT_EQ(report.severity, Severity::kCritical);
    }
    EXPECT_LE(growth.member(1)->minutes().bytes() + growth.member(1)->five_minutes().bytes(),
              276'480u);
  }
  return hash;
}

TEST(GrowthGeneratedTest, NumbersStayNumbersAndTheSameReadingsSayTheSame) {
  constexpr uint64_t kSeeds = 2000;
  const uint64_t first = FirstSeed();
  std::cout << "seeds from " << first << " (BELLWETHER_GROWTH_SEED)\n";
  for (uint64_t seed = first; seed < first + kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const uint64_t hash = Live(seed);
    if (!HasFatalFailure() && seed % 10 == 0) {
      EXPECT_EQ(Live(seed), hash);
    }
  }
}

TEST(GrowthGeneratedTest, APureLeakHasLessAndLessTimeLeft) {
  const uint64_t first = FirstSeed();
  for (uint64_t seed = first; seed < first + 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const test::ToyStore::Writes writes{.per_second = std::pow(10, 3 * random.Fraction()),
                                        .bytes = 20 + std::pow(10, 4 * random.Fraction())};
    test::ToyStore store({.quota_bytes = int64_t{1} << (26 + random.Below(6)), .noisy_pages = 0});
    MemberGrowth growth(CompactionHint::kNone);
    std::optional<Seconds> before;
    double filled = 0;
    for (int i = 0; i < 600 && !store.full(); ++i) {
      store.Run(30s, writes);
      growth.Add(store.Sample());
      filled += 30 * writes.per_second * writes.bytes;
      const std::optional<Seconds> left = growth.report().forecast.time_to_quota;
      // While there are fewer than fifty pages of evidence, the last one counts too much.
      if (!left || filled <= 50 * 4096) continue;
      if (before) {
        EXPECT_LE(left->count(), before->count() * 1.02);
      }
      before = left;
    }
  }
}

TEST(ClusterGrowthTest, MakesRoomForANewMemberByTheOneNotHeardOfForLongest) {
  ClusterGrowth growth(CompactionHint::kAuto);
  for (uint64_t id = 1; id <= ClusterGrowth::kMaxMembers + 5; ++id) {
    growth.Add(MemberSample{.at = MonotonicTime(std::chrono::seconds(id)), .member_id = id});
  }
  EXPECT_EQ(growth.Report(MonotonicTime(1h), 10s).members.size(), ClusterGrowth::kMaxMembers);
  EXPECT_EQ(growth.member(5), nullptr);
  EXPECT_NE(growth.member(6), nullptr);
}

TEST(ClusterGrowthTest, TakesTheStatusOfMembersAndCompactRevisionsFromElsewhere) {
  ClusterGrowth growth(CompactionHint::kAuto);
  ClusterStatus status;
  status.members.push_back({.endpoint = "silent"});
  status.members.push_back({.reachable = true,
                            .sampled_at = MonotonicTime(100s),
                            .cluster_id = 7,
                            .member_id = 2,
                            .revision = {40}});
  growth.Add(status, {{2, Revision{30}}});
  const ClusterReport report = growth.Report(MonotonicTime(101s), 10s);
  ASSERT_EQ(report.members.size(), 1u);
  EXPECT_TRUE(report.members[0].current);
  EXPECT_EQ(report.members[0].report.sample.compact_revision, Revision{30});
  EXPECT_FALSE(growth.Report(MonotonicTime(131s), 10s).members[0].current);
}

TEST(ClusterGrowthTest, RatesAreThoseOfTheMemberThatHasComeFurthest) {
  ClusterGrowth growth(CompactionHint::kAuto);
  for (int i = 0; i < 2; ++i) {
    const MonotonicTime at{100s + i * 30s};
    growth.Add({.at = at, .member_id = 1, .revision = {100}});  // a learner that is behind
    growth.Add({.at = at, .member_id = 2, .revision = {1000 + i * 300}});
  }
  EXPECT_DOUBLE_EQ(growth.Report(MonotonicTime(131s), 10s).revisions_per_second, 10);
}

TEST(ClusterGrowthTest, NamesMembersOfAnotherCluster) {
  ClusterGrowth growth(CompactionHint::kAuto);
  growth.Add({.at = MonotonicTime(1s), .cluster_id = 7, .member_id = 1});
  growth.Add({.at = MonotonicTime(1s), .cluster_id = 7, .member_id = 2});
  EXPECT_TRUE(growth.Report(MonotonicTime(2s), 10s).differing_cluster_ids.empty());
  growth.Add({.at = MonotonicTime(2s), .cluster_id = 8, .member_id = 3});
  EXPECT_EQ(growth.Report(MonotonicTime(2s), 10s).differing_cluster_ids.at(3), 8u);
}

}  // namespace
}  // namespace bellwether::growth
