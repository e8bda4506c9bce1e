// The sampler on a real etcd of three members: what it tells, and that it costs nothing.
#include "growth/status_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shard.h"

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::Shard;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Samples on a shard until its end.
class Sampling {
 public:
  explicit Sampling(const std::string& endpoints, StatusSampler::Options options = {.every = 200ms})
      : shard_(endpoints) {
    shard_.Sync([&] {
      sampler_ = std::make_unique<StatusSampler>(shard_.loop, shard_.client(), options, store_);
      sampler_->Start();
    });
  }
  ~Sampling() {
    shard_.Sync([this] { sampler_.reset(); });
  }
  // Waits until a status fits; the status, or null.
  std::shared_ptr<const ClusterStatus> Until(
      const std::function<bool(const ClusterStatus&)>& condition) {
    std::shared_ptr<const ClusterStatus> fits;
    Eventually([&] {
      const auto status = store_.current();
      if (status == nullptr || !condition(*status)) return false;
      fits = status;
      return true;
    });
    return fits;
  }

 private:
  StatusStore store_;
  Shard shard_;
  std::unique_ptr<StatusSampler> sampler_;
};

bool AllAnswer(const ClusterStatus& cluster) {
  return cluster.members.size() == 3 &&
         std::all_of(
             cluster.members.begin(), cluster.members.end(),
             [](const MemberStatus& member) { return member.reachable && !member.name.empty(); });
}

TEST(StatusSamplerWireTest, TellsOfEveryMemberAndOfOneThatWasKilled) {
  EtcdServer etcd({.members = 3});
  Sampling sampling(etcd.endpoints());
  const auto all = sampling.Until(AllAnswer);
  ASSERT_NE(all, nullptr);
  EXPECT_THAT(all->further_endpoints, IsEmpty());
  EXPECT_EQ(std::count_if(all->members.begin(), all->members.end(),
                          [](const MemberStatus& member) { return member.is_leader; }),
            1);
  for (size_t i = 0; i < 3; ++i) {
    const MemberStatus& member = all->members[i];
    EXPECT_EQ(member.endpoint, etcd.endpoint(i));
    EXPECT_EQ(member.name, "m" + std::to_string(i));
    EXPECT_EQ(member.cluster_id, all->members[0].cluster_id);
    EXPECT_EQ(member.revision, Revision{1});
    EXPECT_GT(member.raft_applied_index, 0u);
    EXPECT_GT(member.raft_term, 0u);
    EXPECT_GT(member.db_size_bytes, 0);
    EXPECT_GT(member.db_size_in_use_bytes, 0);
    EXPECT_THAT(member.version, HasSubstr("3."));
    EXPECT_THAT(member.errors, IsEmpty());
  }

  etcd.Kill(1);
  const auto without =
      sampling.Until([](const ClusterStatus& cluster) { return !cluster.members[1].reachable; });
  ASSERT_NE(without, nullptr);
  EXPECT_THAT(without->members, SizeIs(3));
  EXPECT_EQ(without->members[1].name, "m1");
  EXPECT_THAT(without->members[1].error, HasSubstr(etcd.endpoint(1)));
  EXPECT_THAT(without->members[1].error, HasSubstr("Status"));
  etcd.Start(1);
  EXPECT_NE(sampling.Until(AllAnswer), nullptr);
}

TEST(StatusSamplerWireTest, AddsNoRevisionAndNoRaftEntry) {
  EtcdServer etcd({.members = 3});
  Sampling sampling(etcd.endpoints(), {.every = 100ms});
  // A cluster that has just been formed still writes entries of its own (its version): wait until
  // ten rounds in a row have brought none, as a sampler that writes one a round never would.
  std::optional<MonotonicTime> since;
  uint64_t raft_index = 0;
  const auto quiet = sampling.Until([&](const ClusterStatus& cluster) {
    if (!AllAnswer(cluster)) return false;
    const MemberStatus& member = cluster.members[0];
    if (!since || member.raft_index != raft_index) {
      since = member.sampled_at;
      raft_index = member.raft_index;
    }
    return *member.sampled_at - *since >= 10 * cluster.every;
  });
  ASSERT_NE(quiet, nullptr);
  const auto later = sampling.Until([&](const ClusterStatus& cluster) {
    return *cluster.members[0].sampled_at - *quiet->members[0].sampled_at >= 20 * cluster.every;
  });
  ASSERT_NE(later, nullptr);
  EXPECT_EQ(later->members[0].revision, quiet->members[0].revision);
  EXPECT_EQ(later->members[0].raft_index, quiet->members[0].raft_index);
}

TEST(StatusSamplerWireTest, TwoAddressesOfOneMemberCountOnce) {
  EtcdServer etcd;
  std::string other = etcd.endpoint(0);
  other.replace(other.find("127.0.0.1"), 9, "localhost");
  Sampling sampling(etcd.endpoint(0) + "," + other);
  const auto both = sampling.Until(
      [](const ClusterStatus& cluster) { return !cluster.further_endpoints.empty(); });
  ASSERT_NE(both, nullptr);
  EXPECT_THAT(both->members, SizeIs(1));
  EXPECT_THAT(both->further_endpoints, SizeIs(1));
}

TEST(StatusSamplerWireTest, TellsOfTheNoSpaceAlarm) {
  EtcdServer etcd({.extra = {"--quota-backend-bytes=16384"}});
  Sampling sampling(etcd.endpoints());
  etcd.Etcdctl("put k v 2>&1");
  EXPECT_NE(sampling.Until([](const ClusterStatus& cluster) {
    return NamesAlarm(cluster.members[0].errors, "NOSPACE");
  }),
            nullptr);
}

}  // namespace
}  // namespace bellwether::growth
