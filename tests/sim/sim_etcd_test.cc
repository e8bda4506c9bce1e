#include "support/sim_etcd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;
using etcd::RpcCode;
using etcd::RpcStatus;

class Out final : public SimEtcd::StreamOut {
 public:
  void Send(std::string bytes) override { sent.push_back(std::move(bytes)); }
  void End(RpcStatus status) override { ended = status; }
  template <typename Response>
  Response At(size_t i) const {
    Response response;
    EXPECT_TRUE(i < sent.size() && response.ParseFromString(sent[i]));
    return response;
  }
  std::vector<std::string> sent;
  std::optional<RpcStatus> ended;
};

class SimEtcdTest : public ::testing::Test {
 protected:
  void Make(SimEtcdOptions options) { etcd_ = std::make_unique<SimEtcd>(world_, options); }
  void SetUp() override { Make({}); }

  // The answer once it has come; status kCancelled before.
  template <typename Response>
  std::shared_ptr<std::pair<RpcStatus, Response>> Ask(const std::string& method,
                                                      const google::protobuf::Message& request,
                                                      const std::string& token = "") {
    auto answer = std::make_shared<std::pair<RpcStatus, Response>>();
    answer->first.code = RpcCode::kCancelled;
    etcd_->Unary({.client = 1, .member = 0, .token = token}, method, request.SerializeAsString(),
                 [answer](RpcStatus status, std::string bytes) {
                   answer->first = status;
                   EXPECT_TRUE(answer->second.ParseFromString(bytes));
                 });
    return answer;
  }
  RpcStatus Put(const std::string& key, int64_t lease = 0) {
    pb::PutRequest request;
    request.set_key(key);
    request.set_lease(lease);
    return Ask<pb::PutResponse>("/etcdserverpb.KV/Put", request)->first;
  }
  RpcStatus Grant(int64_t id, int64_t ttl_s) {
    pb::LeaseGrantRequest request;
    request.set_id(id);
    request.set_ttl(ttl_s);
    return Ask<pb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", request)->first;
  }
  std::unique_ptr<SimEtcd::ServerStream> Watch(const std::string& prefix, int64_t from, Out* out,
                                               bool fragment = false) {
    auto stream = etcd_->Open({.has_leader = true}, "/etcdserverpb.Watch/Watch", out);
    pb::WatchRequest request;
    auto* create = request.mutable_create_request();
    create->set_key(prefix);
    create->set_range_end(prefix.substr(0, prefix.size() - 1) + "0");
    create->set_start_revision(from);
    create->set_watch_id(5);
    create->set_fragment(fragment);
    stream->Receive(request.SerializeAsString());
    return stream;
  }
  void Pass(Nanoseconds time) {
    world_.RunUntil(world_.now() + time, [] { return false; });
  }

  World world_{11};
  std::unique_ptr<SimEtcd> etcd_;
};

TEST_F(SimEtcdTest, ALeaseExpiresAtItsTtlAfterTheLastKeepaliveThatWasProcessed) {
  ASSERT_TRUE(Grant(7, 5).ok());
  ASSERT_TRUE(Put("a/7", 7).ok());
  Out out;
  auto stream = etcd_->Open({}, "/etcdserverpb.Lease/LeaseKeepAlive", &out);
  Pass(3s);
  pb::LeaseKeepAliveRequest request;
  request.set_id(7);
  stream->Receive(request.SerializeAsString());
  EXPECT_EQ(out.At<pb::LeaseKeepAliveResponse>(0).ttl(), 5);
  Pass(4900ms);
  EXPECT_NE(etcd_->store().Find("a/7"), nullptr);
  Pass(700ms);
  EXPECT_EQ(etcd_->store().Find("a/7"), nullptr);
  stream->Receive(request.SerializeAsString());
  EXPECT_EQ(out.At<pb::LeaseKeepAliveResponse>(1).ttl(), 0);
}

TEST_F(SimEtcdTest, AKeepaliveOfAnExpiredLeaseIsAnsweredWhenTheLeaseIsGone) {
  ASSERT_TRUE(Grant(7, 2).ok());
  Out out;
  auto stream = etcd_->Open({}, "/etcdserverpb.Lease/LeaseKeepAlive", &out);
  Pass(2s);
  pb::LeaseKeepAliveRequest request;
  request.set_id(7);
  stream->Receive(request.SerializeAsString());
  EXPECT_TRUE(out.sent.empty());
  Pass(600ms);
  EXPECT_EQ(out.At<pb::LeaseKeepAliveResponse>(0).ttl(), 0);
}

TEST_F(SimEtcdTest, ANewLeaderRenewsEveryLeaseToItsTtlAndASecond) {
  ASSERT_TRUE(Grant(7, 5).ok());
  Pass(4s);
  etcd_->LoseLeader();
  Pass(2s);
  ASSERT_TRUE(etcd_->has_leader());
  EXPECT_GT(*etcd_->ExpiryOf(7), world_.now() + 4s);
  EXPECT_EQ(etcd_->leader_changes(), 1u);
}

TEST_F(SimEtcdTest, AWatchTellsFromItsStartAndGoesOn) {
  ASSERT_TRUE(Put("a/1").ok());  // 2
  ASSERT_TRUE(Put("a/2").ok());  // 3
  Out out;
  auto stream = Watch("a/", 3, &out);
  Pass(1s);
  EXPECT_TRUE(out.At<pb::WatchResponse>(0).created());
  EXPECT_EQ(out.At<pb::WatchResponse>(1).events(0).kv().key(), "a/2");
  ASSERT_TRUE(Put("b/1").ok());
  ASSERT_TRUE(Put("a/3").ok());
  Pass(1s);
  ASSERT_EQ(out.sent.size(), 3u);
  const auto last = out.At<pb::WatchResponse>(2);
  EXPECT_EQ(last.watch_id(), 5);
  EXPECT_EQ(last.events(0).kv().mod_revision(), 5);
  EXPECT_EQ(last.header().revision(), 5);
}

TEST_F(SimEtcdTest, AWatchFromACompactedRevisionIsCancelledWithIt) {
  ASSERT_TRUE(Put("a/1").ok());
  ASSERT_TRUE(Put("a/2").ok());
  etcd_->Compact();
  Out out;
  auto stream = Watch("a/", 2, &out);
  Pass(1s);
  EXPECT_TRUE(out.At<pb::WatchResponse>(0).created());
  EXPECT_TRUE(out.At<pb::WatchResponse>(1).canceled());
  EXPECT_EQ(out.At<pb::WatchResponse>(1).compact_revision(), 3);
}

TEST_F(SimEtcdTest, BigRevisionsComeInFragmentsToThoseWhoAllowIt) {
  Make({.fragment_events = 2});
  ASSERT_TRUE(Grant(7, 60).ok());
  for (const char* key : {"a/1", "a/2", "a/3"}) ASSERT_TRUE(Put(key, 7).ok());
  Out pieces, whole;
  auto first = Watch("a/", 5, &pieces, true);
  auto second = Watch("a/", 5, &whole, false);
  ASSERT_TRUE(etcd_->ForeignRevoke(7).ok());
  Pass(1s);
  ASSERT_EQ(pieces.sent.size(), 3u);
  EXPECT_TRUE(pieces.At<pb::WatchResponse>(1).fragment());
  EXPECT_FALSE(pieces.At<pb::WatchResponse>(2).fragment());
  ASSERT_EQ(whole.sent.size(), 2u);
  EXPECT_EQ(whole.At<pb::WatchResponse>(1).events_size(), 3);
}

TEST_F(SimEtcdTest, RefusesAWatchIdThatIsInUseAndCancelsOnRequest) {
  Out out;
  auto stream = Watch("a/", 1, &out);
  pb::WatchRequest request;
  request.mutable_create_request()->set_key("b");
  request.mutable_create_request()->set_watch_id(5);
  stream->Receive(request.SerializeAsString());
  EXPECT_TRUE(out.At<pb::WatchResponse>(1).created());
  EXPECT_TRUE(out.At<pb::WatchResponse>(1).canceled());
  EXPECT_EQ(out.At<pb::WatchResponse>(1).watch_id(), -1);
  request.mutable_cancel_request()->set_watch_id(5);
  stream->Receive(request.SerializeAsString());
  EXPECT_TRUE(out.At<pb::WatchResponse>(2).canceled());
  request.mutable_progress_request();
  stream->Receive(request.SerializeAsString());
  EXPECT_EQ(out.At<pb::WatchResponse>(3).watch_id(), -1);
}

TEST_F(SimEtcdTest, NoSpaceRefusesPutsAndGrantsButNotDeletesAndKeepalives) {
  ASSERT_TRUE(Grant(7, 5).ok());
  ASSERT_TRUE(Put("a/7", 7).ok());
  etcd_->RaiseNoSpace();
  EXPECT_EQ(Put("a/8").message, "etcdserver: mvcc: database space exceeded");
  EXPECT_EQ(Grant(8, 5).code, RpcCode::kResourceExhausted);
  EXPECT_TRUE(etcd_->ForeignKeepAlive(7));
  pb::TxnRequest txn;
  txn.add_success()->mutable_request_delete_range()->set_key("a/7");
  EXPECT_TRUE(Ask<pb::TxnResponse>("/etcdserverpb.KV/Txn", txn)->first.ok());
  etcd_->DisarmNoSpace();
  EXPECT_TRUE(Put("a/8").ok());
}

TEST_F(SimEtcdTest, TheQuotaTrapAppliesWhatItRefuses) {
  etcd_->SpringQuotaTrap();
  EXPECT_EQ(Put("a/8").message, "etcdserver: mvcc: database space exceeded");
  EXPECT_NE(etcd_->store().Find("a/8"), nullptr);
}

TEST_F(SimEtcdTest, WithoutALeaderRequestsWaitAndStreamsThatAskForOneAreEnded) {
  Make({.members = 3});
  etcd_->Isolate(0);
  pb::RangeRequest request;
  request.set_key("a");
  const auto answer = Ask<pb::RangeResponse>("/etcdserverpb.KV/Range", request);
  request.set_serializable(true);
  EXPECT_TRUE(Ask<pb::RangeResponse>("/etcdserverpb.KV/Range", request)->first.ok());
  Out out;
  auto stream = etcd_->Open({.has_leader = true}, "/etcdserverpb.Watch/Watch", &out);
  Pass(5s);
  EXPECT_EQ(answer->first.code, RpcCode::kCancelled);
  ASSERT_TRUE(out.ended.has_value());
  EXPECT_EQ(out.ended->message, "etcdserver: no leader");
  Pass(3s);
  EXPECT_EQ(answer->first.message, "etcdserver: request timed out");
}

TEST_F(SimEtcdTest, CountsRaftEntriesAsEtcdMakesThem) {
  const uint64_t before = etcd_->raft_entries();
  ASSERT_TRUE(Grant(7, 5).ok());
  ASSERT_TRUE(Put("a/7", 7).ok());
  EXPECT_EQ(etcd_->raft_entries() - before, 2u);
  pb::RangeRequest range;
  range.set_key("a/7");
  (void)Ask<pb::RangeResponse>("/etcdserverpb.KV/Range", range);
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_range() = range;
  (void)Ask<pb::TxnResponse>("/etcdserverpb.KV/Txn", txn);
  EXPECT_TRUE(etcd_->ForeignKeepAlive(7));
  EXPECT_EQ(etcd_->raft_entries() - before, 2u);
}

TEST_F(SimEtcdTest, AuthenticationGivesTokensThatCanBeForgotten) {
  Make({.username = "u", .password = "p"});
  EXPECT_EQ(Put("a").code, RpcCode::kUnauthenticated);
  pb::AuthenticateRequest who;
  who.set_name("u");
  who.set_password("p");
  const auto token =
      Ask<pb::AuthenticateResponse>("/etcdserverpb.Auth/Authenticate", who)->second.token();
  pb::RangeRequest range;
  range.set_key("a");
  EXPECT_TRUE(Ask<pb::RangeResponse>("/etcdserverpb.KV/Range", range, token)->first.ok());
  etcd_->ForgetTokens();
  EXPECT_FALSE(Ask<pb::RangeResponse>("/etcdserverpb.KV/Range", range, token)->first.ok());
}

}  // namespace
}  // namespace bellwether::sim
