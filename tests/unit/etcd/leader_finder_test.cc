#include "etcd/leader_finder.h"

#include <gtest/gtest.h>

#include "etcd/rpc.pb.h"
#include "support/scripted_transport.h"

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;

class LeaderFinderTest : public testing::Test {
 protected:
  // Answers of a stream, all of this raft term, one each second.
  void SeeTerm(uint64_t term, int seconds) {
    for (int i = 0; i < seconds; ++i) {
      finder.Look(term);
      time.Pass(1s);
    }
  }
  size_t rounds() const { return transport.Asked("Status") / transport.endpoint_count(); }

  SimulatedTime time;
  ScriptedTransport transport{time.scheduler, 3};
  Caller caller{time.scheduler, transport, {.seed = 1}};
  int found = 0;
  LeaderFinder finder{caller, [this] { ++found; }};
};

// Authentication without the root role, on the versions that ask for it.
TEST_F(LeaderFinderTest, WhereNobodyMayBeAskedItAsksOnceATerm) {
  transport.answer = [](const ScriptedTransport::Call&) {
    return ScriptedTransport::Answer{{RpcCode::kPermissionDenied, "etcdserver: permission denied"},
                                     {}};
  };
  finder.Look(0);  // as the stream opens
  SeeTerm(7, 60);
  EXPECT_LE(rounds(), 2u);
  EXPECT_EQ(finder.leader(), std::nullopt);
  const size_t before = rounds();
  SeeTerm(8, 60);
  EXPECT_EQ(rounds(), before + 1) << "another leader may be found where this one is not";
}

TEST_F(LeaderFinderTest, FindsTheLeaderAndAsksAgainInANewTerm) {
  uint64_t term = 7, leader = 2;
  transport.answer = [&](const ScriptedTransport::Call& call) -> ScriptedTransport::Answer {
    etcdserverpb::StatusResponse status;
    status.mutable_header()->set_member_id(call.options.endpoint + 1);
    status.set_leader(leader);
    status.set_raftterm(term);
    return {{}, status.SerializeAsString()};
  };
  SeeTerm(7, 60);
  EXPECT_EQ(finder.leader(), 1u);
  EXPECT_EQ(rounds(), 1u);
  term = 8;
  leader = 3;
  SeeTerm(8, 60);
  EXPECT_EQ(finder.leader(), 2u);
  EXPECT_EQ(rounds(), 2u);
  EXPECT_EQ(found, 2);
}

}  // namespace
}  // namespace bellwether::etcd
