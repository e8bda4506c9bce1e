#include "support/sim_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;
using etcd::RpcCode;
using etcd::RpcStatus;

class Sink final : public etcd::StreamSink {
 public:
  void OnStreamMessage(std::string_view bytes) override { messages.emplace_back(bytes); }
  void OnStreamEnd(RpcStatus status) override { ended = status; }
  std::vector<std::string> messages;
  std::optional<RpcStatus> ended;
};

class SimNetworkTest : public ::testing::Test {
 protected:
  std::shared_ptr<std::optional<RpcStatus>> Put(const std::string& key, Milliseconds timeout) {
    auto answer = std::make_shared<std::optional<RpcStatus>>();
    pb::PutRequest request;
    request.set_key(key);
    transport_.Unary("/etcdserverpb.KV/Put", request.SerializeAsString(), {.timeout = timeout},
                     [answer](RpcStatus status, std::string) { *answer = status; });
    return answer;
  }
  static std::string KeepAlive(int64_t id) {
    pb::LeaseKeepAliveRequest request;
    request.set_id(id);
    return request.SerializeAsString();
  }
  void Pass(Nanoseconds time) {
    world_.RunUntil(world_.now() + time, [] { return false; });
  }

  World world_{21};
  SimEtcd etcd_{world_, {}};
  SimScheduler scheduler_{world_, {}};
  SimTransport transport_{world_, scheduler_, etcd_, 1};
};

TEST_F(SimNetworkTest, AnswersACall) {
  const auto answer = Put("a", 1s);
  EXPECT_FALSE(answer->has_value());
  Pass(1s);
  ASSERT_TRUE(answer->has_value());
  EXPECT_TRUE((*answer)->ok());
}

TEST_F(SimNetworkTest, ALostAnswerEndsInTheDeadlineAlthoughTheRequestCounted) {
  transport_.SetLink(0, {.down_cut = true});
  const auto answer = Put("a", 1s);
  Pass(2s);
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->code, RpcCode::kDeadlineExceeded);
  EXPECT_NE(etcd_.store().Find("a"), nullptr);
}

TEST_F(SimNetworkTest, ACutMayDeliverARequestLongAfterItsCallerGaveUp) {
  int late = 0;
  for (int i = 0; i < 20; ++i) {
    transport_.SetLink(0, {.up_cut = true});
    const auto answer = Put("late" + std::to_string(i), 1s);
    Pass(2s);
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ(etcd_.store().Find("late" + std::to_string(i)), nullptr);
    transport_.SetLink(0, {});
    Pass(1s);
    late += etcd_.store().Find("late" + std::to_string(i)) != nullptr ? 1 : 0;
  }
  EXPECT_GT(late, 0);
  EXPECT_LT(late, 20);
}

TEST_F(SimNetworkTest, AMemberThatIsDownRefusesAndNothingWasSent) {
  etcd_.CrashMember(0);
  const auto answer = Put("a", 1s);
  Sink sink;
  const auto stream = transport_.Open("/etcdserverpb.Lease/LeaseKeepAlive", {}, &sink);
  Pass(500ms);
  ASSERT_TRUE(answer->has_value());
  EXPECT_TRUE((*answer)->never_sent);
  ASSERT_TRUE(sink.ended.has_value());
  EXPECT_EQ(sink.ended->code, RpcCode::kUnavailable);
}

TEST_F(SimNetworkTest, AStreamKeepsItsOrderAndSurvivesAShortCut) {
  ASSERT_TRUE(etcd_.ForeignGrant(7, 60).ok());
  Sink sink;
  const auto stream = transport_.Open("/etcdserverpb.Lease/LeaseKeepAlive", {}, &sink);
  for (const int64_t id : {7, 8, 7}) stream->Write(KeepAlive(id));
  transport_.SetLink(0, {.down_cut = true});
  Pass(2s);
  EXPECT_TRUE(sink.messages.empty());
  transport_.SetLink(0, {});
  Pass(1s);
  std::vector<int64_t> ttls;
  for (const std::string& message : sink.messages) {
    pb::LeaseKeepAliveResponse response;
    ASSERT_TRUE(response.ParseFromString(message));
    ttls.push_back(response.ttl());
  }
  EXPECT_THAT(ttls, ::testing::ElementsAre(60, 0, 60));
}

TEST_F(SimNetworkTest, ALongCutEndsTheStreamOnTheClientsSideOnly) {
  Sink sink;
  const auto stream = transport_.Open("/etcdserverpb.Lease/LeaseKeepAlive", {}, &sink);
  Pass(1s);
  transport_.SetLink(0, {.up_cut = true, .down_cut = true});
  Pass(14s);
  ASSERT_TRUE(sink.ended.has_value());
}

TEST_F(SimNetworkTest, WhatWasWrittenOnADroppedStreamMayStillArrive) {
  ASSERT_TRUE(etcd_.ForeignGrant(7, 5).ok());
  Sink sink;
  auto stream = transport_.Open("/etcdserverpb.Lease/LeaseKeepAlive", {}, &sink);
  Pass(1s);
  const Time before = *etcd_.ExpiryOf(7);
  transport_.SetLink(0, {.up_cut = true});
  stream->Write(KeepAlive(7));
  stream.reset();
  Pass(2s);
  EXPECT_EQ(*etcd_.ExpiryOf(7), before);
  transport_.SetLink(0, {});
  Pass(1ms);
  EXPECT_GT(*etcd_.ExpiryOf(7), before);
  EXPECT_TRUE(sink.messages.empty());
}

}  // namespace
}  // namespace bellwether::sim
