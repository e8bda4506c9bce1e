// The etcd client against a real etcd: what is written is read, what changes is told once, through
// every break.
#include "etcd/client.h"

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "wire/client/calls.h"

namespace bellwether::etcd {
namespace {

TEST(ClientWireTest, ReadsWhatItWroteAndATxnTellsWhichBranchRan) {
  EtcdServer etcd;
  Shard shard(etcd.endpoints());
  ASSERT_TRUE(Put(shard, "a", "1").ok());
  const auto read = Get(shard, "a");
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->kvs.size(), 1u);
  EXPECT_EQ(read->kvs[0].value, "1");
  TxnRequest txn;
  txn.compares = {{.key = "a", .equals = read->kvs[0].create_revision.value}};
  txn.success = {DeleteRequest{.key = "a"}};
  txn.failure = {RangeRequest{.key = "a"}};
  const auto ask = [&] {
    return shard.Ask<TxnResponse>([&](auto done) { shard.client().Txn(txn, {}, done); });
  };
  const auto first = ask();
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->succeeded);
  EXPECT_EQ(std::get<DeleteResult>(first->results.at(0)).deleted, 1);
  const auto second = ask();
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->succeeded);
  EXPECT_TRUE(std::get<RangeResponse>(second->results.at(0)).kvs.empty());
}

TEST(ClientWireTest, AWatchResumesOverARestartWithoutGapOrDuplicate) {
  EtcdServer etcd;
  Shard shard(etcd.endpoints());
  const auto start = Put(shard, "w/0", "");
  ASSERT_TRUE(start.ok());
  Recorder told;
  {
    const Watching watch(
        shard, {.key = "w/", .range_end = "w0", .from = start->header.revision.Next()}, &told);
    for (int i = 1; i <= 20; ++i) ASSERT_TRUE(Put(shard, "w/" + std::to_string(i), "").ok());
    EXPECT_TRUE(Eventually([&] { return told.events().size() == 20; }));
    etcd.Kill(0);
    EXPECT_TRUE(Eventually([&] { return told.interrupted > 0; }));
    etcd.Start(0);
    for (int i = 21; i <= 40; ++i) etcd.Etcdctl("put w/" + std::to_string(i) + " x");
    EXPECT_TRUE(Eventually([&] { return told.events().size() >= 40; }));
  }
  const auto events = told.events();
  ASSERT_EQ(events.size(), 40u);
  for (int i = 1; i <= 40; ++i) EXPECT_EQ(events[i - 1].kv.key, "w/" + std::to_string(i));
  EXPECT_FALSE(told.lost().has_value());
}

TEST(ClientWireTest, AWatchWhoseRevisionsWereCompactedIsLostAndSaysSo) {
  EtcdServer etcd;
  Shard shard(etcd.endpoints());
  Revision last;
  for (int i = 0; i < 5; ++i) last = Put(shard, "c", std::to_string(i))->header.revision;
  etcd.Etcdctl("compact " + std::to_string(last.value));
  Recorder told;
  const Watching watch(shard, {.key = "c", .range_end = {}, .from = Revision{2}}, &told);
  ASSERT_TRUE(Eventually([&] { return told.lost().has_value(); }));
  EXPECT_EQ(told.lost()->code, Code::kCompacted);
}

TEST(ClientWireTest, AMassRevokeInOneRevisionArrivesAsOneBatch) {
  EtcdServer etcd;
  Shard shard(etcd.endpoints());
  const auto lease = Grant(shard, 600s);
  ASSERT_TRUE(lease.ok());
  // Long keys, so that the deletes exceed one message (1.5 MiB + 512 KiB) and come in fragments.
  const std::string padding(1000, 'k');
  Revision last;
  constexpr int kKeys = 4000;
  for (int i = 0; i < kKeys; i += 100) {
    TxnRequest txn;
    for (int j = i; j < i + 100; ++j) {
      txn.success.push_back(PutRequest{"m/" + padding + std::to_string(j), "", lease->id});
    }
    const auto put =
        shard.Ask<TxnResponse>([&](auto done) { shard.client().Txn(txn, {.timeout = 20s}, done); });
    ASSERT_TRUE(put.ok()) << put.error().message;
    last = put->header.revision;
  }
  Recorder told;
  const Watching watch(shard, {.key = "m/", .range_end = "m0", .from = last.Next()}, &told);
  const auto revoked = shard.Ask<LeaseRevokeResponse>(
      [&](auto done) { shard.client().LeaseRevoke(lease->id, {.timeout = 20s}, done); });
  ASSERT_TRUE(revoked.ok()) << revoked.error().message;
  ASSERT_TRUE(Eventually([&] { return told.batches() > 0; }));
  EXPECT_EQ(told.events().size(), static_cast<size_t>(kKeys));
  EXPECT_EQ(told.batches(), 1);
}

TEST(ClientWireTest, AKeptLeaseOutlivesItsTtlAndARevokedOneIsGone) {
  EtcdServer etcd;
  Shard shard(etcd.endpoints());
  const auto lease = Grant(shard, 2s, LeaseId{0x1234});
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->id, LeaseId{0x1234});
  LeaseRecorder told;
  std::unique_ptr<KeptLease> kept;
  shard.Sync([&] { kept = shard.client().KeepAlive(lease->id, lease->ttl, &told); });
  EXPECT_TRUE(Eventually([&] { return told.renewed >= 5; }));  // more than one TTL
  EXPECT_EQ(told.gone, 0);
  etcd.Etcdctl("lease revoke 1234");
  EXPECT_TRUE(Eventually([&] { return told.gone == 1; }));
  shard.Sync([&] { kept.reset(); });
}

TEST(ClientWireTest, SpeaksOverAUnixSocket) {
  EtcdServer etcd({.unix_socket = true});
  Shard shard(etcd.endpoints());
  EXPECT_TRUE(Put(shard, "u", "1").ok());
}

TEST(ClientWireTest, NoSpaceIsNamedAndItsEffectIsUnknown) {
  EtcdServer etcd({.extra = {"--quota-backend-bytes=200000"}});
  Shard shard(etcd.endpoints());
  const std::string big(100000, 'x');
  std::optional<Error> refused;
  for (int i = 0; i < 100 && !refused; ++i) {
    const auto put = Put(shard, "n" + std::to_string(i), big);
    if (!put) refused = put.error();
  }
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, Code::kNoSpace);
  EXPECT_EQ(refused->effect, Effect::kUnknown);
  EXPECT_TRUE(Get(shard, "n0").ok());
}

}  // namespace
}  // namespace bellwether::etcd
