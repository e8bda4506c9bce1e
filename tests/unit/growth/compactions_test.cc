#include "growth/compactions.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kMiB = 1 << 20;
const MonotonicTime kT0{1000h};

MemberSample At(Nanoseconds after, int64_t in_use_mib, std::optional<int64_t> compacted = {}) {
  MemberSample sample{.at = kT0 + after,
                      .revision = {after / 1s * 100},
                      .db_size_bytes = 1000 * kMiB,
                      .db_size_in_use_bytes = in_use_mib * kMiB};
  if (compacted) sample.compact_revision = Revision{*compacted};
  return sample;
}

class Read {
 public:
  explicit Read(const MemberSample& first, CompactionHint hint = CompactionHint::kAuto)
      : compactions(hint, first), last_(first) {}
  bool Add(const MemberSample& sample, bool gap = false) {
    const bool teaches = compactions.Add(last_, sample, gap);
    last_ = sample;
    return teaches;
  }
  Compactions compactions;

 private:
  MemberSample last_;
};

TEST(CompactionsTest, TheRevisionTellsThemAlsoWhenNothingIsFreed) {
  Read read(At(0s, 10, 0));
  EXPECT_TRUE(read.Add(At(30s, 12, 0)));
  EXPECT_FALSE(read.Add(At(60s, 12, 500)));
  EXPECT_EQ(read.compactions.count(), 1u);
  EXPECT_EQ(read.compactions.last_at(), kT0 + 60s);
  EXPECT_EQ(read.compactions.retained_revisions(), 3000);
}

TEST(CompactionsTest, AFallOfTheSizeIsNoneWhenTheRevisionStays) {
  Read read(At(0s, 50, 700));
  read.Add(At(30s, 10, 700));
  EXPECT_EQ(read.compactions.count(), 0u);
  Read silent(At(0s, 50));
  silent.Add(At(30s, 10));
  EXPECT_EQ(silent.compactions.count(), 1u);
}

TEST(CompactionsTest, ItsWorkTeachesNothingAboutRevisions) {
  Read read(At(0s, 50, 0));
  EXPECT_FALSE(read.Add(At(30s, 40, 100)));
  EXPECT_FALSE(read.Add(At(60s, 30, 100)));
  EXPECT_TRUE(read.Add(At(90s, 31, 100)));
  EXPECT_EQ(read.compactions.floor_bytes(), 30 * kMiB);
}

TEST(CompactionsTest, DefragmentationIsNone) {
  Read read(At(0s, 50));
  MemberSample defragmented = At(30s, 40);
  defragmented.db_size_bytes = 41 * kMiB;
  EXPECT_FALSE(read.Add(defragmented));
  EXPECT_EQ(read.compactions.count(), 0u);
}

TEST(CompactionsTest, TheIntervalIsTheMedianAndAGuessBefore) {
  Read read(At(0s, 50, 0));
  read.Add(At(10min, 50, 100));
  EXPECT_EQ(read.compactions.interval(), 1h);
  for (int i = 2; i <= 12; ++i) read.Add(At(i * 10min, 50, 100 * i));
  read.Add(At(3h, 50, 5000));  // one came late
  EXPECT_EQ(read.compactions.interval(), 10min);
  Read kubernetes(At(0s, 50, 0), CompactionHint::kKubernetes);
  kubernetes.Add(At(5min, 50, 100));
  EXPECT_EQ(kubernetes.compactions.interval(), 5min);
}

TEST(CompactionsTest, AreOverdueOnlyWhileThereIsSomethingToCompact) {
  Read read(At(0s, 50, 0));
  read.Add(At(10min, 30, 100));
  read.Add(At(20min, 30, 200));
  read.Add(At(5h, 30, 200));
  EXPECT_EQ(read.compactions.Overdue(kT0 + 5h), 0);
  read.Add(At(5h + 30s, 33, 200));
  read.Add(At(5h + 30min, 60, 200));
  EXPECT_DOUBLE_EQ(read.compactions.Overdue(kT0 + 5h + 30min), 3);
}

TEST(CompactionsTest, AGapSaysNothingUnlessTheRevisionDoes) {
  Read silent(At(0s, 50));
  silent.Add(At(10min, 30));
  silent.Add(At(20min, 50));
  silent.Add(At(3h, 90), true);
  EXPECT_EQ(silent.compactions.Overdue(kT0 + 3h), 0);
  EXPECT_EQ(silent.compactions.count(), 1u);
  // The revision is the same as before: nothing was compacted for all that time.
  Read told(At(0s, 50, 0));
  told.Add(At(10min, 30, 100));
  told.Add(At(11min, 30, 100));
  told.Add(At(3h, 90, 100), true);
  EXPECT_GT(told.compactions.Overdue(kT0 + 3h), 2);
}

TEST(CompactionsTest, LiveDataIsTheFloorWithoutTheHistoryThatIsKept) {
  // 20 MiB of live data, 10 MiB of history kept and as much freed each time.
  Read read(At(0s, 40, 0));
  std::optional<CompactionFloor> floor;
  for (int i = 1; i <= 4; ++i) {
    read.Add(At(i * 10min, 30, 60000 * (i - 1) + 1));
    read.Add(At(i * 10min + 6min, 36, 60000 * (i - 1) + 1));
    read.Add(At(i * 10min + 9min + 30s, 40, 60000 * (i - 1) + 1));
    if (const auto taken = read.compactions.TakeFloor()) floor = taken;
  }
  ASSERT_TRUE(floor);
  EXPECT_EQ(floor->floor_bytes, 30 * kMiB);
  EXPECT_NEAR(floor->live_bytes / kMiB, 20, 0.1);
  EXPECT_EQ(read.compactions.swing_bytes(), 10 * kMiB);
}

}  // namespace
}  // namespace bellwether::growth
