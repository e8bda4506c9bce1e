#include "growth/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MonotonicTime kT0{1000h};

MemberSample At(Nanoseconds after, int64_t revision, int64_t in_use_bytes = 1024) {
  return {.at = kT0 + after,
          .revision = {revision},
          .raft_applied_index = static_cast<uint64_t>(revision) + 100,
          .db_size_bytes = 4096,
          .db_size_in_use_bytes = in_use_bytes};
}

TEST(SeriesTest, KeepsTheLastReadingOfAStepAndTheMostInUse) {
  Series series(1min, 10);
  EXPECT_THAT(series.Points(kT0), IsEmpty());
  series.Add(At(0s, 5, 2048));
  series.Add(At(30s, 8, 1000));
  series.Add(At(70s, 9));
  const std::vector<SeriesPoint> points = series.Points(kT0);
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[0].at, kT0);
  EXPECT_EQ(points[0].revision, Revision{8});
  EXPECT_EQ(points[0].raft_applied_index, 108u);
  EXPECT_EQ(points[0].db_size_bytes, 4096);
  EXPECT_EQ(points[0].db_size_in_use_bytes, 2048);
  EXPECT_EQ(points[0].compact_revision, std::nullopt);
  EXPECT_EQ(points[1].at, kT0 + 1min);
  EXPECT_EQ(points[1].revision, Revision{9});
}

TEST(SeriesTest, ForgetsTheOldestAndLeavesOutWhatWasNotRead) {
  Series series(1min, 3);
  const size_t bytes = series.bytes();
  for (int minute : {0, 1, 2, 10, 11}) series.Add(At(minute * 1min, 10 * minute));
  const std::vector<SeriesPoint> points = series.Points({});
  ASSERT_THAT(points, SizeIs(3));
  EXPECT_EQ(points[0].at, kT0 + 2min);
  EXPECT_EQ(points[0].revision, Revision{20});
  EXPECT_EQ(points[0].raft_applied_index, 120u);
  EXPECT_EQ(points[1].at, kT0 + 10min);
  EXPECT_EQ(points[2].revision, Revision{110});
  EXPECT_THAT(series.Points(kT0 + 10min), SizeIs(2));
  EXPECT_EQ(series.bytes(), bytes);
}

TEST(SeriesTest, TellsCompactRevisions) {
  Series series(1min, 3);
  MemberSample sample = At(0s, 500);
  sample.compact_revision = Revision{420};
  series.Add(sample);
  EXPECT_EQ(series.Points(kT0)[0].compact_revision, Revision{420});
}

TEST(SeriesTest, AnotherStoreBeginsANewSeries) {
  Series series(1min, 10);
  series.Add(At(0s, 500));
  series.Add(At(1min, 400));
  ASSERT_THAT(series.Points(kT0), SizeIs(1));
  EXPECT_EQ(series.Points(kT0)[0].revision, Revision{400});
  series.Add(At(2min, int64_t{1} << 62));
  ASSERT_THAT(series.Points(kT0), SizeIs(1));
  EXPECT_EQ(series.Points(kT0)[0].revision, Revision{int64_t{1} << 62});
}

TEST(SeriesTest, SizesBeyondItsScaleStayAtItsEnd) {
  Series series(1min, 10);
  MemberSample sample = At(0s, 1, std::numeric_limits<int64_t>::max());
  sample.db_size_bytes = std::numeric_limits<int64_t>::max();
  series.Add(sample);
  EXPECT_GT(series.Points(kT0)[0].db_size_bytes, int64_t{4'000'000'000'000});
}

}  // namespace
}  // namespace bellwether::growth
