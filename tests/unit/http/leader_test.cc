// GET /v1/elections/{ns}/{name} and …/leader.
#include <gmock/gmock.h>

#include "calls_fixture.h"
#include "http/answers.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kLeader = "/v1/elections/batch/report/leader";

class LeaderTest : public CallsTest {
 protected:
  LeaderTest() {
    view_ = MakeElection("batch", "report", {MakeCandidate("a", 7), MakeCandidate("b", 9)});
    view_->transitions = 3;
    store_.Publish(view_);
  }
  void Publish(std::vector<election::CandidateView> queue) {
    store_.Publish(MakeElection("batch", "report", std::move(queue)));
  }
  std::string Etag(std::string accept = "") {
    return HeaderOf(Get(kLeader, std::move(accept)), "ETag");
  }

  std::shared_ptr<election::ElectionView> view_;
};

TEST_F(LeaderTest, HasTheseMembersAndNoOther) {
  EXPECT_EQ(
      Get(kLeader).body,
      R"({"election":"batch/report","leader":{"id":"a","address":"http://10.0.0.1:80","value":"v1",)"
      R"("key":"/bellwether/elections/batch/report/abc7","lease":"abc7"},"fencingToken":7,)"
      R"("since":"2027-01-15T08:00:00.000Z","sinceIsLowerBound":false,"vacantSince":null,)"
      R"("transitions":3,"candidates":2,"validForMs":null,"revision":9,)"
      R"("asOf":"2027-01-15T08:01:40.000Z","stale":false})"
      "\n");
}

TEST_F(LeaderTest, IsNullWhereNobodyLeads) {
  Publish({});
  const auto json = GetJson(kLeader);
  for (const char* member : {"leader", "fencingToken", "since", "vacantSince"}) {
    EXPECT_TRUE(json.contains(member) && json[member].is_null()) << member;
  }
  EXPECT_EQ(json["candidates"], 0);
  view_ = MakeElection("batch", "report", {});
  view_->vacant_since = WallTime(std::chrono::seconds(1800000060));
  store_.Publish(view_);
  EXPECT_EQ(GetJson(kLeader)["vacantSince"], "2027-01-15T08:01:00.000Z");
  EXPECT_EQ(Get(kLeader, "text/plain").body, "");
  EXPECT_EQ(Get(kLeader, "text/plain").status, 200);
}

TEST_F(LeaderTest, TextIsTheBareId) {
  const Response response = Get(kLeader, "text/plain");
  EXPECT_EQ(response.body, "a\n");
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(HeaderOf(response, "X-Bellwether-Token"), "7");
  EXPECT_EQ(HeaderOf(response, "X-Bellwether-Stale"), "false");
  EXPECT_EQ(HeaderOf(response, "Vary"), "Accept");
}

TEST_F(LeaderTest, NeverPretendsToBeFresh) {
  now_ += 3s;
  EXPECT_EQ(GetJson(kLeader)["stale"], false);
  now_ += 1ms;
  EXPECT_EQ(GetJson(kLeader)["stale"], true);
  EXPECT_EQ(GetJson(kLeader)["leader"]["id"], "a");
  EXPECT_EQ(HeaderOf(Get(kLeader, "text/plain"), "X-Bellwether-Stale"), "true");
}

TEST_F(LeaderTest, SaysThatTokensAreInvalidAndOnlyThen) {
  EXPECT_FALSE(GetJson(kLeader).contains("tokensInvalid"));
  const std::string before = Etag();
  auto freshness = store_.freshness();
  freshness.tokens_invalid = true;
  store_.SetFreshness(freshness);
  for (const char* target : {kLeader, "/v1/elections/batch/report", "/v1/elections"}) {
    EXPECT_EQ(GetJson(target)["tokensInvalid"], true) << target;
  }
  EXPECT_EQ(Get(kLeader, "", before).status, 200);
}

TEST_F(LeaderTest, IsNotSentAgainUnchanged) {
  const std::string etag = Etag();
  const Response response = Get(kLeader, "", "\"other\", " + etag);
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.content_type, "");
  EXPECT_EQ(HeaderOf(response, "ETag"), etag);
  EXPECT_EQ(HeaderOf(response, "Vary"), "Accept");
  EXPECT_EQ(Get(kLeader, "text/plain", etag).status, 200) << "the text is another representation";
}

TEST_F(LeaderTest, IsSentAgainWhenTheLeaderOrTheTrustInItChanged) {
  const std::string etag = Etag();
  Publish({MakeCandidate("a", 7), MakeCandidate("c", 12)});
  EXPECT_EQ(Get(kLeader, "", etag).status, 304) << "the queue behind the leader does not count";
  Publish({MakeCandidate("a", 12)});
  EXPECT_EQ(Get(kLeader, "", etag).status, 200);
  Publish({MakeCandidate("a", 7)});
  now_ += 10s;
  EXPECT_EQ(Get(kLeader, "", etag).status, 200)
      << "a stale replica must not confirm a fresh answer";
}

TEST_F(LeaderTest, KnowsNotEvenWhatIsUnknownBeforeTheFirstList) {
  store_.SetFreshness({});
  for (const char* target :
       {kLeader, "/v1/elections/no/such/leader", "/v1/elections/batch/report", "/v1/elections"}) {
    const Response response = Get(target);
    EXPECT_EQ(ProblemOf(response, 503), "not-loaded") << target;
    EXPECT_EQ(HeaderOf(response, "Retry-After"), "1");
  }
  SetFresh();
  EXPECT_EQ(ProblemOf(Get("/v1/elections/no/such/leader"), 404), "unknown-election");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/no/such"), 404), "unknown-election");
}

TEST_F(LeaderTest, RefusesWhatIsNoNameAndWhatCannotBeGiven) {
  EXPECT_EQ(ProblemOf(Get("/v1/elections/Batch/report/leader"), 400), "invalid-name");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/batch%2Freport/x/leader"), 400), "invalid-name");
  EXPECT_EQ(ProblemOf(Get(kLeader, "text/html"), 406), "not-acceptable");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/batch/report", "text/plain"), 406), "not-acceptable");
  const Response response = Get(std::string(kLeader) + "?consistency=strong");
  EXPECT_EQ(ProblemOf(response, 400), "invalid-parameter");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["parameter"], "consistency");
  EXPECT_THAT(json["allowed"], ElementsAre("local", "linearizable"));
}

TEST_F(LeaderTest, CarriesBytesThatAreNotUtf8AsBase64) {
  auto candidate = MakeCandidate("lease:abc7", 7);
  candidate.value = std::string("\xff\0", 2);
  candidate.key = "/p/\xfe";
  candidate.address.clear();
  candidate.ours = false;
  Publish({candidate});
  const auto leader = GetJson(kLeader)["leader"];
  EXPECT_TRUE(leader["value"].is_null());
  EXPECT_EQ(leader["valueBase64"], "/wA=");
  EXPECT_TRUE(leader["key"].is_null());
  EXPECT_EQ(leader["keyBase64"], "L3Av/g==");
  EXPECT_TRUE(leader["address"].is_null());
}

TEST_F(LeaderTest, MarksACutValueAndCutsNoCharacter) {
  auto candidate = MakeCandidate("a", 7);
  candidate.value = "ab\xe2\x82";  // the beginning of a longer sign
  candidate.value_cut = true;
  Publish({candidate});
  const auto leader = GetJson(kLeader)["leader"];
  EXPECT_EQ(leader["value"], "ab");
  EXPECT_EQ(leader["valueCut"], true);
  EXPECT_FALSE(GetJson("/v1/elections/batch/report")["queue"][0].contains("valueBase64"));
}

TEST_F(LeaderTest, HostileIdsStayInsideTheirPlace) {
  auto candidate = MakeCandidate("x\r\nSet-Cookie: a=b\r\n\r\n\"}", 7);
  candidate.address = "http://h/\r\nX: y";
  Publish({candidate});
  const Response response = Get(kLeader);
  EXPECT_EQ(response.body.find('\r'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(response.body)["leader"]["id"], candidate.id);
  for (const Header& header : response.headers) {
    EXPECT_EQ(header.value.find_first_of("\r\n"), std::string::npos) << header.name;
  }
}

// --- consistency=linearizable

class LinearizableTest : public LeaderTest {
 protected:
  std::optional<Response> Ask(std::string target = kLeader) {
    return Handle({.method = "GET", .target = target + "?consistency=linearizable"});
  }
  static LinearizableLeader Read(election::CandidateView leader) {
    return {.leader = std::move(leader),
            .revision = {1000},
            .asked_at = WallTime(1800000200s),
            .lease_ttl = 9000ms};
  }
};

TEST_F(LinearizableTest, AnswersWithEtcdsWord) {
  ASSERT_FALSE(Ask());
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_[0].first.str(), "batch/report");
  asked_[0].second(Read(MakeCandidate("a", 7)));
  ASSERT_EQ(late_.size(), 1u);
  const auto json = nlohmann::json::parse(late_[0].body);
  EXPECT_EQ(json["leader"]["id"], "a");
  EXPECT_EQ(json["leaseTtlMs"], 9000);
  EXPECT_EQ(json["revision"], 1000);
  EXPECT_EQ(json["asOf"], "2027-01-15T08:03:20.000Z");
  EXPECT_EQ(json["stale"], false);
  EXPECT_FALSE(json["since"].is_null());
  EXPECT_EQ(json["transitions"], 3);
  EXPECT_EQ(json["candidates"], 2);
  EXPECT_EQ(HeaderOf(late_[0], "Cache-Control"), "no-store");
}

TEST_F(LinearizableTest, ClaimsNothingAboutALeaderThatTheViewDoesNotKnow) {
  now_ += 60s;  // stale views do not matter
  ASSERT_FALSE(Ask());
  asked_[0].second(Read(MakeCandidate("z", 50)));
  const auto json = nlohmann::json::parse(late_[0].body);
  EXPECT_EQ(json["fencingToken"], 50);
  EXPECT_TRUE(json["since"].is_null());
  EXPECT_TRUE(json["candidates"].is_null());
  EXPECT_EQ(json["stale"], false);
}

TEST_F(LinearizableTest, FindsAnElectionThatTheViewsDoNotHave) {
  ASSERT_FALSE(Ask("/v1/elections/new/one/leader"));
  ASSERT_FALSE(Ask("/v1/elections/new/one/leader"));
  asked_[0].second(Read(MakeCandidate("a", 50)));
  asked_[1].second(LinearizableLeader{.revision = {1001}});
  EXPECT_EQ(late_[0].status, 200);
  EXPECT_EQ(ProblemOf(late_[1], 404), "unknown-election");
}

TEST_F(LinearizableTest, SaysThatEtcdCannotBeAsked) {
  ASSERT_FALSE(Ask());
  asked_[0].second(
      Error{.code = Code::kUnavailable, .message = "no quorum", .retry_after = 2500ms});
  EXPECT_EQ(ProblemOf(late_[0], 503), "etcd-unavailable");
  EXPECT_THAT(late_[0].body, HasSubstr("no quorum"));
  EXPECT_EQ(HeaderOf(late_[0], "Retry-After"), "3");
}

TEST_F(LinearizableTest, BoundsTheReadsUnderWay) {
  const Router router(AllCalls(sources_, [] { return 2; }));
  const Request request{.method = "GET",
                        .target = std::string(kLeader) + "?consistency=linearizable"};
  EXPECT_FALSE(router.Handle(request, now_, *this));
  EXPECT_FALSE(router.Handle(request, now_, *this));
  const auto refused = router.Handle(request, now_, *this);
  ASSERT_TRUE(refused);
  EXPECT_EQ(ProblemOf(*refused, 503), "overloaded");
  asked_.pop_back();  // a callback that is dropped frees its place too
  EXPECT_FALSE(router.Handle(request, now_, *this));
  EXPECT_EQ(asked_.size(), 2u);
}

// --- the election with its queue

TEST_F(LeaderTest, ElectionShowsItsQueue) {
  auto foreign = MakeCandidate("f", 11);
  foreign.ours = false;
  foreign.lease = LeaseId{};
  view_->queue.push_back(foreign);
  view_->last_failover = 120ms;
  store_.Publish(view_);
  const auto json = GetJson("/v1/elections/batch/report");
  EXPECT_EQ(json["prefix"], "/bellwether/elections/batch/report");
  EXPECT_EQ(json["state"], "led");
  EXPECT_EQ(json["leader"]["id"], "a");
  EXPECT_EQ(json["lastFailoverMs"], 120);
  EXPECT_EQ(json["candidates"], 3);
  ASSERT_EQ(json["queue"].size(), 3u);
  EXPECT_EQ(json["queue"][0]["createRevision"], 7);
  EXPECT_EQ(json["queue"][0]["foreign"], false);
  EXPECT_EQ(json["queue"][2]["foreign"], true);
  EXPECT_TRUE(json["queue"][2]["lease"].is_null());
  EXPECT_FALSE(json.contains("queueCut"));
}

TEST_F(LeaderTest, ElectionCutsAQueueThatIsTooLarge) {
  std::vector<election::CandidateView> queue;
  for (int64_t i = 1; i <= 400; ++i) {
    queue.push_back(MakeCandidate("c" + std::to_string(i), i));
    queue.back().value = std::string(election::kMaxShownValueBytes, 'v');
  }
  Publish(queue);
  const Response response = Get("/v1/elections/batch/report");
  EXPECT_LT(response.body.size(), kMaxAnswerBytes + 100);
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["queueCut"], true);
  EXPECT_EQ(json["candidates"], 400);
  EXPECT_GT(json["queue"].size(), 200u);
}

}  // namespace
}  // namespace bellwether::http
