// The etcd client against a real etcd: what is written is read, what changes is told once, through
// every break.
#include "etcd/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <set>

#include "support/etcd_server.h"
#include "support/shard.h"

namespace bellwether::etcd {
namespace {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::Shard;
using testing::HasSubstr;

Result<PutResponse> Put(Shard& shard, const std::string& key, const std::string& value,
                        LeaseId lease = {}) {
  return shard.Ask<PutResponse>([&](auto done) {
    shard.client().Put({key, value, lease}, {.timeout = 20s}, done);
  });
}

Result<RangeResponse> Get(Shard& shard, const std::string& key, Milliseconds timeout = 20s) {
  return shard.Ask<RangeResponse>(
      [&](auto done) { shard.client().Range({.key = key}, {.timeout = timeout}, done); });
}

Result<LeaseGrantResponse> Grant(Shard& shard, Milliseconds ttl, LeaseId wanted = {}) {
  return shard.Ask<LeaseGrantResponse>(
      [&](auto done) { shard.client().LeaseGrant(ttl, wanted, {.timeout = 20s}, done); });
}

// Remembers what it was told; read from any thread.
class Recorder final : public WatchHandler {
 public:
  void OnWatchEvents(const WatchBatch& batch) override {
    const std::lock_guard lock(mutex_);
    for (const Event& event : batch.events) events_.push_back(event);
    ++batches_;
  }
  void OnWatchProgress(const Header&) override { ++progress; }
  void OnWatchInterrupted(const Error&) override { ++interrupted; }
  void OnWatchLost(const Error& why) override {
    const std::lock_guard lock(mutex_);
    lost_ = why;
  }
  std::vector<Event> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  int batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  std::optional<Error> lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  std::atomic<int> progress = 0;
  std::atomic<int> interrupted = 0;

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
  std::optional<Error> lost_;
  int batches_ = 0;
};

class LeaseRecorder final : public LeaseHandler {
 public:
  void OnLeaseRenewed(MonotonicTime, Milliseconds) override { ++renewed; }
  void OnLeaseGone() override { ++gone; }
  std::atomic<int> renewed = 0;
  std::atomic<int> gone = 0;
};

// A watch that ends on the shard, as it must.
class Watching {
 public:
  Watching(Shard& shard, WatchRequest request, WatchHandler* handler) : shard_(shard) {
    shard_.Sync([&] { watch_ = shard_.client().Watch(std::move(request), handler); });
  }
  ~Watching() {
    shard_.Sync([&] { watch_.reset(); });
  }

 private:
  Shard& shard_;
  std::unique_ptr<Watch> watch_;
};

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

TEST(ClientWireTest, AStoppedMemberIsLeftForAnotherOne) {
  EtcdServer etcd({.members = 3});
  // Only the first two are named, so that a third one keeps the quorum.
  Shard shard(etcd.endpoint(0) + "," + etcd.endpoint(1));
  const auto start = Put(shard, "s", "0");
  ASSERT_TRUE(start.ok());
  Recorder told;
  const Watching watch(shard, {.key = "s", .range_end = {}, .from = start->header.revision.Next()},
                       &told);
  ASSERT_TRUE(Eventually([&] { return told.progress > 0; }));
  for (const size_t member : {size_t{0}, size_t{1}}) {
    etcd.Signal(member, SIGSTOP);
    const auto read = Get(shard, "s", 30s);
    EXPECT_TRUE(read.ok()) << read.error().message;
    etcd.Signal(member, SIGCONT);
  }
  ASSERT_TRUE(Eventually([&] { return Put(shard, "s", "1").ok(); }));
  EXPECT_TRUE(Eventually([&] { return !told.events().empty(); }));
}

TEST(ClientWireTest, SpeaksMutualTlsAndRefusesWithoutACertificate) {
  EtcdServer etcd({.mutual_tls = true});
  Shard shard(etcd.endpoints(), {.ca = etcd.folder() + "/ca.pem",
                                 .cert = etcd.folder() + "/client.pem",
                                 .key = etcd.folder() + "/client.key"});
  EXPECT_TRUE(Put(shard, "t", "1").ok());
  Shard stranger(etcd.endpoints(), {.ca = etcd.folder() + "/ca.pem", .cert = {}, .key = {}});
  const auto refused = Get(stranger, "t", 2s);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr(etcd.endpoints()));
}

TEST(ClientWireTest, SpeaksOverAUnixSocket) {
  EtcdServer etcd({.unix_socket = true});
  Shard shard(etcd.endpoints());
  EXPECT_TRUE(Put(shard, "u", "1").ok());
}

TEST(ClientWireTest, AuthenticatesAgainAfterAPasswordChangeAndNamesAWrongPassword) {
  EtcdServer etcd;
  etcd.Etcdctl("user add root:first");
  etcd.Etcdctl("user grant-role root root");
  etcd.Etcdctl("auth enable");
  std::mutex mutex;
  std::string password = "first";
  const auto read_password = [&] {
    const std::lock_guard lock(mutex);
    return password;
  };
  Shard shard(etcd.endpoints(), {}, {.username = "root", .read_password = read_password});
  const auto first = Put(shard, "p", "1");
  ASSERT_TRUE(first.ok()) << first.error().message;
  // A changed password makes etcd forget the user's tokens.
  etcd.Etcdctl("--user root:first user passwd root --interactive=false <<END\nsecond\nEND\n");
  {
    const std::lock_guard lock(mutex);
    password = "second";
  }
  const auto second = Put(shard, "p", "2");
  ASSERT_TRUE(second.ok()) << second.error().message;
  Shard stale(etcd.endpoints(), {},
              {.username = "root", .read_password = [] { return std::string("first"); }});
  const auto refused = Get(stale, "p");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPermission) << refused.error().message;
}

// A restart makes etcd forget its tokens; 3.4 then calls a watch with such a token forbidden.
TEST(ClientWireTest, AWatchSurvivesARestartThatForgetsItsToken) {
  EtcdServer etcd;
  etcd.Etcdctl("user add root:secret");
  etcd.Etcdctl("user grant-role root root");
  etcd.Etcdctl("auth enable");
  Shard shard(etcd.endpoints(), {},
              {.username = "root", .read_password = [] { return std::string("secret"); }});
  const auto start = Put(shard, "r", "1");
  ASSERT_TRUE(start.ok()) << start.error().message;
  Recorder told;
  const Watching watch(shard, {.key = "r", .range_end = {}, .from = start->header.revision.Next()},
                       &told);
  ASSERT_TRUE(Eventually([&] { return told.progress > 0; }));
  etcd.Kill(0);
  ASSERT_TRUE(Eventually([&] { return told.interrupted > 0; }));
  const int before = told.progress;
  etcd.Start(0);
  // Nothing but the watch talks to etcd here, so it must get the new token itself.
  EXPECT_TRUE(Eventually([&] { return told.progress > before || told.lost(); }));
  EXPECT_FALSE(told.lost().has_value());
  etcd.Etcdctl("--user root:secret put r 2");
  EXPECT_TRUE(Eventually([&] { return told.events().size() == 1; }));
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
