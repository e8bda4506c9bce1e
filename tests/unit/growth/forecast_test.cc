#include "growth/forecast.h"

#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kMiB = 1 << 20;

MemberSample At(Nanoseconds after, int64_t size_mib, int64_t in_use_mib) {
  return {.at = MonotonicTime(1000h) + after,
          .db_size_bytes = size_mib * kMiB,
          .db_size_in_use_bytes = in_use_mib * kMiB,
          .quota_bytes = 1000 * kMiB,
          .quota_source = QuotaSource::kTold};
}

// Two hours of nothing but revisions of 1 MiB/s.
Forecast Of(const MemberSample& sample, double revisions_per_second = 4096) {
  const Compactions none(CompactionHint::kNone, At(0s, 10, 10));
  return MakeForecast({.now = sample,
                       .known_for = 2h,
                       .hint = CompactionHint::kNone,
                       .revisions_per_second = revisions_per_second,
                       .bytes_per_revision = 256,
                       .compactions = none});
}

TEST(ForecastTest, FreePagesAreRoomAllButATwentieth) {
  EXPECT_NEAR(Of(At(2h, 600, 600)).time_to_quota->count(), 400, 0.01);
  EXPECT_NEAR(Of(At(2h, 600, 400)).time_to_quota->count(), 590, 0.01);
}

TEST(ForecastTest, AtTheQuotaFreePagesHelpNobody) {
  const Forecast forecast = Of(At(2h, 1000, 100));
  EXPECT_EQ(forecast.verdict, Verdict::kNoSpace);
  EXPECT_EQ(forecast.time_to_quota, Seconds(0));
}

TEST(ForecastTest, WithoutWritesItIsNeverFull) {
  EXPECT_EQ(Of(At(2h, 600, 600), 0).time_to_quota, kNever);
  EXPECT_EQ(Of(At(2h, 600, 600), 1e-300).time_to_quota, kNever);
}

TEST(ForecastTest, AnUnknownQuotaIsSaidToBeUnknown) {
  for (const std::optional<int64_t> quota : {std::optional<int64_t>{}, std::optional<int64_t>{0}}) {
    MemberSample sample = At(2h, 600, 600);
    sample.quota_bytes = quota;
    EXPECT_EQ(Of(sample).verdict, Verdict::kQuotaUnknown);
    EXPECT_EQ(Of(sample).time_to_quota, std::nullopt);
    EXPECT_EQ(Of(sample).time_to_quota_uncompacted, std::nullopt);
    sample.no_space = true;
    EXPECT_EQ(Of(sample).verdict, Verdict::kNoSpace);
  }
}

TEST(ForecastTest, TheMostInUseCountsBetweenTwoCompactions) {
  const MemberSample before = At(0s, 960, 900);
  const MemberSample after = At(30s, 960, 300);
  Compactions compactions(CompactionHint::kAuto, before);
  compactions.Add(before, after, false);
  ASSERT_EQ(compactions.count(), 1u);
  const Forecast forecast = MakeForecast({.now = after, .compactions = compactions});
  EXPECT_DOUBLE_EQ(forecast.in_use_share, 0.9);
  EXPECT_DOUBLE_EQ(forecast.file_share, 0.96);
}

}  // namespace
}  // namespace bellwether::growth
