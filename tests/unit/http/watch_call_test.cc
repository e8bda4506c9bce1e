// Calls that wait for a change or become a stream: what they ask of the connection, without one.
#include <gmock/gmock.h>

#include "calls_fixture.h"
#include "http/watch_parameters.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kLeader = "/v1/elections/batch/report/leader";

class WatchCallTest : public CallsTest {
 protected:
  WatchCallTest() { store_.Publish(MakeElection("batch", "report", {MakeCandidate("a", 7)})); }

  // A request that must be left waiting.
  ChangeWait WaitOf(const std::string& target) {
    EXPECT_EQ(Handle({.method = "GET", .target = target}), std::nullopt) << target;
    EXPECT_THAT(waits_, SizeIs(1));
    if (waits_.empty()) return {};
    ChangeWait wait = std::move(waits_.back());
    waits_.clear();
    return wait;
  }
};

TEST_F(WatchCallTest, AnswersAtOnceWhoKnowsLessOrNothing) {
  for (const char* query : {"?wait=30s", "?wait=30s&index=0", "?wait=30s&index=6", "?index=6"}) {
    const Response response = Get(kLeader + std::string(query));
    EXPECT_EQ(response.status, 200) << query;
    EXPECT_EQ(HeaderOf(response, "X-Bellwether-Index"), "7");
  }
  const Response unknown = Get("/v1/elections/no/such/leader?wait=30s");
  EXPECT_EQ(ProblemOf(unknown, 404), "unknown-election");
  EXPECT_EQ(HeaderOf(unknown, "X-Bellwether-Index"), "5");
  store_.SetFreshness({});
  EXPECT_EQ(ProblemOf(Get(std::string(kLeader) + "?wait=30s&index=7"), 503), "not-loaded");
  EXPECT_THAT(waits_, IsEmpty());
}

TEST_F(WatchCallTest, WaitsForWhatComesAfterTheIndexAndAnswersWithWhatIsThen) {
  const ChangeWait wait = WaitOf(std::string(kLeader) + "?wait=30s&index=7");
  EXPECT_EQ(wait.wait, 30s);
  EXPECT_EQ(wait.subject.after, Revision{7});
  EXPECT_EQ(wait.subject.election.str(), "batch/report");
  EXPECT_FALSE(wait.subject.stream);
  store_.Publish(MakeElection("batch", "report", {MakeCandidate("b", 20)}));
  const Response response = wait.answer(/*behind=*/false, now_);
  EXPECT_EQ(HeaderOf(response, "X-Bellwether-Index"), "20");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["leader"]["id"], "b");
  EXPECT_EQ(json["stale"], false);
  const Response behind = wait.answer(/*behind=*/true, now_);
  EXPECT_EQ(nlohmann::json::parse(behind.body)["stale"], true);
  EXPECT_EQ(HeaderOf(behind, "X-Bellwether-Stale"), "true");
}

TEST_F(WatchCallTest, AWaitThatEndsWhileThisReplicaIsBehindIsStaleWhoeverEndsIt) {
  const ChangeWait wait = WaitOf(std::string(kLeader) + "?wait=500ms&index=1000");
  EXPECT_EQ(nlohmann::json::parse(wait.answer(/*behind=*/false, now_).body)["stale"], true);
  auto freshness = store_.freshness();
  freshness.revision = Revision{1000};
  store_.SetFreshness(freshness);
  EXPECT_EQ(nlohmann::json::parse(wait.answer(/*behind=*/false, now_).body)["stale"], false);
}

TEST_F(WatchCallTest, TheElectionWithItsQueueAndAnUnknownOneCanBeWaitedForToo) {
  const ChangeWait queue = WaitOf("/v1/elections/batch/report?index=7");
  EXPECT_EQ(queue.wait, kMaxWait);
  EXPECT_THAT(queue.answer(false, now_).body, HasSubstr("\"queue\":["));
  const ChangeWait birth = WaitOf("/v1/elections/no/such/leader?wait=1h&index=5");
  EXPECT_EQ(birth.wait, kMaxWait);
  EXPECT_EQ(birth.answer(false, now_).status, 404);
}

TEST_F(WatchCallTest, RefusesWhatIsNoWaitAndNoIndex) {
  for (const char* query : {"?wait=30", "?wait=", "?wait=-1s", "?wait=soon"}) {
    const Response response = Get(kLeader + std::string(query));
    EXPECT_EQ(ProblemOf(response, 400), "invalid-parameter") << query;
    EXPECT_THAT(response.body, HasSubstr("such as 30s"));
  }
  for (const char* query : {"?index=", "?index=-1", "?index=x", "?index=7a", "?index=1-2",
                            "?index=9223372036854775808"}) {
    const Response response = Get(kLeader + std::string(query));
    EXPECT_EQ(ProblemOf(response, 400), "invalid-parameter") << query;
    EXPECT_THAT(response.body, HasSubstr("X-Bellwether-Index"));
  }
  EXPECT_EQ(ProblemOf(Get(std::string(kLeader) + "?consistency=linearizable&wait=1s"), 400),
            "invalid-parameter");
}

TEST_F(WatchCallTest, AStreamResumesFromTheHeaderBeforeTheIndex) {
  const auto stream = [&](const std::string& target, const std::string& last_event_id) {
    streams_.clear();
    EXPECT_EQ(Handle({.method = "GET",
                      .target = target,
                      .accept = "text/event-stream",
                      .last_event_id = last_event_id}),
              std::nullopt);
    return streams_.empty() ? Subject{} : streams_.back().first;
  };
  EXPECT_EQ(stream(kLeader, "").after, Revision{});
  EXPECT_EQ(streams_.at(0).second.content_type, "text/event-stream");
  EXPECT_TRUE(streams_.at(0).second.endless);
  EXPECT_EQ(stream(std::string(kLeader) + "?index=9", "").after, Revision{9});
  const Subject resumed = stream(std::string(kLeader) + "?index=9", "12");
  EXPECT_EQ(resumed.after, Revision{12});
  EXPECT_FALSE(resumed.many());
  EXPECT_TRUE(resumed.stream);
  EXPECT_EQ(stream(kLeader, "of another server").after, Revision{});
  const Subject many = stream("/v1/watch?namespace=batch", "12-77");
  EXPECT_TRUE(many.many());
  EXPECT_EQ(many.election.ns, "batch");
  EXPECT_EQ(many.after, Revision{12});
  EXPECT_EQ(many.cluster, 77u);
}

TEST_F(WatchCallTest, RefusesWhatAStreamCannotGive) {
  const auto get = [&](const std::string& target) { return Get(target, "text/event-stream"); };
  EXPECT_EQ(ProblemOf(get(std::string(kLeader) + "?wait=1s"), 400), "invalid-parameter");
  EXPECT_EQ(ProblemOf(get(std::string(kLeader) + "?index=x"), 400), "invalid-parameter");
  EXPECT_EQ(ProblemOf(get("/v1/watch?namespace=No"), 400), "invalid-parameter");
  EXPECT_EQ(ProblemOf(get("/v1/watch?wait=1s"), 400), "unknown-parameter");
  EXPECT_EQ(ProblemOf(Get("/v1/watch", "application/json"), 406), "not-acceptable");
  store_.SetFreshness({});
  EXPECT_EQ(ProblemOf(get(kLeader), 503), "not-loaded");
  EXPECT_THAT(streams_, IsEmpty());
}

TEST_F(WatchCallTest, TheHeadOfAStreamHasNoLengthAndNoBody) {
  const auto head = Handle({.method = "HEAD", .target = kLeader, .accept = "text/event-stream"});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_TRUE(head->endless);
  EXPECT_THAT(streams_, IsEmpty());
}

}  // namespace
}  // namespace bellwether::http
