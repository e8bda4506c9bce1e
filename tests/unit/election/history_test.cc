// Who led before, fed as the observer does: from the queues of a root.
#include "election/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "election/root_queues.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

etcd::KeyValue Kv(const std::string& key, int64_t created) {
  return {.key = key,
          .value = "id" + std::to_string(created),
          .create_revision = Revision{created},
          .mod_revision = Revision{created},
          .version = 1,
          .lease = LeaseId{created}};
}

std::string Key(int election) { return "/r/a/n" + std::to_string(election) + "/k"; }

class HistoryTest : public ::testing::Test {
 protected:
  // Each is at a second of its own, that of its revision.
  void Load(int64_t revision, const std::vector<etcd::KeyValue>& kvs) {
    Keep(queues_.Load(At(revision), Revision{revision}, kvs));
  }
  void Join(const std::string& key, int64_t revision) {
    Apply(revision, {{etcd::Event::Kind::kPut, Kv(key, revision)}});
  }
  void Leave(const std::string& key, int64_t revision) {
    Apply(revision,
          {{etcd::Event::Kind::kDelete, {.key = key, .mod_revision = Revision{revision}}}});
  }
  void Apply(int64_t revision, std::vector<etcd::Event> events) {
    Keep(queues_.Apply(At(revision), {{}, std::move(events)}));
  }
  void Keep(const QueueChanges& changes) {
    for (const LeaderChange& change : changes.leaders) history_.Add(change);
    for (const ElectionPtr& view : changes.published) views_[view->ns + "/" + view->name] = view;
  }
  static RootQueues::Moment At(int64_t revision) {
    return {MonotonicTime{revision * 1s}, WallTime{1000000s + revision * 1s}};
  }
  PastChanges Past(const std::string& election, size_t limit = History::kMaxChanges) {
    return history_.Of(*views_.at(election), limit);
  }
  // "REVISION ID[ led MS][ listed]" of each.
  std::vector<std::string> Lines(const std::string& election, size_t limit = History::kMaxChanges) {
    std::vector<std::string> lines;
    for (const PastChange& each : Past(election, limit).changes) {
      EXPECT_EQ(each.id.empty(), each.token.value == 0);
      std::string line =
          std::to_string(each.seen.revision.value) + " " + (each.id.empty() ? "none" : each.id);
      if (each.led_for) line += " led " + std::to_string(each.led_for->count());
      lines.push_back(line + (each.listed ? " listed" : ""));
    }
    return lines;
  }
  int64_t CompleteSince(const std::string& election, size_t limit = History::kMaxChanges) {
    return Past(election, limit).complete_since.revision.value;
  }

  History history_;
  RootQueues queues_ = RootQueues::OfRoot("/r");
  std::map<std::string, ElectionPtr> views_;
};

TEST_F(HistoryTest, TellsEachLeaderAndEachTimeWithoutOneInTheOrderTheyCame) {
  Load(50, {});
  Join("/r/a/b/1", 60);
  Join("/r/a/b/2", 61);
  Leave("/r/a/b/1", 65);
  Leave("/r/a/b/2", 70);
  Join("/r/a/b/3", 72);
  EXPECT_THAT(Lines("a/b"),
              ElementsAre("60 id60 led 5000", "65 id61 led 5000", "70 none", "72 id72"));
  EXPECT_EQ(CompleteSince("a/b"), 50);
  const PastChange last = Past("a/b").changes.back();
  EXPECT_EQ(last.token, FencingToken{72});
  EXPECT_EQ(Rfc3339(last.seen.wall), Rfc3339(At(72).wall));
}

TEST_F(HistoryTest, HowLongTheFirstLeaderLedIsKnownWhenItsBeginWasSeen) {
  Load(50, {Kv("/r/a/seen/0", 40)});
  Join("/r/a/new/1", 60);
  Leave("/r/a/new/1", 63);
  Leave("/r/a/seen/0", 64);
  EXPECT_THAT(Lines("a/new"), ElementsAre("60 id60 led 3000", "63 none"));
  EXPECT_THAT(Lines("a/seen"), ElementsAre("50 id40 listed", "64 none"))
      << "it led before we began to look";
}

TEST_F(HistoryTest, TheLeaderFromBeforeTheStartIsToldAlthoughNothingIsStoredForIt) {
  Load(50, {Kv("/r/a/b/1", 30), Kv("/r/a/b/2", 40)});
  EXPECT_THAT(Lines("a/b"), ElementsAre("50 id30 listed"));
  EXPECT_EQ(history_.bytes(), 0u);
  Leave("/r/a/b/1", 55);
  EXPECT_THAT(Lines("a/b"), ElementsAre("50 id30 listed", "55 id40"));
  EXPECT_EQ(CompleteSince("a/b"), 50);
}

TEST_F(HistoryTest, AnOlderViewShowsNoChangeTwice) {
  Load(50, {});
  Join("/r/a/b/1", 60);
  const ElectionPtr older = views_.at("a/b");
  Join("/r/a/b/2", 61);
  Leave("/r/a/b/1", 65);
  EXPECT_THAT(history_.Of(*older).changes, SizeIs(2));
}

TEST_F(HistoryTest, AListAfterALostWatchLeavesAGapUnlessTheSameLeaderIsStillThere) {
  Load(50, {Kv("/r/a/kept/1", 30), Kv("/r/a/other/1", 31), Kv("/r/a/gone/1", 32)});
  Join("/r/a/vacant/1", 55);
  Leave("/r/a/vacant/1", 56);
  Load(80, {Kv("/r/a/kept/1", 30), Kv("/r/a/other/2", 70), Kv("/r/a/new/1", 71)});
  EXPECT_EQ(CompleteSince("a/kept"), 50);
  EXPECT_EQ(CompleteSince("a/other"), 80);
  EXPECT_THAT(Lines("a/other"), ElementsAre("50 id31 listed", "80 id70 listed"));
  EXPECT_EQ(CompleteSince("a/gone"), 80);
  EXPECT_EQ(CompleteSince("a/vacant"), 80) << "somebody may have led and gone unseen";
  EXPECT_EQ(CompleteSince("a/new"), 80);
  EXPECT_THAT(Lines("a/new"), ElementsAre("80 id71 listed"));
  Join("/r/a/vacant/2", 90);
  Join("/r/a/later/1", 91);
  EXPECT_EQ(CompleteSince("a/vacant"), 80) << "the gap stays";
  EXPECT_EQ(CompleteSince("a/later"), 80) << "it may have been led before the list";
}

TEST_F(HistoryTest, InAnotherHistoryTheSameTokenProvesNothing) {
  Load(50, {Kv("/r/a/b/1", 30)});
  queues_.ForgetHistory();
  Load(40, {Kv("/r/a/b/1", 30)});
  EXPECT_EQ(CompleteSince("a/b"), 40);
}

TEST_F(HistoryTest, OfOneElectionTheNewestAreKept) {
  Load(10, {Kv("/r/a/b/first", 5)});
  Leave("/r/a/b/first", 11);
  for (int64_t revision = 12; revision < 92; revision += 2) {
    Join("/r/a/b/k", revision);
    Leave("/r/a/b/k", revision + 1);
  }
  const auto past = Past("a/b");
  ASSERT_THAT(past.changes, SizeIs(32));
  EXPECT_EQ(past.changes.front().seen.revision, Revision{60});
  EXPECT_EQ(past.changes.back().seen.revision, Revision{91});
  EXPECT_EQ(past.complete_since.revision, Revision{59}) << "the newest one that was dropped";
}

TEST_F(HistoryTest, ALimitShowsTheNewestAndSaysWhatItLeavesOut) {
  Load(50, {});
  Join("/r/a/b/1", 60);
  Join("/r/a/b/2", 61);
  Leave("/r/a/b/1", 65);
  Leave("/r/a/b/2", 70);
  EXPECT_THAT(Lines("a/b", 2), ElementsAre("65 id61 led 5000", "70 none"));
  EXPECT_EQ(CompleteSince("a/b", 2), 60);
  EXPECT_EQ(CompleteSince("a/b", 3), 50);
}

TEST_F(HistoryTest, ANameThatPassesToAnotherPrefixLeavesItsHistory) {
  Load(50, {});
  Join("/r/a/b/1", 60);
  Leave("/r/a/b/1", 61);
  auto prefix = RootQueues::OfPrefix({.election = {"a", "b"}, .prefix = "/P"});
  Keep(prefix.Load(At(70), Revision{70}, {Kv("/P/1", 65)}));
  EXPECT_THAT(Lines("a/b"), ElementsAre("70 id65 listed"));
  EXPECT_EQ(CompleteSince("a/b"), 70);
  Keep(prefix.Apply(
      At(75), {{}, {{etcd::Event::Kind::kDelete, {.key = "/P/1", .mod_revision = Revision{75}}}}}));
  EXPECT_THAT(Lines("a/b"), ElementsAre("70 id65 listed", "75 none"));
  // The root's shows again: what came meanwhile was told to nobody.
  views_["a/b"] = queues_.ShowAgain(At(80), {"a", "b"}, Revision{80});
  EXPECT_THAT(Lines("a/b"), IsEmpty());
  EXPECT_EQ(CompleteSince("a/b"), 80);
  EXPECT_EQ(queues_.ShowAgain(At(80), {"a", "c"}, Revision{80}), nullptr);
}

TEST_F(HistoryTest, ElectionsThatNeverChangeTakeNoMemory) {
  std::vector<etcd::KeyValue> kvs;
  for (int i = 0; i < 1000; ++i) kvs.push_back(Kv(Key(i), i + 1));
  Load(2000, kvs);
  for (int i = 1000; i < 2000; ++i) Join(Key(i), 2001 + i);
  EXPECT_EQ(history_.bytes(), 0u);
  EXPECT_THAT(Lines("a/n7"), ElementsAre("2000 id8 listed"));
  EXPECT_THAT(Lines("a/n1500"), ElementsAre("3501 id3501"));
}

TEST_F(HistoryTest, WithAHundredThousandElectionsTheOldestChangesGoFirst) {
  constexpr int kElections = 100000;
  std::vector<etcd::KeyValue> kvs;
  for (int i = 0; i < kElections; ++i) kvs.push_back(Kv(Key(i), i + 1));
  Load(kElections, kvs);
  int64_t revision = kElections;
  // Everybody's leader is followed by another one, but for that of n0.
  for (int i = 1; i < kElections; ++i) {
    ++revision;
    Apply(revision,
          {{etcd::Event::Kind::kDelete, {.key = Key(i), .mod_revision = Revision{revision}}},
           {etcd::Event::Kind::kPut, Kv(Key(i) + "2", revision)}});
    ASSERT_LE(history_.bytes(), History::kMaxBytes);
  }
  EXPECT_GT(history_.bytes(), History::kMaxBytes * 9 / 10);
  EXPECT_THAT(Lines("a/n0"), ElementsAre("100000 id1 listed"));
  EXPECT_EQ(CompleteSince("a/n0"), kElections) << "nothing of it was ever dropped";
  EXPECT_THAT(Lines("a/n99999"), SizeIs(2));
  EXPECT_EQ(CompleteSince("a/n99999"), kElections);
  EXPECT_THAT(Lines("a/n1"), IsEmpty());
  EXPECT_GT(CompleteSince("a/n1"), kElections + 1) << "of its only change nothing is known";
  // It goes on from there.
  Leave(Key(1) + "2", ++revision);
  EXPECT_THAT(Lines("a/n1"), ElementsAre(std::to_string(revision) + " none"));
  EXPECT_GT(CompleteSince("a/n1"), kElections + 1);
}

TEST_F(HistoryTest, WhatChangesAllTheTimePushesOnlyItsOwnChangesOut) {
  Load(10, {Kv("/r/a/calm/1", 5)});
  Leave("/r/a/calm/1", 11);
  for (int64_t revision = 12; revision < 100012; revision += 2) {
    Join("/r/a/wild/k", revision);
    Leave("/r/a/wild/k", revision + 1);
  }
  EXPECT_THAT(Lines("a/calm"), ElementsAre("10 id5 listed", "11 none"));
  EXPECT_EQ(CompleteSince("a/calm"), 10);
  EXPECT_LT(history_.bytes(), 20000u);
}

// A sanitizer has a heap of its own, of which mallinfo2 knows nothing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// What it counts is what it takes.
TEST(HistoryMemoryTest, TheHeapHoldsNoMoreThanIsCounted) {
  History history;
  CandidateView leader{.id = std::string(200, 'i'), .address = std::string(300, 'a')};
  const size_t before = mallinfo2().uordblks;
  for (int64_t i = 1; i <= 200000; ++i) {
    auto after = std::make_shared<ElectionView>();
    after->ns = "a-namespace-of-some-length";
    after->name = "n" + std::to_string(i % 50000);
    after->transitions = 1;
    leader.create_revision = Revision{i};
    after->queue = {leader};
    history.Add({.after = after, .seen = {Revision{i}, MonotonicTime{i * 1s}, {}}});
  }
  const size_t taken = mallinfo2().uordblks - before;
  EXPECT_GT(history.bytes(), History::kMaxBytes * 9 / 10);
  EXPECT_LT(taken, History::kMaxBytes * 11 / 10) << history.bytes();
}
#endif

}  // namespace
}  // namespace bellwether::election
