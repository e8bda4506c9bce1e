#include "growth/status_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MonotonicTime kT0{1000s};
const Error kRefused{.code = Code::kUnavailable, .message = "Status on b: connection refused"};

etcd::StatusResponse Says(uint64_t member, int64_t revision, uint64_t leader = 1) {
  return {.header = {.cluster_id = 7, .member_id = member, .revision = {revision}},
          .version = "3.5.8",
          .db_size_bytes = 100,
          .db_size_in_use_bytes = 60,
          .leader = leader,
          .raft_applied_index = static_cast<uint64_t>(revision) + 10};
}

auto Is(const std::string& endpoint, bool reachable) {
  return AllOf(Field(&MemberStatus::endpoint, endpoint),
               Field(&MemberStatus::reachable, reachable));
}

StatusBook Book(std::vector<std::string> endpoints) {
  return {"main", 10s, std::nullopt, std::move(endpoints)};
}

TEST(NextRoundTest, KeepsToTheScheduleAndSkipsWhatWasMissed) {
  EXPECT_EQ(NextRound(kT0, 10s, kT0), kT0 + 10s);
  EXPECT_EQ(NextRound(kT0, 10s, kT0 + 10s), kT0 + 20s);
  EXPECT_EQ(NextRound(kT0, 10s, kT0 + 10s + 3ms), kT0 + 20s);
  EXPECT_EQ(NextRound(kT0, 10s, kT0 + 47s), kT0 + 50s);
}

TEST(StatusBookTest, TellsWhatEachMemberSaid) {
  StatusBook book = Book({"a", "b"});
  EXPECT_THAT(book.Snapshot().members, IsEmpty());
  book.OnStatus(0, kT0, WallTime(5s), Says(1, 40));
  book.OnStatus(1, kT0 + 1s, WallTime(6s), Says(2, 41));
  const ClusterStatus cluster = book.Snapshot();
  EXPECT_EQ(cluster.name, "main");
  EXPECT_EQ(cluster.every, 10s);
  ASSERT_THAT(cluster.members, ElementsAre(Is("a", true), Is("b", true)));
  const MemberStatus& a = cluster.members[0];
  EXPECT_EQ(a.sampled_at, kT0);
  EXPECT_EQ(a.sampled_at_wall, WallTime(5s));
  EXPECT_EQ(a.member_id, 1u);
  EXPECT_EQ(a.revision, Revision{40});
  EXPECT_EQ(a.raft_applied_index, 50u);
  EXPECT_EQ(a.db_size_bytes, 100);
  EXPECT_EQ(a.db_size_in_use_bytes, 60);
  EXPECT_EQ(a.quota_bytes, std::nullopt);
  EXPECT_TRUE(a.is_leader);
  EXPECT_FALSE(cluster.members[1].is_leader);
}

TEST(StatusBookTest, AMemberWithoutALeaderIsNotTheLeader) {
  StatusBook book = Book({"a"});
  book.OnStatus(0, kT0, {}, Says(0, 1, 0));
  EXPECT_FALSE(book.Snapshot().members[0].is_leader);
}

TEST(StatusBookTest, KeepsAnUnreachableMemberWithItsReasonAndTheAgeOfItsValues) {
  StatusBook book = Book({"a", "b"});
  book.OnFailure(1, kRefused);
  ASSERT_THAT(book.Snapshot().members, ElementsAre(Is("b", false)));
  EXPECT_EQ(book.Snapshot().members[0].sampled_at, std::nullopt);

  book.OnStatus(1, kT0, {}, Says(2, 40));
  EXPECT_THAT(book.Snapshot().members[0].error, IsEmpty());
  book.OnFailure(1, kRefused);
  const MemberStatus b = book.Snapshot().members[0];
  EXPECT_FALSE(b.reachable);
  EXPECT_EQ(b.error, kRefused.message);
  EXPECT_EQ(b.sampled_at, kT0);
  EXPECT_EQ(b.revision, Revision{40});
  EXPECT_FALSE(IsCurrent(b, 10s, kT0));
}

TEST(StatusBookTest, ADeniedStatusSaysWhichRightIsMissing) {
  StatusBook book = Book({"a"});
  book.OnFailure(0, {.code = Code::kPermission, .message = "Status on a: permission denied"});
  EXPECT_THAT(book.Snapshot().members[0].error,
              AllOf(HasSubstr("permission denied"), HasSubstr("grant-role")));
}

TEST(StatusBookTest, TwoEndpointsOfOneMemberCountOnce) {
  StatusBook book = Book({"a", "a-too", "b"});
  book.OnStatus(0, kT0, {}, Says(1, 40));
  book.OnStatus(1, kT0, {}, Says(1, 40));
  book.OnStatus(2, kT0, {}, Says(2, 40));
  EXPECT_THAT(book.Snapshot().members, ElementsAre(Is("a", true), Is("b", true)));
  EXPECT_THAT(book.Snapshot().further_endpoints, ElementsAre(Is("a-too", true)));

  // The newer answer counts, ...
  book.OnStatus(1, kT0 + 10s, {}, Says(1, 50));
  EXPECT_THAT(book.Snapshot().members, ElementsAre(Is("a-too", true), Is("b", true)));
  // ... and before all one that comes.
  book.OnStatus(0, kT0 + 20s, {}, Says(1, 60));
  book.OnFailure(0, kRefused);
  EXPECT_THAT(book.Snapshot().members, ElementsAre(Is("a-too", true), Is("b", true)));
  EXPECT_THAT(book.Snapshot().further_endpoints, ElementsAre(Is("a", false)));
}

TEST(StatusBookTest, EndpointsThatNeverAnsweredStayApart) {
  StatusBook book = Book({"a", "b"});
  book.OnFailure(0, kRefused);
  book.OnFailure(1, kRefused);
  EXPECT_THAT(book.Snapshot().members, SizeIs(2));
}

TEST(StatusBookTest, OneIdInTwoClustersIsTwoMembers) {
  StatusBook book = Book({"a", "b"});
  book.OnStatus(0, kT0, {}, Says(1, 40));
  etcd::StatusResponse elsewhere = Says(1, 40);
  elsewhere.header.cluster_id = 8;
  book.OnStatus(1, kT0, {}, elsewhere);
  EXPECT_THAT(book.Snapshot().members, SizeIs(2));
}

TEST(StatusBookTest, NamesComeFromTheMemberListAndAreWantedUntilAllAreKnown) {
  StatusBook book = Book({"a", "b"});
  EXPECT_FALSE(book.WantsNames());
  book.OnStatus(0, kT0, {}, Says(1, 40));
  EXPECT_TRUE(book.WantsNames());
  book.OnMembers({.members = {{.id = 1, .name = "etcd-0"}, {.id = 2, .name = ""}}});
  EXPECT_FALSE(book.WantsNames());
  EXPECT_EQ(book.Snapshot().members[0].name, "etcd-0");
  book.OnStatus(1, kT0, {}, Says(2, 40));
  EXPECT_TRUE(book.WantsNames());
  // One that does not answer is not asked for.
  book.OnFailure(1, kRefused);
  EXPECT_FALSE(book.WantsNames());
}

TEST(StatusBookTest, WhatAServerSaysIsBounded) {
  StatusBook book = Book({"a"});
  etcd::StatusResponse chatty = Says(1, 40);
  chatty.errors.assign(100, std::string(1000, 'x'));
  book.OnStatus(0, kT0, {}, chatty);
  const std::vector<std::string> errors = book.Snapshot().members[0].errors;
  EXPECT_THAT(errors, SizeIs(16));
  EXPECT_THAT(errors[0], SizeIs(256));
}

TEST(StatusBookTest, TheConfiguredQuotaStandsInForOneThatTheServerDoesNotTell) {
  StatusBook book("main", 10s, 4096, {"a"});
  book.OnStatus(0, kT0, {}, Says(1, 40));
  EXPECT_EQ(book.Snapshot().members[0].quota_bytes, 4096);
}

}  // namespace
}  // namespace bellwether::growth
