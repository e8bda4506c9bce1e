#include "election/leader_ttls.h"

#include <gtest/gtest.h>

#include "etcd/rpc.pb.h"
#include "support/scripted_transport.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using etcd::RpcCode;
using Call = etcd::ScriptedTransport::Call;
using Answer = etcd::ScriptedTransport::Answer;

class LeaderTtlsTest : public ::testing::Test {
 protected:
  LeaderTtlsTest() {
    transport.answer = [](const Call& call) { return Granted(call, 60); };
  }

  static Answer Granted(const Call& call, int64_t ttl_s) {
    etcdserverpb::LeaseTimeToLiveRequest request;
    (void)request.ParseFromString(call.request);
    etcdserverpb::LeaseTimeToLiveResponse response;
    response.set_id(request.id());
    response.set_ttl(ttl_s > 0 ? ttl_s / 2 : -1);  // what is left
    response.set_grantedttl(ttl_s);
    return {{}, response.SerializeAsString()};
  }
  // Somebody leads the election on this lease now; 0 = with a key that has none.
  void Lead(const std::string& name, int64_t lease) {
    auto view = std::make_shared<ElectionView>();
    view->ns = "a";
    view->name = name;
    view->queue.push_back({.lease = LeaseId{lease}});
    const ElectionPtr before = std::exchange(led[name], view);
    ttls.OnLeaderChange({before, view});
  }
  void Leave(const std::string& name) { ttls.OnLeaderChange({led.at(name), nullptr}); }
  size_t asked() const { return transport.Asked("LeaseTimeToLive"); }

  etcd::SimulatedTime time;
  etcd::ScriptedTransport transport{time.scheduler, 1};
  etcd::Client client{time.scheduler, transport, {.seed = 1}};
  LeaderTtls ttls{time.scheduler, client, 1};
  std::map<std::string, ElectionPtr> led;
};

TEST_F(LeaderTtlsTest, KnowsTheGrantedTtlOfWhoLeadsAndAsksOnce) {
  Lead("one", 7);
  EXPECT_EQ(ttls.Find(LeaseId{7}), std::nullopt) << "not answered yet";
  time.Pass(1s);
  EXPECT_EQ(ttls.Find(LeaseId{7}), 60s);
  time.Pass(10min);
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(ttls.Find(LeaseId{8}), std::nullopt);
}

TEST_F(LeaderTtlsTest, ForgetsTheLeaseOfWhoLeadsNoMore) {
  Lead("one", 7);
  time.Pass(1s);
  Lead("one", 8);
  EXPECT_EQ(ttls.Find(LeaseId{7}), std::nullopt);
  time.Pass(1s);
  EXPECT_EQ(ttls.Find(LeaseId{8}), 60s);
  Leave("one");
  EXPECT_EQ(ttls.Find(LeaseId{8}), std::nullopt);
}

TEST_F(LeaderTtlsTest, AskedWhileItStillLedAnAnswerThatComesLaterIsDropped) {
  Lead("one", 7);
  Leave("one");
  time.Pass(1s);
  EXPECT_EQ(ttls.Find(LeaseId{7}), std::nullopt);
}

TEST_F(LeaderTtlsTest, ALeaseOfSeveralLeadersIsAskedForOnceAndKeptUntilTheLast) {
  Lead("one", 7);
  Lead("two", 7);
  time.Pass(1s);
  EXPECT_EQ(asked(), 1u);
  Leave("one");
  EXPECT_EQ(ttls.Find(LeaseId{7}), 60s);
  Leave("two");
  EXPECT_EQ(ttls.Find(LeaseId{7}), std::nullopt);
}

TEST_F(LeaderTtlsTest, AKeyWithoutALeaseHasNone) {
  Lead("one", 0);
  time.Pass(1s);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(LeaderTtlsTest, ALeaseThatIsGoneAndOneThatMayNotBeAskedForStayUnknown) {
  transport.answer = [](const Call& call) -> Answer {
    etcdserverpb::LeaseTimeToLiveRequest request;
    (void)request.ParseFromString(call.request);
    if (request.id() == 7) return Granted(call, -1);
    return {{RpcCode::kPermissionDenied, "etcdserver: permission denied"}, {}};
  };
  Lead("one", 7);
  Lead("two", 8);
  time.Pass(10min);
  EXPECT_EQ(ttls.Find(LeaseId{7}), std::nullopt);
  EXPECT_EQ(ttls.Find(LeaseId{8}), std::nullopt);
  EXPECT_EQ(asked(), 2u) << "neither is asked for again";
}

TEST_F(LeaderTtlsTest, TroubleIsTriedAgainNotTooOften) {
  transport.answer = [](const Call&) {
    return Answer{{RpcCode::kUnknown, "etcdserver: something odd"}, {}};
  };
  Lead("one", 7);
  time.Pass(5min);
  EXPECT_GT(asked(), 5u);
  EXPECT_LT(asked(), 40u);
  transport.answer = [](const Call& call) { return Granted(call, 60); };
  time.Pass(31s);
  EXPECT_EQ(ttls.Find(LeaseId{7}), 60s);
}

TEST_F(LeaderTtlsTest, AsksForFewAtATime) {
  for (int64_t lease = 1; lease <= 1000; ++lease) Lead("e" + std::to_string(lease), lease);
  EXPECT_LE(asked(), 8u);
  time.Pass(1min);
  EXPECT_EQ(asked(), 1000u);
  EXPECT_EQ(ttls.Find(LeaseId{1000}), 60s);
}

}  // namespace
}  // namespace bellwether::election
