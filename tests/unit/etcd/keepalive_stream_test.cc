#include "etcd/keepalive_stream.h"

#include <gtest/gtest.h>

#include "etcd/rpc.pb.h"
#include "support/scripted_transport.h"

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;

constexpr LeaseId kLease{7};
constexpr Milliseconds kTtl{8000};
constexpr Milliseconds kEndpointTimeout{1000};
// More than an endpoint is given, less than a third of the TTL.
constexpr Milliseconds kLate{2000};

class KeepaliveStreamTest : public testing::Test, public LeaseHandler {
 protected:
  void OnLeaseRenewed(MonotonicTime sent_at, Milliseconds) override { renewed.push_back(sent_at); }
  void OnLeaseGone() override { FAIL(); }

  void Make(size_t endpoints) {
    transport.emplace(time.scheduler, endpoints);
    transport->answer = [](const ScriptedTransport::Call&) {  // of Status: nobody may ask
      return ScriptedTransport::Answer{{RpcCode::kPermissionDenied, "permission denied"}, {}};
    };
    caller.emplace(time.scheduler, *transport,
                   ClientOptions{.seed = 1, .endpoint_timeout = kEndpointTimeout});
    stream.emplace(*caller, 2);
    stream->Add(kLease, kTtl, this);
    time.Pass(kTtl / 3 + 1ms);
    ASSERT_EQ(written(), 1u);
  }
  ScriptedTransport::OpenStream& open() { return *transport->streams.back(); }
  size_t streams() const { return transport->streams.size(); }
  size_t written() { return open().written.size(); }
  // The next keepalive leaves.
  void AwaitWrite() {
    const size_t before = written();
    for (int i = 0; i < 1000 && written() == before; ++i) time.Pass(10ms);
    ASSERT_GT(written(), before);
  }
  // etcd renews, and says so on the stream that was opened last.
  void Answer() {
    ASSERT_NE(open().sink, nullptr);
    etcdserverpb::LeaseKeepAliveResponse response;
    response.set_id(kLease.value);
    response.set_ttl(kTtl / 1s);
    response.mutable_header()->set_raft_term(7);
    open().sink->OnStreamMessage(response.SerializeAsString());
  }
  void Leads(size_t endpoint) {
    transport->answer = [endpoint](const ScriptedTransport::Call& call) {
      etcdserverpb::StatusResponse status;
      status.mutable_header()->set_member_id(call.options.endpoint + 1);
      status.set_leader(endpoint + 1);
      status.set_raftterm(7);
      return ScriptedTransport::Answer{{}, status.SerializeAsString()};
    };
  }

  SimulatedTime time;
  std::optional<ScriptedTransport> transport;
  std::optional<Caller> caller;
  std::optional<KeepaliveStream> stream;
  std::vector<MonotonicTime> renewed;  // send times
};

TEST_F(KeepaliveStreamTest, WithOneEndpointALateAnswerIsWaitedFor) {
  Make(1);
  const MonotonicTime sent_at = time.scheduler.Now();
  time.Pass(kTtl / 2 - 100ms);
  ASSERT_EQ(streams(), 1u);
  Answer();
  ASSERT_EQ(renewed.size(), 1u);
  EXPECT_LE(renewed[0], sent_at);
}

TEST_F(KeepaliveStreamTest, WithOneEndpointAStreamThatStaysSilentIsOpenedAgainInTimeForTheLease) {
  Make(1);
  time.Pass(kTtl / 2 + 200ms);
  EXPECT_EQ(streams(), 2u);
  EXPECT_EQ(written(), 1u) << "asked again at once";
}

TEST_F(KeepaliveStreamTest, TheFirstSilentEndpointIsLeftSoonTheNextHasTheTimeOfASlowEtcd) {
  Make(3);
  const size_t first = open().options.endpoint;
  time.Pass(kEndpointTimeout + 300ms);
  ASSERT_EQ(streams(), 2u);
  EXPECT_NE(open().options.endpoint, first);
  time.Pass(kLate);
  ASSERT_EQ(streams(), 2u);
  Answer();
  EXPECT_EQ(renewed.size(), 1u);
}

TEST_F(KeepaliveStreamTest, AsLongAsAnswersAreLateEachIsWaitedFor) {
  Make(3);
  time.Pass(kEndpointTimeout + 300ms + kLate);
  Answer();
  for (int i = 0; i < 5; ++i) {
    AwaitWrite();
    time.Pass(kLate);
    Answer();
  }
  EXPECT_EQ(streams(), 2u);
  // An answer in time: the next silence is again that of one endpoint.
  AwaitWrite();
  Answer();
  AwaitWrite();
  time.Pass(kEndpointTimeout + 300ms);
  EXPECT_EQ(streams(), 3u);
}

// A stream on which answers go on is not silent.
TEST_F(KeepaliveStreamTest, PatienceCountsFromTheNewestAnswer) {
  Make(3);
  Answer();
  time.Pass(500ms);
  constexpr LeaseId kOther{8};
  stream->Add(kOther, kTtl, this);
  AwaitWrite();
  time.Pass(900ms);
  ASSERT_EQ(written(), 3u) << "the other one, 500 ms later";
  Answer();
  time.Pass(800ms);
  EXPECT_EQ(streams(), 1u);
  time.Pass(500ms);
  EXPECT_EQ(streams(), 2u);
}

// A call that takes too long says nothing about a keepalive that may still be answered.
TEST_F(KeepaliveStreamTest, AnEndpointThatOthersLeftIsLeftAfterTheAnswerThatIsWaitedFor) {
  Make(3);
  const size_t first = open().options.endpoint;
  time.Pass(100ms);
  caller->EndpointFailed(first);
  time.Pass(500ms);
  ASSERT_EQ(streams(), 1u);
  Answer();
  time.Pass(1ms);
  EXPECT_EQ(renewed.size(), 1u);
  ASSERT_EQ(streams(), 2u);
  EXPECT_NE(open().options.endpoint, first);
}

TEST_F(KeepaliveStreamTest, WithNothingUnderWayItLeavesWithTheOthers) {
  Make(3);
  Answer();
  caller->EndpointFailed(open().options.endpoint);
  time.Pass(1ms);
  EXPECT_EQ(streams(), 2u);
}

TEST_F(KeepaliveStreamTest, ItGoesToTheLeaderAfterTheAnswerThatIsWaitedFor) {
  Make(3);
  const size_t leader = (open().options.endpoint + 1) % 3;
  Leads(leader);
  Answer();  // no leader is known yet: it is looked for, 5 s after the first time
  time.Pass(2 * kTtl / 3 + 1ms);
  Answer();
  time.Pass(1ms);
  EXPECT_EQ(open().options.endpoint, leader);
}

}  // namespace
}  // namespace bellwether::etcd
