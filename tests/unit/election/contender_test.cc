// The rules of one place in one queue, one test each; election.md (d) is the checklist. What needs
// other clients in the same queue (Go, etcdctl) is tested in tests/wire/go.
#include "election/contender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "election/fence.h"
#include "election/requests.h"

namespace bellwether::election {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr MonotonicTime kStart{100s};
constexpr uint64_t kCluster = 7;

template <typename T>
const T* Find(const std::vector<Command>& commands) {
  for (const Command& c : commands) {
    if (const T* found = std::get_if<T>(&c)) return found;
  }
  return nullptr;
}

bool Writes(const etcd::TxnRequest& txn) {
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const etcd::Op& op : *branch) {
      if (!std::holds_alternative<etcd::RangeRequest>(op)) return true;
    }
  }
  return false;
}

etcd::Header At(int64_t revision, uint64_t cluster = kCluster) {
  return {.cluster_id = cluster, .revision = Revision{revision}};
}

Error Failure(Code code, Effect effect) { return {.code = code, .effect = effect, .message = "x"}; }

// A contender, its clock, and what it asked for last.
class ContenderTest : public ::testing::Test {
 protected:
  std::vector<Command> Step(const Input& in) {
    commands = contender.Step(now, in);
    if (const auto* c = Find<SendGrant>(commands)) call = c->call, lease = c->lease;
    if (const auto* c = Find<SendTxn>(commands)) call = c->call, txn = c->request;
    if (const auto* c = Find<SendRange>(commands)) call = c->call, range = c->request;
    if (const auto* c = Find<SendRevoke>(commands)) call = c->call;
    return commands;
  }
  // Lets the time pass until it wants to do something by itself.
  std::vector<Command> Wait() {
    now = std::max(now, contender.next_deadline().value());
    return Step(Tick{});
  }
  void Grant() {
    Step(CampaignAsked{});
    Step(GrantAnswered{call, etcd::LeaseGrantResponse{At(10), lease, 15s, now}});
  }
  std::string key() const { return KeyOf("/e", lease); }
  std::vector<Command> Txn(bool succeeded, int64_t revision,
                           std::vector<etcd::OpResult> results = {}) {
    return Step(TxnAnswered{call, etcd::TxnResponse{At(revision), succeeded, std::move(results)}});
  }
  std::vector<Command> Ahead(int64_t revision, std::optional<etcd::KeyValue> ahead = {}) {
    etcd::RangeResponse r{At(revision), {}, false};
    if (ahead) r.kvs.push_back(*ahead);
    return Txn(true, revision, {r});
  }
  void Join(int64_t revision = 20) {
    Grant();
    Txn(true, revision);
  }
  void Lead() {
    Join();
    Ahead(20);
    ASSERT_NE(Find<Elected>(commands), nullptr);
  }
  void Queue() {
    Join();
    Ahead(21, etcd::KeyValue{.key = "/e/1", .create_revision = Revision{5}});
  }
  std::vector<Command> Event(Watched watched, etcd::Event::Kind kind, std::string event_key,
                             int64_t revision, int64_t created = 0) {
    etcd::Event e{kind,
                  {.key = std::move(event_key),
                   .create_revision = Revision{created},
                   .mod_revision = Revision{revision}}};
    return Step(WatchTold{watched, {At(revision), {e}}});
  }
  std::vector<Command> Deleted(Watched watched, std::string event_key, int64_t revision) {
    return Event(watched, etcd::Event::Kind::kDelete, std::move(event_key), revision);
  }

  MonotonicTime now = kStart;
  Contender contender{{.prefix = "/e", .value = "v", .ttl = 15s, .seed = 3}};
  std::vector<Command> commands;
  uint64_t call = 0;
  LeaseId lease;
  etcd::TxnRequest txn;
  etcd::RangeRequest range;
};

// (d) 1 and 3
TEST_F(ContenderTest, JoinsWithTheTxnOfGosConcurrencyPackage) {
  Grant();
  ASSERT_EQ(txn.compares.size(), 1u);
  EXPECT_EQ(txn.compares[0].key, key());
  EXPECT_EQ(txn.compares[0].equals, 0);
  const auto& put = std::get<etcd::PutRequest>(txn.success.at(0));
  EXPECT_EQ(put.key, "/e/" + lease.Hex());
  EXPECT_EQ(put.lease, lease);
  EXPECT_EQ(put.value, "v");
  EXPECT_EQ(std::get<etcd::RangeRequest>(txn.failure.at(0)).key, key());
}

// (d) 2: never two places of one lease.
TEST_F(ContenderTest, EachPlaceHasALeaseOfItsOwn) {
  Queue();
  const LeaseId first = lease;
  Deleted(Watched::kOwn, key(), 30);
  EXPECT_NE(Find<PlaceLost>(commands), nullptr);
  ASSERT_NE(Find<SendRevoke>(commands), nullptr);
  Step(RevokeAnswered{call, etcd::LeaseRevokeResponse{At(31)}});
  Wait();
  ASSERT_NE(Find<SendGrant>(commands), nullptr);
  EXPECT_NE(lease, first);
}

TEST_F(ContenderTest, ALostGrantIsRepeatedUnderTheSameLeaseAndItsFirstTryCounts) {
  Step(CampaignAsked{});
  const LeaseId first = lease;
  Step(GrantAnswered{call, Failure(Code::kDeadline, Effect::kUnknown)});
  EXPECT_NE(Find<Trouble>(commands), nullptr);
  Wait();
  EXPECT_EQ(lease, first);
  Step(GrantAnswered{call, Failure(Code::kConflict, Effect::kNone)});
  ASSERT_NE(Find<KeepLease>(commands), nullptr);
  Txn(true, 20);
  Ahead(20);
  ASSERT_NE(Find<Elected>(commands), nullptr);
  EXPECT_EQ(Find<Elected>(commands)->leadership.valid_until, ValidUntil(kStart, 15s));
}

TEST_F(ContenderTest, ALeaseOfSomebodyElseIsNotTaken) {
  Step(CampaignAsked{});
  const LeaseId first = lease;
  Step(GrantAnswered{call, Failure(Code::kConflict, Effect::kNone)});
  Wait();
  EXPECT_NE(lease, first);
}

// (d) 3
TEST_F(ContenderTest, ALostJoinAnswerIsReadBackAndNotReplayedWhenTheKeyExists) {
  Grant();
  Step(TxnAnswered{call, Failure(Code::kDeadline, Effect::kUnknown)});
  ASSERT_NE(Find<SendRange>(commands), nullptr);
  EXPECT_EQ(range.key, key());
  EXPECT_EQ(Find<SendTxn>(commands), nullptr);
  Step(RangeAnswered{
      call, etcd::RangeResponse{At(25), {{.key = key(), .create_revision = Revision{22}}}, false}});
  ASSERT_NE(Find<Queued>(commands), nullptr);
  EXPECT_EQ(Find<Queued>(commands)->place.create_revision, Revision{22});
}

TEST_F(ContenderTest, NoSpaceMayHaveBeenAppliedSoItIsReadBackThenRetriedLater) {
  Grant();
  Step(TxnAnswered{call, Failure(Code::kNoSpace, Effect::kUnknown)});
  EXPECT_EQ(Find<Trouble>(commands)->error.code, Code::kNoSpace);
  ASSERT_NE(Find<SendRange>(commands), nullptr);
  Step(RangeAnswered{call, etcd::RangeResponse{At(25), {}, false}});
  EXPECT_EQ(Find<SendTxn>(commands), nullptr);
  EXPECT_GE(*contender.next_deadline(), now + 500ms);
  Wait();
  ASSERT_NE(Find<SendTxn>(commands), nullptr);
  Txn(true, 30);
  EXPECT_NE(Find<Queued>(commands), nullptr);
}

TEST_F(ContenderTest, AJoinThatFindsItsKeyKeepsThePlaceOfTheFirstTry) {
  Grant();
  Txn(false, 40, {etcd::RangeResponse{At(40), {{.key = key(), .create_revision = Revision{22}}}}});
  EXPECT_EQ(Find<Queued>(commands)->place.create_revision, Revision{22});
}

TEST_F(ContenderTest, ALeaseThatIsGoneBeforeTheJoinIsReplaced) {
  Grant();
  const LeaseId first = lease;
  Step(TxnAnswered{call, Failure(Code::kNotFound, Effect::kNone)});
  Wait();
  EXPECT_NE(lease, first);
}

// (d) 4 and 8
TEST_F(ContenderTest, LooksForTheNewestOlderKeyByRevisionAndOnlyWithItsOwnInPlace) {
  Join(20);
  EXPECT_FALSE(Writes(txn));
  EXPECT_EQ(txn.compares.at(0).key, key());
  EXPECT_EQ(txn.compares.at(0).equals, 20);
  const auto& r = std::get<etcd::RangeRequest>(txn.success.at(0));
  EXPECT_EQ(r.key, "/e/");
  EXPECT_EQ(r.range_end, "/e0");
  EXPECT_EQ(r.limit, 1);
  EXPECT_EQ(r.max_create_revision, Revision{19});
  EXPECT_EQ(r.sort, etcd::RangeRequest::Sort::kCreateDescending);
  EXPECT_FALSE(r.serializable);
}

TEST_F(ContenderTest, WatchesItsOwnKeyAndTheOneAheadFromTheRevisionAfterTheRead) {
  Queue();
  std::vector<OpenWatch> opened;
  for (const Command& c : commands) {
    if (const auto* o = std::get_if<OpenWatch>(&c)) opened.push_back(*o);
  }
  ASSERT_EQ(opened.size(), 2u);
  EXPECT_EQ(opened[0].key, key());
  EXPECT_EQ(opened[0].from, Revision{22});
  EXPECT_EQ(opened[1].key, "/e/1");
  EXPECT_EQ(opened[1].from, Revision{22});
}

TEST_F(ContenderTest, NobodyAheadOfAKeyThatIsGoneIsNotLeadership) {
  Join();
  Txn(false, 25);
  EXPECT_EQ(Find<Elected>(commands), nullptr);
  EXPECT_NE(Find<PlaceLost>(commands), nullptr);
}

TEST_F(ContenderTest, AfterTheOneAheadWentTheNextOneAheadIsRead) {
  Queue();
  Deleted(Watched::kAhead, "/e/1", 30);
  ASSERT_NE(Find<SendTxn>(commands), nullptr);
  Ahead(30, etcd::KeyValue{.key = "/e/0", .create_revision = Revision{4}});
  EXPECT_EQ(Find<Elected>(commands), nullptr);
  EXPECT_EQ(Find<OpenWatch>(commands)->key, "/e/0");
  Deleted(Watched::kAhead, "/e/0", 31);
  Ahead(31);
  ASSERT_NE(Find<Elected>(commands), nullptr);
  EXPECT_EQ(Find<Elected>(commands)->leadership.token, FencingToken{20});
}

// (d) 4: deleted and made again = behind us now.
TEST_F(ContenderTest, AKeyThatWasMadeAgainIsNoLongerAhead) {
  Queue();
  Event(Watched::kAhead, etcd::Event::Kind::kPut, "/e/1", 31, 31);
  EXPECT_NE(Find<SendTxn>(commands), nullptr);
}

TEST_F(ContenderTest, AChangedValueAheadChangesNothing) {
  Queue();
  EXPECT_TRUE(Event(Watched::kAhead, etcd::Event::Kind::kPut, "/e/1", 31, 5).empty());
}

TEST_F(ContenderTest, EventsFromBeforeOurKeyAreNotAboutIt) {
  Queue();
  EXPECT_TRUE(Deleted(Watched::kOwn, key(), 19).empty());
}

// (d) 5
TEST_F(ContenderTest, ALeaderWhoseKeyIsDeletedStopsAtOnce) {
  Lead();
  Deleted(Watched::kOwn, key(), 30);
  EXPECT_NE(Find<Lost>(commands), nullptr);
  EXPECT_EQ(contender.Current(now), std::nullopt);
  EXPECT_EQ(Find<SendGrant>(commands), nullptr);  // the work has to end first
}

TEST_F(ContenderTest, ALeaderWhoseLeaseIsGoneStopsAtOnce) {
  Lead();
  Step(LeaseGone{lease});
  EXPECT_NE(Find<Lost>(commands), nullptr);
}

TEST_F(ContenderTest, FencesItselfBeforeTheServerCanExpireTheLease) {
  Lead();
  const MonotonicTime until = ValidUntil(kStart, 15s);
  EXPECT_EQ(contender.next_deadline(), until);
  EXPECT_TRUE(contender.Current(until - 1ns).has_value());
  EXPECT_FALSE(contender.Current(until).has_value());
  now = until;
  EXPECT_NE(Find<Lost>(Step(Tick{})), nullptr);
}

TEST_F(ContenderTest, ValidityCountsFromSendingHoweverLateTheAnswer) {
  Lead();
  now = kStart + 9s;
  Step(Renewed{lease, kStart + 5s, 15s});
  EXPECT_EQ(Find<Extended>(commands)->valid_until, ValidUntil(kStart + 5s, 15s));
  EXPECT_TRUE(Step(Renewed{lease, kStart + 1s, 15s}).empty());  // an older one
}

TEST_F(ContenderTest, AnAnswerThatComesAfterTheDeadlineRevivesNothing) {
  Lead();
  now = ValidUntil(kStart, 15s) + 1s;
  Step(Renewed{lease, now - 1ms, 15s});
  EXPECT_NE(Find<Lost>(commands), nullptr);
  EXPECT_EQ(contender.Current(now), std::nullopt);
}

TEST_F(ContenderTest, IsNotElectedOnValidityThatIsGone) {
  Join();
  now = kStart + 14s;
  Ahead(20);
  EXPECT_EQ(Find<Elected>(commands), nullptr);
  Step(Renewed{lease, now, 15s});
  ASSERT_NE(Find<SendTxn>(commands), nullptr);  // somebody may be ahead by now, or our key gone
  Ahead(20);
  EXPECT_NE(Find<Elected>(commands), nullptr);
}

TEST_F(ContenderTest, ABrokenStreamNeverResigns) {
  Lead();
  Step(WatchCut{Watched::kOwn});
  EXPECT_TRUE(commands.empty());
  EXPECT_TRUE(contender.Current(now).has_value());
  Step(WatchAlive{Watched::kOwn, At(30)});
  ASSERT_NE(Find<SendTxn>(commands), nullptr);  // looks, but writes nothing
  EXPECT_FALSE(Writes(txn));
}

TEST_F(ContenderTest, ACompactedWatchIsMadeAgainAfterARead) {
  Queue();
  Step(WatchEnded{Watched::kOwn, Failure(Code::kCompacted, Effect::kNone)});
  ASSERT_NE(Find<SendTxn>(commands), nullptr);
  Ahead(50, etcd::KeyValue{.key = "/e/1", .create_revision = Revision{5}});
  ASSERT_NE(Find<OpenWatch>(commands), nullptr);
  EXPECT_EQ(Find<OpenWatch>(commands)->from, Revision{51});
}

TEST_F(ContenderTest, ResignsWithAGuardedDeleteThenTheLease) {
  Lead();
  Step(ResignAsked{now + 5s});
  EXPECT_EQ(contender.Current(now), std::nullopt);
  EXPECT_EQ(txn.compares.at(0).equals, 20);
  EXPECT_EQ(std::get<etcd::DeleteRequest>(txn.success.at(0)).key, key());
  EXPECT_TRUE(txn.failure.empty());
  Txn(true, 30);
  ASSERT_NE(Find<SendRevoke>(commands), nullptr);
  Step(RevokeAnswered{call, etcd::LeaseRevokeResponse{At(30)}});
  EXPECT_TRUE(Find<Resigned>(commands)->status.ok());
  EXPECT_EQ(contender.next_deadline(), std::nullopt);
}

TEST_F(ContenderTest, WhereNoSpaceRefusesEveryTxnTheLeaseGoes) {
  Lead();
  Step(ResignAsked{now + 5s});
  Step(TxnAnswered{call, Failure(Code::kNoSpace, Effect::kUnknown)});
  EXPECT_NE(Find<SendRevoke>(commands), nullptr);
}

TEST_F(ContenderTest, WhereNoSpaceRefusesEvenReadingTxnsTwoReadsElect) {
  Join();
  Step(TxnAnswered{call, Failure(Code::kNoSpace, Effect::kNone)});
  EXPECT_EQ(range.key, "/e/");
  Step(RangeAnswered{call, etcd::RangeResponse{At(30), {}, false}});
  EXPECT_EQ(range.key, key());
  Step(RangeAnswered{
      call, etcd::RangeResponse{At(31), {{.key = key(), .create_revision = Revision{20}}}, false}});
  EXPECT_NE(Find<Elected>(commands), nullptr);
}

TEST_F(ContenderTest, AResignDuringTheJoinLeavesNoKeyBehind) {
  Grant();
  const uint64_t join = call;
  Step(ResignAsked{now + 5s});
  // Without the lease a late put is refused, whenever it arrives.
  ASSERT_NE(Find<SendRevoke>(commands), nullptr);
  EXPECT_TRUE(Step(TxnAnswered{join, etcd::TxnResponse{At(20), true, {}}}).empty());
  call = join + 1;
  Step(RevokeAnswered{call, etcd::LeaseRevokeResponse{At(21)}});
  EXPECT_TRUE(Find<Resigned>(commands)->status.ok());
}

TEST_F(ContenderTest, AResignThatIsNotConfirmedEndsAtItsDeadlineAndIsFinishedBeforeTheNextJoin) {
  Lead();
  Step(ResignAsked{now + 5s});
  now += 5s;
  Step(Tick{});
  EXPECT_EQ(Find<Resigned>(commands)->status.error().effect, Effect::kUnknown);
  Step(CampaignAsked{});
  EXPECT_EQ(Find<SendGrant>(commands), nullptr);
  EXPECT_TRUE(std::holds_alternative<etcd::DeleteRequest>(txn.success.at(0)));
  Txn(false, 40);
  Step(RevokeAnswered{call, Failure(Code::kNotFound, Effect::kNone)});
  if (Find<SendGrant>(commands) == nullptr) Wait();
  EXPECT_NE(Find<SendGrant>(commands), nullptr);
}

TEST_F(ContenderTest, AnAmbiguousDeleteIsRepeatedUnderItsGuard) {
  Lead();
  Step(ResignAsked{now + 5s});
  Step(TxnAnswered{call, Failure(Code::kDeadline, Effect::kUnknown)});
  Wait();
  EXPECT_EQ(txn.compares.at(0).equals, 20);
  Txn(false, 40);  // the first one had counted
  EXPECT_NE(Find<SendRevoke>(commands), nullptr);
}

TEST_F(ContenderTest, AfterALossTheOldPlaceIsRemovedBeforeJoiningAgain) {
  Lead();
  now = ValidUntil(kStart, 15s);
  Step(Tick{});
  Step(CampaignAsked{});
  EXPECT_EQ(Find<SendGrant>(commands), nullptr);
  ASSERT_NE(Find<SendTxn>(commands), nullptr);
  EXPECT_EQ(txn.compares.at(0).equals, 20);
}

TEST_F(ContenderTest, AnotherClusterEndsLeadershipAndSaysSo) {
  Lead();
  Step(WatchTold{Watched::kOwn, {At(40, 8), {}}});
  ASSERT_NE(Find<Lost>(commands), nullptr);
  EXPECT_THAT(Find<Lost>(commands)->why, HasSubstr("another etcd cluster"));
}

TEST_F(ContenderTest, ARevisionThatWentBackEndsAPlaceAndSaysSo) {
  Queue();
  Deleted(Watched::kAhead, "/e/1", 30);
  Ahead(29);
  ASSERT_NE(Find<PlaceLost>(commands), nullptr);
  EXPECT_THAT(Find<PlaceLost>(commands)->why, HasSubstr("went back from 30 to 29"));
  EXPECT_EQ(Find<Elected>(commands), nullptr);
}

TEST_F(ContenderTest, ProclaimIsGuardedAndKeepsTheLease) {
  EXPECT_EQ(Find<Proclaimed>(Step(ProclaimAsked{1, "w"}))->status.error().code, Code::kConflict);
  Lead();
  Step(ProclaimAsked{2, "w"});
  EXPECT_EQ(txn.compares.at(0).equals, 20);
  EXPECT_EQ(std::get<etcd::PutRequest>(txn.success.at(0)).lease, lease);
  Txn(false, 30);
  EXPECT_EQ(Find<Proclaimed>(commands)->status.error().code, Code::kConflict);
}

TEST_F(ContenderTest, WritesNothingWhileNothingChanges) {
  Queue();
  for (int i = 0; i < 1000; ++i) {
    now += 5s;
    Step(Renewed{lease, now, 15s});
    Step(Tick{});
    for (const Command& c : commands) {
      ASSERT_TRUE(std::holds_alternative<SendTxn>(c));
      ASSERT_FALSE(Writes(txn));
    }
    if (!commands.empty()) Ahead(21, etcd::KeyValue{.key = "/e/1", .create_revision = Revision{5}});
    ASSERT_TRUE(commands.empty());
  }
}

TEST_F(ContenderTest, TheSameTroubleIsToldOnce) {
  Step(CampaignAsked{});
  int told = 0;
  for (int i = 0; i < 10; ++i) {
    Step(GrantAnswered{call, Failure(Code::kUnavailable, Effect::kNone)});
    told += Find<Trouble>(commands) != nullptr ? 1 : 0;
    Wait();
  }
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace bellwether::election
