// The queues of a root; election.md (d) 1, 2, 4, 7 and 9.
#include "election/root_queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr RootQueues::Moment kAt{MonotonicTime{100s}, WallTime{1000s}};

etcd::KeyValue Kv(const std::string& key, int64_t created, int64_t modified = 0,
                  std::string value = "") {
  return {.key = key,
          .value = std::move(value),
          .create_revision = Revision{created},
          .mod_revision = Revision{modified == 0 ? created : modified},
          .version = modified == 0 ? 1 : 2,
          .lease = LeaseId{created}};
}
etcd::Event Put(const etcd::KeyValue& kv) { return {etcd::Event::Kind::kPut, kv}; }
etcd::Event Del(const std::string& key, int64_t revision) {
  return {etcd::Event::Kind::kDelete, {.key = key, .mod_revision = Revision{revision}}};
}

class RootQueuesTest : public ::testing::Test {
 protected:
  QueueChanges Apply(std::vector<etcd::Event> events) {
    return Keep(queues.Apply(at, {{}, std::move(events)}));
  }
  QueueChanges Load(int64_t revision, const std::vector<etcd::KeyValue>& kvs) {
    return Keep(queues.Load(at, Revision{revision}, kvs));
  }
  QueueChanges Keep(QueueChanges changes) {
    for (const ElectionPtr& view : changes.published) views[view->ns + "/" + view->name] = view;
    return changes;
  }
  std::vector<std::string> Keys(const std::string& election) {
    std::vector<std::string> keys;
    for (const auto& c : views.at(election)->queue)
      keys.push_back(c.key.substr(c.key.rfind('/') + 1));
    return keys;
  }

  RootQueues::Moment at = kAt;
  RootQueues queues = RootQueues::OfRoot("/r");
  std::map<std::string, ElectionPtr> views;
};

TEST_F(RootQueuesTest, OrdersByCreateRevisionWhateverTheSuffixIs) {
  Load(50, {Kv("/r/a/b/1", 30), Kv("/r/a/b/2", 10, 40), Kv("/r/a/b/c/d", 20), Kv("/r/a/b/", 25)});
  EXPECT_THAT(Keys("a/b"), ElementsAre("2", "d", "", "1"));
  EXPECT_EQ(views["a/b"]->token(), FencingToken{10});
  EXPECT_EQ(views["a/b"]->last_change, Revision{50}) << "what was deleted before is not known";
  EXPECT_TRUE(views["a/b"]->since_is_lower_bound);
}

// (d) 2: a key may stand on another lease than the one it is named after, and its name may be no
// lease at all.
TEST_F(RootQueuesTest, TheLeaseIsTheKeysOwnNotTheOneOfItsName) {
  etcd::KeyValue handed_over = Kv("/r/a/b/1f", 10, 40, std::string("\0", 1));
  handed_over.lease = LeaseId{0xbeef};
  etcd::KeyValue not_a_lease = Kv("/r/a/b/host-1", 20, 0, std::string("\0", 1));
  not_a_lease.lease = LeaseId{};
  Load(50, {handed_over, not_a_lease});
  const auto& queue = views["a/b"]->queue;
  ASSERT_THAT(queue, SizeIs(2));
  EXPECT_EQ(queue[0].lease, LeaseId{0xbeef});
  EXPECT_EQ(queue[0].id, "lease:beef");
  EXPECT_FALSE(queue[1].lease);
  handed_over.lease = LeaseId{0xcafe};
  handed_over.mod_revision = Revision{51};
  Apply({Put(handed_over)});
  EXPECT_EQ(views["a/b"]->leader()->lease, LeaseId{0xcafe});
  EXPECT_EQ(views["a/b"]->token(), FencingToken{10}) << "handed over, and the place is kept";
}

TEST_F(RootQueuesTest, BadNamesAreCountedAndOurOwnStateIsNot) {
  Load(50, {Kv("/r/x", 1), Kv("/r/A/b/1", 2), Kv("/r/a/b", 3), Kv("/r/.control/a/b", 4)});
  EXPECT_THAT(views, IsEmpty());
  EXPECT_EQ(queues.foreign_keys(), 3u);
  Apply({Put(Kv("/r/y", 51)), Del("/r/x", 52), Del("/r/a/b", 53)});
  EXPECT_EQ(queues.foreign_keys(), 2u);
}

// (d) 9
TEST_F(RootQueuesTest, SeveralKeysThatVanishInOneRevisionAreOneChangeOfLeader) {
  Load(50, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20), Kv("/r/a/b/3", 30)});
  const QueueChanges changes = Apply({Del("/r/a/b/1", 51), Del("/r/a/b/2", 51)});
  ASSERT_THAT(changes.leaders, SizeIs(1));
  EXPECT_EQ(changes.leaders[0].before->token(), FencingToken{10});
  EXPECT_EQ(changes.leaders[0].after->token(), FencingToken{30});
  EXPECT_EQ(views["a/b"]->transitions, 1u);
  EXPECT_EQ(views["a/b"]->last_change, Revision{51});
}

TEST_F(RootQueuesTest, EveryRevisionOfABatchCounts) {
  Load(50, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20), Kv("/r/a/b/3", 30)});
  EXPECT_THAT(Apply({Del("/r/a/b/1", 51), Del("/r/a/b/2", 52)}).leaders, SizeIs(2));
  EXPECT_EQ(views["a/b"]->transitions, 2u);
}

// (d) 4
TEST_F(RootQueuesTest, AKeyThatIsMadeAgainGoesToTheEnd) {
  Load(50, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20)});
  Apply({Put(Kv("/r/a/b/1", 51))});  // the delete in between was lost or compacted
  EXPECT_THAT(Keys("a/b"), ElementsAre("2", "1"));
}

TEST_F(RootQueuesTest, AnElectionWithoutKeysStaysKnownWithoutLeader) {
  Load(50, {Kv("/r/a/b/1", 10)});
  const QueueChanges gone = Apply({Del("/r/a/b/1", 51)});
  EXPECT_EQ(gone.leaders.at(0).after, nullptr);
  EXPECT_EQ(views["a/b"]->leader(), nullptr);
  EXPECT_EQ(views["a/b"]->leader_since, std::nullopt);
  EXPECT_EQ(views["a/b"]->vacant_since, at.wall);
  at.now += 7s;
  Apply({Put(Kv("/r/a/b/2", 52))});
  EXPECT_EQ(views["a/b"]->vacant_since, std::nullopt);
  EXPECT_EQ(views["a/b"]->transitions, 1u);
  EXPECT_EQ(views["a/b"]->last_failover, 7s);
}

TEST_F(RootQueuesTest, EmptyElectionsAreForgottenBeyondABound) {
  Load(1, {});
  int64_t revision = 1;
  size_t removed = 0;
  for (size_t i = 0; i < RootQueues::kMaxEmpty + 10; ++i) {
    const std::string key = "/r/a/e" + std::to_string(i) + "/1";
    ++revision;
    Apply({Put(Kv(key, revision))});
    removed += Apply({Del(key, ++revision)}).removed.size();
  }
  EXPECT_EQ(removed, 10u);
  EXPECT_EQ(queues.absent_since(), Revision{revision});
  EXPECT_EQ(queues.key_count(), 0u);
}

TEST_F(RootQueuesTest, AnExplicitPrefixIsShownEvenWhenEmpty) {
  queues = RootQueues::OfPrefix({{"legacy", "locker"}, "/TEST/LOCKER"});
  Load(50, {});
  ASSERT_TRUE(views.contains("legacy/locker"));
  EXPECT_EQ(views["legacy/locker"]->prefix, "/TEST/LOCKER");
  Apply({Put(Kv("/TEST/LOCKER/any/thing", 51))});
  EXPECT_EQ(views["legacy/locker"]->token(), FencingToken{51});
}

TEST_F(RootQueuesTest, WhatIsAlreadyKnownChangesNothing) {
  Load(50, {Kv("/r/a/b/1", 10)});
  EXPECT_THAT(Apply({Put(Kv("/r/a/b/0", 5)), Del("/r/a/b/1", 49)}).published, IsEmpty());
  Apply({Put(Kv("/r/a/b/2", 51))});
  EXPECT_THAT(Apply({Put(Kv("/r/a/b/2", 51))}).published, IsEmpty());
}

// Another replica may have told of a leader that came and went between the watch and this list.
TEST_F(RootQueuesTest, ANewListCountsAsAChangeOfEveryElectionAndOfTheLeadersThatDiffer) {
  Load(50, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20), Kv("/r/c/d/1", 15)});
  const QueueChanges same = Load(60, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20), Kv("/r/c/d/1", 15)});
  EXPECT_THAT(same.published, SizeIs(2));
  EXPECT_THAT(same.leaders, IsEmpty());
  EXPECT_EQ(views["c/d"]->last_change, Revision{60});
  const QueueChanges changes = Load(70, {Kv("/r/a/b/2", 20), Kv("/r/c/d/1", 15)});
  EXPECT_THAT(changes.leaders, SizeIs(1));
  EXPECT_EQ(views["a/b"]->last_change, Revision{70});
  EXPECT_EQ(views["c/d"]->transitions, 0u);
  EXPECT_FALSE(views["a/b"]->since_is_lower_bound);
}

TEST_F(RootQueuesTest, SaysSinceWhenWhatItDoesNotKnowHasHadNoCandidate) {
  Load(50, {Kv("/r/a/b/1", 10)});
  EXPECT_EQ(queues.absent_since(), Revision{50});
  Load(60, {});
  EXPECT_EQ(queues.absent_since(), Revision{60}) << "one may have come and gone unseen";
  EXPECT_EQ(queues.listed_at(), Revision{60});
  queues.ForgetHistory();
  EXPECT_EQ(queues.listed_at(), Revision{});
  Load(40, {});
  EXPECT_EQ(queues.absent_since(), Revision{40});
  EXPECT_EQ(queues.listed_at(), Revision{40});
  queues = RootQueues::OfPrefix({{"legacy", "locker"}, "/TEST/LOCKER"});
  Load(70, {});
  EXPECT_EQ(queues.absent_since(), Revision{}) << "its one election is always known";
}

TEST_F(RootQueuesTest, AReReadCountsOnlyWhatNoEventTouched) {
  Load(50, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20)});
  queues.StartReread();
  Apply({Put(Kv("/r/a/b/3", 60))});
  // The read is from before 3 was made, and knows that 1 is gone, which no event said.
  const std::vector<etcd::KeyValue> page{Kv("/r/a/b/2", 20)};
  EXPECT_EQ(queues.Differences("/r/", "/r0", page), 1u);
  EXPECT_EQ(queues.Differences("/r/a/b/2", "/r0", page), 0u);
  EXPECT_THAT(Keys("a/b"), ElementsAre("1", "2", "3"));
}

// After a restore the revisions of before mean nothing: an index that stayed at 60 would hide the
// next changes.
TEST_F(RootQueuesTest, AnotherHistoryIsPublishedAnewWithItsOwnRevisions) {
  Load(50, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20)});
  Apply({Del("/r/a/b/2", 60)});
  queues.ForgetHistory();
  Load(30, {Kv("/r/a/b/1", 10), Kv("/r/a/b/2", 20)});
  EXPECT_THAT(Keys("a/b"), ElementsAre("1", "2"));
  EXPECT_EQ(views["a/b"]->last_change, Revision{30});
  Apply({Del("/r/a/b/2", 31)});
  EXPECT_EQ(views["a/b"]->last_change, Revision{31});
}

// (d) 7
TEST_F(RootQueuesTest, AHugeForeignValueTakesBoundedMemory) {
  Load(50, {Kv("/r/a/b/1", 10, 0, std::string(1'500'000, '\xff'))});
  EXPECT_EQ(views["a/b"]->leader()->value.size(), kMaxShownValueBytes);
  EXPECT_TRUE(views["a/b"]->leader()->value_cut);
}

// Whatever is told, in whatever pieces, with events lost and lists in between: after a list or a
// re-read the queues are the store's.
TEST(RootQueuesGeneratedTest, EndsUpAsTheStoreIs) {
  const char* given = std::getenv("BELLWETHER_SEED");
  const uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  for (uint64_t seed = first; seed < first + 2000; ++seed) {
    SCOPED_TRACE("BELLWETHER_SEED=" + std::to_string(seed));
    Random random(seed);
    RootQueues queues = RootQueues::OfRoot("/r");
    std::map<std::string, etcd::KeyValue> store;
    std::map<std::string, ElectionPtr> views;
    int64_t revision = 1;
    const auto keep = [&views](const QueueChanges& changes) {
      for (const ElectionPtr& v : changes.published) views[v->prefix] = v;
    };
    const auto all = [&store] {
      std::vector<etcd::KeyValue> kvs;
      for (const auto& [key, kv] : store) kvs.push_back(kv);
      return kvs;
    };
    const auto check = [&] {
      std::map<std::string, std::vector<std::pair<int64_t, std::string>>> expected;
      for (const auto& [key, kv] : store) {
        expected[key.substr(0, 6)].emplace_back(kv.create_revision.value, key);
      }
      for (auto& [prefix, queue] : expected) {
        std::sort(queue.begin(), queue.end());
        ASSERT_TRUE(views.contains(prefix)) << prefix;
      }
      for (const auto& [prefix, view] : views) {
        std::vector<std::pair<int64_t, std::string>> seen;
        for (const auto& c : view->queue) seen.emplace_back(c.create_revision.value, c.key);
        ASSERT_EQ(seen, expected[prefix]) << prefix;
      }
    };
    keep(queues.Load(kAt, Revision{revision}, all()));
    for (int step = 0; step < 60; ++step) {
      std::vector<etcd::Event> events;
      for (uint64_t revisions = random.Below(4); revisions > 0; --revisions) {
        ++revision;
        std::set<std::string> changed;
        for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
          const std::string key = "/r/a/" +
                                  std::string(1, static_cast<char>('a' + random.Below(2))) + "/" +
                                  std::to_string(random.Below(4));
          if (!changed.insert(key).second) continue;
          if (store.contains(key) && random.OneIn(2)) {
            store.erase(key);
            events.push_back(Del(key, revision));
          } else {
            const auto known = store.find(key);
            const int64_t created =
                known == store.end() ? revision : known->second.create_revision.value;
            store[key] = Kv(key, created, revision);
            events.push_back(Put(store[key]));
          }
        }
      }
      const uint64_t fate = random.Below(8);
      if (fate == 0) {  // the watch was compacted: all of it is lost
        keep(queues.Load(kAt, Revision{revision}, all()));
      } else if (fate == 1) {  // the server loses the events, a re-read finds out
        queues.StartReread();
        if (queues.Differences("/r/", "/r0", all()) > 0) {
          keep(queues.Load(kAt, Revision{revision}, all()));
        }
        queues.EndReread();
      } else {
        keep(queues.Apply(kAt, {{}, events}));
        if (random.OneIn(3)) keep(queues.Apply(kAt, {{}, events}));
      }
      check();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace bellwether::election
