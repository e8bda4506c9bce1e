#include "etcd/watch_state.h"

#include <gtest/gtest.h>

#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

using etcdserverpb::WatchResponse;

WatchResponse Created(uint64_t cluster, int64_t revision) {
  WatchResponse response;
  response.set_created(true);
  response.mutable_header()->set_cluster_id(cluster);
  response.mutable_header()->set_revision(revision);
  return response;
}

WatchResponse Events(std::initializer_list<int64_t> revisions, bool fragment = false) {
  WatchResponse response;
  response.set_fragment(fragment);
  for (const int64_t revision : revisions) {
    response.add_events()->mutable_kv()->set_mod_revision(revision);
    response.mutable_header()->set_revision(revision);
  }
  return response;
}

WatchResponse Cancelled(const std::string& reason) {
  WatchResponse response;
  response.set_canceled(true);
  response.set_cancel_reason(reason);
  return response;
}

class WatchStateTest : public testing::Test {
 protected:
  WatchStateTest() {
    Resume();
    state.OnResponse(Created(1, 9));
  }
  etcdserverpb::WatchCreateRequest Resume() {
    etcdserverpb::WatchRequest request;
    EXPECT_TRUE(request.ParseFromString(state.CreateRequest(1)));
    return request.create_request();
  }
  WatchState state{{.key = "k", .from = Revision{10}}};
};

TEST_F(WatchStateTest, ResumesAfterTheLastRevisionTold) {
  EXPECT_EQ(Resume().start_revision(), 10);
  state.OnResponse(Events({10, 12}));
  EXPECT_EQ(Resume().start_revision(), 13);
}

TEST_F(WatchStateTest, TellsNothingTwiceAndNothingFromBeforeItsStart) {
  EXPECT_FALSE(state.OnResponse(Events({7})).batch);
  EXPECT_EQ(state.OnResponse(Events({9, 10, 11})).batch->events.size(), 2u);
  EXPECT_FALSE(state.OnResponse(Events({11})).batch);
}

TEST_F(WatchStateTest, TellsNoPartOfARevision) {
  EXPECT_FALSE(state.OnResponse(Events({10, 10}, true)).batch);
  EXPECT_EQ(state.OnResponse(Events({10})).batch->events.size(), 3u);
}

TEST_F(WatchStateTest, AFragmentThatABreakCutOffIsAskedForAgain) {
  EXPECT_FALSE(state.OnResponse(Events({10}, true)).batch);
  EXPECT_EQ(Resume().start_revision(), 10);
  state.OnResponse(Created(1, 10));
  EXPECT_EQ(state.OnResponse(Events({10, 10})).batch->events.size(), 2u);
}

TEST_F(WatchStateTest, ACompactedRevisionEndsTheWatch) {
  WatchResponse response = Cancelled("");
  response.set_compact_revision(50);
  EXPECT_EQ(state.OnResponse(response).lost->code, Code::kCompacted);
}

TEST_F(WatchStateTest, AnotherClusterEndsTheWatch) {
  Resume();
  EXPECT_EQ(state.OnResponse(Created(2, 9)).lost->code, Code::kConflict);
}

TEST_F(WatchStateTest, OnlyALinearizableReadTellsALaggingMemberFromARestoredStore) {
  state.OnResponse(Events({20}));
  Resume();
  const auto told = state.OnResponse(Created(1, 15));
  EXPECT_TRUE(told.behind);
  EXPECT_FALSE(told.lost);
  EXPECT_EQ(state.OnStoreRead({.cluster_id = 1, .revision = {15}}, Revision{20}).lost->code,
            Code::kConflict);
  EXPECT_TRUE(state.OnStoreRead({.cluster_id = 1, .revision = {21}}, Revision{20}).progress);
}

TEST_F(WatchStateTest, TellsRefusalsThatPassFromThoseThatStay) {
  EXPECT_TRUE(state.OnResponse(Cancelled("rpc error: invalid auth token")).refused_token);
  EXPECT_TRUE(state.OnResponse(Cancelled("etcdserver: no leader")).create_again);
  const auto denied = state.OnResponse(Cancelled("etcdserver: permission denied"));
  EXPECT_TRUE(denied.denied);
  EXPECT_EQ(denied.lost->code, Code::kPermission);
}

}  // namespace
}  // namespace bellwether::etcd
