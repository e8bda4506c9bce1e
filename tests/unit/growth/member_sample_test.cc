#include "growth/member_sample.h"

#include <gtest/gtest.h>

#include <limits>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

TEST(MemberSampleTest, ComesFromWhatAMemberSaid) {
  EXPECT_FALSE(SampleOf({.endpoint = "a"}));
  const auto sample = SampleOf({.sampled_at = MonotonicTime(5s),
                                .cluster_id = 7,
                                .member_id = 2,
                                .version = "3.6.5",
                                .revision = {40},
                                .raft_applied_index = 50,
                                .db_size_bytes = 100,
                                .db_size_in_use_bytes = 60,
                                .quota_bytes = 1000,
                                .errors = {"memberID:2 alarm:NOSPACE "}});
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->at, MonotonicTime(5s));
  EXPECT_EQ(sample->cluster_id, 7u);
  EXPECT_EQ(sample->member_id, 2u);
  EXPECT_EQ(sample->revision, Revision{40});
  EXPECT_EQ(sample->raft_applied_index, 50u);
  EXPECT_EQ(sample->db_size_bytes, 100);
  EXPECT_EQ(sample->db_size_in_use_bytes, 60);
  EXPECT_EQ(sample->quota_bytes, 1000);
  EXPECT_EQ(sample->quota_source, QuotaSource::kTold);
  EXPECT_TRUE(sample->no_space);
  EXPECT_EQ(sample->compact_revision, std::nullopt);
}

// The wall clock may step; nothing of it gets into the model.
TEST(MemberSampleTest, TakesNothingFromTheWallClock) {
  MemberStatus status{.sampled_at = MonotonicTime(5s), .sampled_at_wall = WallTime(1000h)};
  const auto before = SampleOf(status);
  status.sampled_at_wall = WallTime(1h);
  EXPECT_EQ(SampleOf(status)->at, before->at);
}

TEST(MemberSampleTest, SaysWhoseWordTheQuotaIs) {
  const auto source = [](const char* version, std::optional<int64_t> quota) {
    return SampleOf({.sampled_at = MonotonicTime(5s), .version = version, .quota_bytes = quota})
        ->quota_source;
  };
  EXPECT_EQ(source("3.5.8", 1000), QuotaSource::kConfigured);
  EXPECT_EQ(source("3.5.8", std::nullopt), QuotaSource::kUnknown);
  EXPECT_EQ(source("3.7.3", -1), QuotaSource::kTold);
}

TEST(MemberSampleTest, NonsenseIsCutDownToWhatCanBe) {
  const MemberSample sane = Sane({.revision = {-4},
                                  .compact_revision = Revision{9},
                                  .db_size_bytes = -1,
                                  .db_size_in_use_bytes = 77});
  EXPECT_EQ(sane.revision, Revision{0});
  EXPECT_EQ(sane.compact_revision, Revision{0});
  EXPECT_EQ(sane.db_size_bytes, 0);
  EXPECT_EQ(sane.db_size_in_use_bytes, 0);
  EXPECT_EQ(Sane({.db_size_bytes = 10, .db_size_in_use_bytes = 77}).db_size_in_use_bytes, 10);
}

}  // namespace
}  // namespace bellwether::growth
