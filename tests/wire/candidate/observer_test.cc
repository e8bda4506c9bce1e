// The observer of a root on a real etcd: what it publishes, and when it says that it cannot know.
#include "election/observer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "support/eventually.h"
#include "support/tcp_proxy.h"
#include "wire/candidate/participant.h"

namespace bellwether::election {
namespace {

using test::TcpProxy;

// An observer that ends on the shard, as it must.
class Observing {
 public:
  Observing(Shard& shard, ObserverOptions options, ViewStore& store, History* history = nullptr)
      : shard_(shard) {
    shard_.Sync([&] {
      observer_ =
          std::make_unique<Observer>(shard_.loop, shard_.client(), std::move(options), store);
      if (history != nullptr) observer_->Keep(*history);
      observer_->Start();
    });
  }
  ~Observing() {
    shard_.Sync([&] { observer_.reset(); });
  }

 private:
  Shard& shard_;
  std::unique_ptr<Observer> observer_;
};

class ObserverWireTest : public ::testing::Test {
 protected:
  int64_t NewestRevision() {
    const auto r = shard.Ask<etcd::RangeResponse>(
        [&](auto done) { shard.client().Range({.key = "x"}, {.timeout = 20s}, done); });
    return r.ok() ? r->header.revision.value : -1;
  }

  EtcdServer etcd;
  Shard shard{etcd.endpoints()};
  ViewStore store;
};

TEST_F(ObserverWireTest, PublishesQueuesOfTheRootAndOfAForeignPrefixAndWritesNothing) {
  const Observing observer(
      shard, {.root = "/root", .prefixes = {{{"legacy", "locker"}, "/TEST/LOCKER"}}}, store);
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
    const int64_t before = NewestRevision();
    EXPECT_TRUE(a.Resign().ok());
    EXPECT_TRUE(Eventually([&] { return store.Find("batch", "report")->leader() == nullptr; }));
    EXPECT_EQ(NewestRevision(), before + 1);
  }
  etcd.Kill(0);
  EXPECT_TRUE(Eventually([&] { return !fresh(); }));
  etcd.Start(0);
  EXPECT_TRUE(Eventually(fresh));
  EXPECT_FALSE(store.freshness().tokens_invalid);
}

TEST_F(ObserverWireTest, WhoeverSeesALeaderFindsItInTheHistory) {
  History history;
  const Observing observer(shard, {.root = "/root"}, store, &history);
  ASSERT_TRUE(Eventually([&] { return store.freshness().loaded; }));
  // On the shard, at the moment of a publication.
  std::atomic<int> looked{0}, missing{0};
  const auto feed = std::make_shared<ChangeFeed>([&] {
    const ElectionPtr view = store.Find("a", "b");
    if (view == nullptr) return;
    ++looked;
    const PastChanges past = history.Of(*view);
    const int64_t token = view->token().value_or(FencingToken{}).value;
    if (past.changes.empty() || past.changes.back().token.value != token) ++missing;
  });
  store.Attach(feed);
  const auto leader = [&] {
    feed->Take();  // tells again
    const ElectionPtr view = store.Find("a", "b");
    return view != nullptr && view->leader() != nullptr ? view->leader()->id : "";
  };
  for (int i = 0; i < 10; ++i) {
    const std::string id = "candidate-" + std::to_string(i);
    etcd.Etcdctl("put /root/a/b/1 " + id);
    ASSERT_TRUE(Eventually([&] { return leader() == id; }));
    etcd.Etcdctl("del /root/a/b/1");
    ASSERT_TRUE(Eventually([&] { return leader().empty(); }));
  }
  feed->Close();
  EXPECT_GE(looked, 10);
  EXPECT_EQ(missing, 0);
  EXPECT_EQ(history.Of(*store.Find("a", "b")).changes.size(), 20u);
}

// Of a thousand elections without a candidate the oldest are forgotten. Whoever is told of a
// revision may resume from it, so what it removed must be gone by then.
TEST_F(ObserverWireTest, ARevisionIsSaidOnceWhatItRemovedIsGone) {
  constexpr int kTxns = 30;
  constexpr int kEach = 100;
  for (int i = 0; i < kTxns; ++i) {
    etcd::TxnRequest puts;
    for (int j = 0; j < kEach; ++j) {
      const std::string name = "e" + std::to_string(i * kEach + j);
      puts.success.emplace_back(etcd::PutRequest{"/root/many/" + name + "/1", "a"});
    }
    const auto done = shard.Ask<etcd::TxnResponse>(
        [&](auto answer) { shard.client().Txn(puts, {.timeout = 20s}, answer); });
    ASSERT_TRUE(done) << done.error().message;
  }
  const Observing observer(shard, {.root = "/root"}, store);
  ASSERT_TRUE(Eventually([&] { return store.freshness().loaded; }));
  ASSERT_EQ(store.size(), static_cast<size_t>(kTxns * kEach));
  const Revision removed{NewestRevision() + 1};
  std::atomic<bool> stop{false};
  std::atomic<size_t> too_many{0};
  std::thread reader([&] {
    while (!stop) {
      const Revision known = store.freshness().revision;
      const size_t size = store.size();
      if (known >= removed && size > RootQueues::kMaxEmpty) too_many = size;
    }
  });
  etcd.Etcdctl("del --prefix /root/many/");
  EXPECT_TRUE(Eventually([&] { return store.freshness().revision >= removed; }));
  EXPECT_TRUE(Eventually([&] { return store.size() == RootQueues::kMaxEmpty; }));
  stop = true;
  reader.join();
  EXPECT_EQ(too_many, 0u);
}

// Sixty megabytes of values: more than one answer may hold, and far more than is kept.
TEST_F(ObserverWireTest, ListsARootWhoseValuesAreHuge) {
  constexpr int kKeys = 60;
  const std::string huge(1 << 20, 'x');
  for (int i = 0; i < kKeys; ++i) {
    const etcd::PutRequest put{"/root/batch/huge/" + std::to_string(100 + i), huge};
    const auto done = shard.Ask<etcd::PutResponse>(
        [&](auto answer) { shard.client().Put(put, {.timeout = 20s}, answer); });
    ASSERT_TRUE(done) << done.error().message;
  }
  const auto whole = shard.Ask<etcd::RangeResponse>([&](auto done) {
    shard.client().Range({.key = "/root/", .range_end = "/root0"}, {.timeout = 60s}, done);
  });
  ASSERT_FALSE(whole) << "this proves nothing about pages";
  EXPECT_EQ(whole.error().code, Code::kTooLarge) << whole.error().message;

  const Observing observer(shard, {.root = "/root"}, store);
  ASSERT_TRUE(Eventually([&] { return store.Find("batch", "huge") != nullptr; }));
  const auto view = store.Find("batch", "huge");
  ASSERT_EQ(view->queue.size(), static_cast<size_t>(kKeys));
  for (const CandidateView& place : view->queue) {
    EXPECT_TRUE(place.value_cut);
    EXPECT_EQ(place.value.size(), kMaxShownValueBytes);
  }
}

// The connection lives and every call on it is answered, but nothing more comes out of the watch:
// the view must not be called fresh on the strength of the calls, and must come back by itself.
TEST_F(ObserverWireTest, AWatchStreamThatTellsNothingMoreMakesTheViewStaleUntilItIsReplaced) {
  TcpProxy proxy(etcd.endpoint(0));
  Shard behind(proxy.url());
  const Observing observer(behind, {.root = "/root"}, store);
  const auto fresh = [&] { return store.freshness().FreshAt(BootClock::now()); };
  ASSERT_TRUE(Eventually(fresh));
  const int64_t revision = NewestRevision();
  proxy.StallOpenStreams();
  ASSERT_TRUE(Eventually([&] { return proxy.dropped() > 0; }));
  etcd.Etcdctl("put /root/batch/report/abc host-1");
  const MonotonicTime put_at = BootClock::now();
  // While it does not know of the key, it may not claim to know of any moment after it was put; so
  // 3 s later it is stale.
  EXPECT_TRUE(Eventually([&] {
    const MonotonicTime as_of = store.freshness().as_of;
    const bool known = store.Find("batch", "report") != nullptr;
    EXPECT_TRUE(known || as_of <= put_at);
    return known;
  }));
  EXPECT_TRUE(Eventually(fresh));
  EXPECT_EQ(NewestRevision(), revision + 1);
}

}  // namespace
}  // namespace bellwether::election
