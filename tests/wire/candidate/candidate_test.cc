// Candidates and an observer on a real etcd. Other clients in the same queue: tests/wire/go.
#include "election/candidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "election/observer.h"
#include "support/etcd_server.h"
#include "support/shard.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::Shard;

// One candidate on the shard and what it was told.
class Participant final : public CandidateHandler {
 public:
  Participant(Shard& shard, const std::string& prefix, const std::string& value) : shard_(shard) {
    shard_.Sync([&] {
      candidate_ = std::make_unique<Candidate>(
          shard_.loop, shard_.client(),
          CandidateOptions{.prefix = prefix, .value = value, .ttl = 5s}, this);
      candidate_->Campaign();
    });
  }
  ~Participant() override {
    shard_.Sync([&] { candidate_.reset(); });
  }

  bool Leads() {
    std::optional<Leadership> leadership;
    shard_.Sync([&] { leadership = candidate_->Current(shard_.loop.Now()); });
    return leadership.has_value();
  }
  Place place() {
    const std::lock_guard lock(mutex_);
    return place_;
  }
  int queued() {
    const std::lock_guard lock(mutex_);
    return queued_;
  }
  int lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  int elected() {
    const std::lock_guard lock(mutex_);
    return elected_;
  }
  void Campaign() {
    shard_.Sync([&] { candidate_->Campaign(); });
  }
  Result<Unit> Resign() {
    return shard_.Ask<Unit>([&](auto done) { candidate_->Resign(20s, done); });
  }

 private:
  void OnQueued(const Place& place) override {
    const std::lock_guard lock(mutex_);
    place_ = place;
    ++queued_;
  }
  void OnElected(const Leadership&) override {
    const std::lock_guard lock(mutex_);
    ++elected_;
  }
  void OnExtended(MonotonicTime) override {}
  void OnLost(const std::string&) override {
    const std::lock_guard lock(mutex_);
    ++lost_;
  }
  void OnPlaceLost(const std::string&) override {}
  void OnCandidateTrouble(const Error&) override {}

  Shard& shard_;
  std::unique_ptr<Candidate> candidate_;
  std::mutex mutex_;
  Place place_;
  int queued_ = 0, lost_ = 0, elected_ = 0;
};

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

TEST_F(CandidateWireTest, TheObserverPublishesQueuesOfTheRootAndOfAForeignPrefixAndWritesNothing) {
  ViewStore store;
  std::unique_ptr<Observer> observer;
  shard.Sync([&] {
    observer = std::make_unique<Observer>(
        shard.loop, shard.client(),
        ObserverOptions{.root = "/root", .prefixes = {{{"legacy", "locker"}, "/TEST/LOCKER"}}},
        store);
    observer->Start();
  });
  const auto fresh = [&] { return store.freshness().FreshAt(BootClock::now()); };
  ASSERT_TRUE(Eventually(fresh));
  EXPECT_NE(store.Find("legacy", "locker"), nullptr);

  etcd.Etcdctl("put /TEST/LOCKER/abc host-1");
  ASSERT_TRUE(Eventually([&] { return store.Find("legacy", "locker")->leader() != nullptr; }));
  EXPECT_EQ(store.Find("legacy", "locker")->leader()->id, "host-1");
  {
    Participant a(shard, "/root/batch/report", R"({"id":"pod-a"})");
    ASSERT_TRUE(Eventually([&] { return a.Leads(); }));
    ASSERT_TRUE(Eventually([&] { return store.Find("batch", "report") != nullptr; }));
    EXPECT_EQ(store.Find("batch", "report")->leader()->id, "pod-a");
    EXPECT_EQ(store.Find("batch", "report")->token()->value, a.place().create_revision.value);
    const int64_t before = Revision();
    EXPECT_TRUE(a.Resign().ok());
    EXPECT_TRUE(Eventually([&] { return store.Find("batch", "report")->leader() == nullptr; }));
    EXPECT_EQ(Revision(), before + 1);
  }
  etcd.Kill(0);
  EXPECT_TRUE(Eventually([&] { return !fresh(); }));
  etcd.Start(0);
  EXPECT_TRUE(Eventually(fresh));
  EXPECT_FALSE(store.freshness().tokens_invalid);
  shard.Sync([&] { observer.reset(); });
}

}  // namespace
}  // namespace bellwether::election
