#include "support/sim_store.h"

#include <gtest/gtest.h>

namespace bellwether::sim {
namespace {

pb::TxnRequest PutTxn(const std::string& key, const std::string& value, int64_t lease = 0) {
  pb::TxnRequest txn;
  auto* put = txn.add_success()->mutable_request_put();
  put->set_key(key);
  put->set_value(value);
  put->set_lease(lease);
  return txn;
}

pb::TxnRequest DeleteTxn(const std::string& key, int64_t if_created) {
  pb::TxnRequest txn;
  auto* compare = txn.add_compare();
  compare->set_key(key);
  compare->set_target(pb::Compare::CREATE);
  compare->set_create_revision(if_created);
  txn.add_success()->mutable_request_delete_range()->set_key(key);
  return txn;
}

TEST(SimStoreTest, APutMakesARevisionAndKeepsTheCreateRevision) {
  SimStore store;
  EXPECT_EQ(store.revision(), 1);
  pb::TxnResponse response;
  ASSERT_TRUE(store.Txn(PutTxn("a/1", "x"), &response).ok());
  ASSERT_TRUE(store.Txn(PutTxn("a/1", "y"), &response).ok());
  EXPECT_EQ(store.revision(), 3);
  const mvccpb::KeyValue* kv = store.Find("a/1");
  EXPECT_EQ(kv->create_revision(), 2);
  EXPECT_EQ(kv->mod_revision(), 3);
  EXPECT_EQ(kv->version(), 2);
}

TEST(SimStoreTest, ATxnWhoseCompareFailsMakesNoRevision) {
  SimStore store;
  pb::TxnResponse response;
  ASSERT_TRUE(store.Txn(PutTxn("a/1", "x"), &response).ok());
  response.Clear();
  ASSERT_TRUE(store.Txn(DeleteTxn("a/1", 99), &response).ok());
  EXPECT_FALSE(response.succeeded());
  EXPECT_EQ(store.revision(), 2);
  response.Clear();
  ASSERT_TRUE(store.Txn(DeleteTxn("a/1", 2), &response).ok());
  EXPECT_TRUE(response.succeeded());
  EXPECT_EQ(store.revision(), 3);
  EXPECT_EQ(store.At(3).at(0).type(), mvccpb::Event::DELETE);
}

TEST(SimStoreTest, AllKeysOfALeaseVanishInOneRevision) {
  SimStore store;
  pb::TxnResponse response;
  ASSERT_TRUE(store.Grant(7, 5).ok());
  EXPECT_EQ(store.Grant(7, 5).message, "etcdserver: lease already exists");
  ASSERT_TRUE(store.Txn(PutTxn("a/7", "", 7), &response).ok());
  ASSERT_TRUE(store.Txn(PutTxn("b/7", "", 7), &response).ok());
  ASSERT_TRUE(store.Revoke(7).ok());
  EXPECT_EQ(store.revision(), 4);
  EXPECT_EQ(store.At(4).size(), 2u);
  EXPECT_EQ(store.Txn(PutTxn("a/7", "", 7), &response).message,
            "etcdserver: requested lease not found");
}

TEST(SimStoreTest, APutWithoutALeaseDetachesTheKey) {
  SimStore store;
  pb::TxnResponse response;
  ASSERT_TRUE(store.Grant(7, 5).ok());
  ASSERT_TRUE(store.Txn(PutTxn("a/7", "", 7), &response).ok());
  ASSERT_TRUE(store.Txn(PutTxn("a/7", ""), &response).ok());
  ASSERT_TRUE(store.Revoke(7).ok());
  EXPECT_NE(store.Find("a/7"), nullptr);
}

TEST(SimStoreTest, RangesSortFilterAndLimitAsEtcdDoes) {
  SimStore store;
  pb::TxnResponse response;
  for (const char* key : {"a/3", "a/1", "a/2", "b/1"}) {
    ASSERT_TRUE(store.Txn(PutTxn(key, ""), &response).ok());
  }
  pb::RangeRequest request;
  request.set_key("a/");
  request.set_range_end("a0");
  request.set_sort_target(pb::RangeRequest::CREATE);
  request.set_sort_order(pb::RangeRequest::DESCEND);
  request.set_max_create_revision(3);
  request.set_limit(1);
  pb::RangeResponse range;
  ASSERT_TRUE(store.Range(request, &range).ok());
  ASSERT_EQ(range.kvs_size(), 1);
  EXPECT_EQ(range.kvs(0).key(), "a/1");
  EXPECT_TRUE(range.more());
  EXPECT_EQ(range.count(), 3);  // the filters do not count
}

TEST(SimStoreTest, ReadsThePastUntilItIsCompacted) {
  SimStore store;
  pb::TxnResponse response;
  ASSERT_TRUE(store.Txn(PutTxn("a", "1"), &response).ok());
  ASSERT_TRUE(store.Txn(PutTxn("a", "2"), &response).ok());
  pb::RangeRequest request;
  request.set_key("a");
  request.set_revision(2);
  pb::RangeResponse range;
  ASSERT_TRUE(store.Range(request, &range).ok());
  EXPECT_EQ(range.kvs(0).value(), "1");
  ASSERT_TRUE(store.Compact(3).ok());
  EXPECT_EQ(store.Range(request, &range).message,
            "etcdserver: mvcc: required revision has been compacted");
  EXPECT_EQ(store.Snapshot("a", "", 2).at(0).value(), "1");  // checkers still see it
}

}  // namespace
}  // namespace bellwether::sim
