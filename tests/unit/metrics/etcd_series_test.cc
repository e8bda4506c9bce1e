#include "metrics/etcd_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/text.h"
#include "support/exposition.h"

namespace bellwether::metrics {
namespace {

using namespace std::chrono_literals;
using growth::ClusterStatus;
using growth::MemberStatus;
using test::Exposition;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Labels = Exposition::Labels;

const MonotonicTime kT0{1000s};

MemberStatus Member(const std::string& name, uint64_t id) {
  return {.endpoint = "http://" + name,
          .reachable = true,
          .sampled_at = kT0,
          .member_id = id,
          .name = name,
          .revision = {70},
          .raft_applied_index = 90,
          .db_size_bytes = 4096,
          .db_size_in_use_bytes = 1024,
          .quota_bytes = 8192};
}

Exposition Render(std::vector<MemberStatus> members, MonotonicTime now = kT0 + 2s) {
  std::string out;
  AppendEtcd(ClusterStatus{.name = "main", .members = std::move(members)}, now, out);
  Exposition read = test::ParseExposition(out);
  EXPECT_THAT(read.faults, IsEmpty());
  return read;
}

Labels Of(const std::string& member) { return {{"etcd_cluster", "main"}, {"member", member}}; }
Labels Alarm(const std::string& alarm) { return {{"etcd_cluster", "main"}, {"alarm", alarm}}; }

TEST(EtcdSeriesTest, TellsWhatAMemberSaid) {
  const Exposition read = Render({Member("etcd-0", 1)});
  EXPECT_EQ(read.Value("bellwether_etcd_monitor_up", Of("etcd-0")), 1);
  EXPECT_EQ(read.Value("bellwether_etcd_status_age_seconds", Of("etcd-0")), 2);
  EXPECT_EQ(read.Value("bellwether_etcd_revision_total", Of("etcd-0")), 70);
  EXPECT_EQ(read.Value("bellwether_etcd_raft_applied_index_total", Of("etcd-0")), 90);
  EXPECT_EQ(read.Value("bellwether_etcd_db_size_bytes", Of("etcd-0")), 4096);
  EXPECT_EQ(read.Value("bellwether_etcd_db_in_use_bytes", Of("etcd-0")), 1024);
  EXPECT_EQ(read.Value("bellwether_etcd_db_quota_bytes", Of("etcd-0")), 8192);
  EXPECT_EQ(read.Value("bellwether_etcd_alarm", Alarm("NOSPACE")), 0);
  EXPECT_EQ(read.Value("bellwether_etcd_alarm", Alarm("CORRUPT")), 0);
}

TEST(EtcdSeriesTest, OldValuesOfAMemberNeverLookCurrent) {
  MemberStatus gone = Member("etcd-0", 1);
  gone.reachable = false;
  for (const Exposition& read :
       {Render({gone}), Render({Member("etcd-0", 1)}, kT0 + 31s)}) {  // or the sampler stopped
    EXPECT_EQ(read.Value("bellwether_etcd_monitor_up", Of("etcd-0")), 0);
    EXPECT_EQ(read.Count("bellwether_etcd_status_age_seconds"), 1u);
    for (const char* family : {"revision_total", "raft_applied_index_total", "db_size_bytes",
                               "db_in_use_bytes", "db_quota_bytes", "alarm"}) {
      EXPECT_EQ(read.Count(std::string("bellwether_etcd_") + family), 0u) << family;
    }
  }
}

TEST(EtcdSeriesTest, AMemberThatNeverAnsweredHasNoAge) {
  const Exposition read = Render({{.endpoint = "http://x:2379", .error = "refused"}});
  EXPECT_EQ(read.Value("bellwether_etcd_monitor_up", Of("http://x:2379")), 0);
  EXPECT_EQ(read.Count("bellwether_etcd_status_age_seconds"), 0u);
}

TEST(EtcdSeriesTest, AnAlarmThatOneMemberTellsOfIsRaised) {
  MemberStatus tells = Member("etcd-1", 2);
  tells.errors = {"memberID:2 alarm:NOSPACE "};
  const Exposition read = Render({tells, Member("etcd-0", 1)});
  EXPECT_EQ(read.Value("bellwether_etcd_alarm", Alarm("NOSPACE")), 1);
  EXPECT_EQ(read.Value("bellwether_etcd_alarm", Alarm("CORRUPT")), 0);
}

TEST(EtcdSeriesTest, AnUnknownQuotaIsZeroAndNoQuotaIsNegative) {
  MemberStatus unknown = Member("a", 1);
  unknown.quota_bytes = std::nullopt;
  MemberStatus none = Member("b", 2);
  none.quota_bytes = -1;
  const Exposition read = Render({unknown, none});
  EXPECT_EQ(read.Value("bellwether_etcd_db_quota_bytes", Of("a")), 0);
  EXPECT_EQ(read.Value("bellwether_etcd_db_quota_bytes", Of("b")), -1);
}

TEST(MemberLabelsTest, AreNamesElseIdsElseEndpoints) {
  EXPECT_THAT(MemberLabels({Member("a", 1), Member("", 0xbeef), {.endpoint = "http://x"}}),
              ElementsAre("a", "beef", "http://x"));
}

TEST(MemberLabelsTest, AreNeverAlike) {
  EXPECT_THAT(MemberLabels({Member("a", 0xb), Member("a", 0xc)}), ElementsAre("b", "c"));
  EXPECT_THAT(MemberLabels({Member("b", 1), Member("a", 0xb), Member("a", 0xc)}),
              ElementsAre("b", "b#2", "c"));
  const std::string endless(kMaxLabelValueBytes + 9, 'x');
  const auto labels = MemberLabels({{.endpoint = endless + "1"}, {.endpoint = endless + "2"}});
  EXPECT_NE(labels[0], labels[1]);
  EXPECT_EQ(labels[1].size(), kMaxLabelValueBytes);
}

}  // namespace
}  // namespace bellwether::metrics
