// Candidates on a real etcd. Other clients in the same queue: tests/wire/go.
#include "election/candidate.h"

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "wire/candidate/participant.h"

namespace bellwether::election {
namespace {

class CandidateWireTest : public ::testing::Test {
 protected:
  int64_t Revision() {
    const auto r = shard.Ask<etcd::RangeResponse>(
        [&](auto done) { shard.client().Range({.key = "x"}, {.timeout = 20s}, done); });
    return r.ok() ? r->header.revision.value : -1;
  }

  EtcdServer etcd;
  Shard shard{etcd.endpoints()};
};

TEST_F(CandidateWireTest, HandsOverInOrderAndCostsOneRevisionAJoinAndOneALeave) {
  Participant a(shard, "/e", "a");
  ASSERT_TRUE(Eventually([&] { return a.Leads(); }));
  Participant b(shard, "/e", "b");
  ASSERT_TRUE(Eventually([&] { return b.queued() == 1; }));
  Participant c(shard, "/e", "c");
  ASSERT_TRUE(Eventually([&] { return c.queued() == 1; }));
  const int64_t joined = Revision();
  EXPECT_EQ(joined, 4);  // an empty etcd is at 1

  EXPECT_TRUE(a.Resign().ok());
  ASSERT_TRUE(Eventually([&] { return b.Leads(); }));
  EXPECT_FALSE(c.Leads());
  EXPECT_TRUE(b.Resign().ok());
  ASSERT_TRUE(Eventually([&] { return c.Leads(); }));
  EXPECT_TRUE(c.Resign().ok());
  EXPECT_EQ(Revision(), joined + 3);
  EXPECT_EQ(etcd.Etcdctl("get --prefix --keys-only /e"), "");
  EXPECT_EQ(etcd.Etcdctl("lease list").find("found 0 leases"), 0u);
}

// etcd issue 19597: Go's Campaign would lead here, with a key that does not exist.
TEST_F(CandidateWireTest, AWaiterWhoseLeaseWasRevokedJoinsAgainInsteadOfLeadingWithoutAKey) {
  Participant a(shard, "/e", "a");
  ASSERT_TRUE(Eventually([&] { return a.Leads(); }));
  Participant b(shard, "/e", "b");
  ASSERT_TRUE(Eventually([&] { return b.queued() == 1; }));
  const Place first = b.place();
  etcd.Etcdctl("lease revoke " + first.lease.Hex());
  ASSERT_TRUE(Eventually([&] { return b.queued() == 2; }));
  EXPECT_NE(b.place().lease, first.lease);
  EXPECT_FALSE(b.Leads());
  EXPECT_TRUE(a.Resign().ok());
  EXPECT_TRUE(Eventually([&] { return b.Leads(); }));
}

TEST_F(CandidateWireTest, ALeaderWhoseKeyWasDeletedByHandStopsAndTheNextLeads) {
  Participant a(shard, "/e", "a");
  ASSERT_TRUE(Eventually([&] { return a.Leads(); }));
  Participant b(shard, "/e", "b");
  ASSERT_TRUE(Eventually([&] { return b.queued() == 1; }));
  etcd.Etcdctl("del " + a.place().key);
  EXPECT_TRUE(Eventually([&] { return a.lost() == 1; }));
  EXPECT_FALSE(a.Leads());
  EXPECT_TRUE(Eventually([&] { return b.Leads(); }));
  a.Campaign();
  EXPECT_TRUE(Eventually([&] { return a.queued() == 2; }));
  EXPECT_FALSE(a.Leads());
}

TEST_F(CandidateWireTest, StopsByItsDeadlineWhenEtcdIsAwayAndLeadsAgainAfterwards) {
  Participant a(shard, "/e", "a");
  ASSERT_TRUE(Eventually([&] { return a.Leads(); }));
  etcd.Kill(0);
  ASSERT_TRUE(Eventually([&] { return a.lost() == 1; }));
  EXPECT_FALSE(a.Leads());
  etcd.Start(0);
  a.Campaign();
  EXPECT_TRUE(Eventually([&] { return a.elected() == 2; }));
}

}  // namespace
}  // namespace bellwether::election
