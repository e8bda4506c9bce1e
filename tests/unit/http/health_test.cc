// …/leader?is=ID and …/standby?is=ID.
#include <gmock/gmock.h>

#include "calls_fixture.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class HealthTest : public CallsTest {
 protected:
  HealthTest() { Publish({MakeCandidate("a", 7), MakeCandidate("b", 9)}); }
  void Publish(std::vector<election::CandidateView> queue) {
    store_.Publish(MakeElection("batch", "report", std::move(queue)));
  }
  Response Ask(const std::string& call) { return Get("/v1/elections/batch/report/" + call); }
  int Status(const std::string& call) { return Ask(call).status; }
};

TEST_F(HealthTest, TellsTheLeaderFromTheStandbyAndSaysWhy) {
  EXPECT_EQ(Status("leader?is=a"), 200);
  EXPECT_EQ(Ask("leader?is=a").body, "it leads\n");
  EXPECT_EQ(Ask("leader?is=b").body, "another candidate leads\n");
  EXPECT_EQ(Status("leader?is=b"), 503);
  EXPECT_EQ(Status("standby?is=b"), 200);
  EXPECT_EQ(Ask("standby?is=a").body, "it leads\n");
  EXPECT_EQ(Status("standby?is=a"), 503);
  EXPECT_EQ(Ask("standby?is=c").body, "it is not in the queue\n");
  EXPECT_EQ(Status("standby?is=c"), 503);
  EXPECT_EQ(HeaderOf(Ask("leader?is=a"), "Cache-Control"), "no-store");
  EXPECT_EQ(HeaderOf(Ask("leader?is=a"), "X-Bellwether-Stale"), "false");
  Publish({});
  EXPECT_EQ(Ask("leader?is=a").body, "nobody leads\n");
  EXPECT_EQ(Status("standby?is=b"), 503);
}

TEST_F(HealthTest, HeadAndOptionsAsLoadBalancersSendThem) {
  for (const char* call : {"leader?is=a", "standby?is=b"}) {
    const std::string target = std::string("/v1/elections/batch/report/") + call;
    EXPECT_EQ(Handle({.method = "HEAD", .target = target})->status, 200);
    EXPECT_EQ(Handle({.method = "OPTIONS", .target = target})->status, 204);
    EXPECT_EQ(Get(target, "image/png").status, 200) << "whatever it accepts";
  }
}

TEST_F(HealthTest, WithoutAKnownTtlItHoldsWhileTheViewIsFresh) {
  now_ += 3s;
  EXPECT_EQ(Status("leader?is=a"), 200);
  now_ += 1ms;
  EXPECT_EQ(Status("leader?is=a"), 503);
  EXPECT_EQ(Status("standby?is=b"), 503);
  EXPECT_THAT(Ask("leader?is=a").body, HasSubstr("not heard from etcd"));
  EXPECT_EQ(HeaderOf(Ask("leader?is=a"), "X-Bellwether-Stale"), "true");
}

TEST_F(HealthTest, WithAKnownTtlItHoldsUntilAMarginBeforeItsEnd) {
  ttls_[MakeCandidate("a", 7).lease] = 15s;
  auto freshness = store_.freshness();
  freshness.watching = false;
  store_.SetFreshness(freshness);
  now_ = freshness.as_of + 13500ms - 1ns;  // 15 s less a tenth
  EXPECT_EQ(Status("leader?is=a"), 200);
  EXPECT_EQ(Status("standby?is=b"), 503) << "its lease is another";
  now_ += 1ns;
  EXPECT_EQ(Status("leader?is=a"), 503);
}

TEST_F(HealthTest, AShortTtlEndsBeforeTheViewIsStale) {
  ttls_[MakeCandidate("a", 7).lease] = 2s;
  now_ += 1500ms;
  EXPECT_EQ(Status("leader?is=a"), 503);
}

TEST_F(HealthTest, WhatIsUnknownIsDownForALoadBalancer) {
  for (const char* call : {"leader?is=a", "standby?is=a"}) {
    const Response response = Get(std::string("/v1/elections/no/such/") + call);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "the election is not known here\n");
  }
  store_.SetFreshness({});
  EXPECT_EQ(Ask("leader?is=a").body, "elections are not known here yet\n");
  EXPECT_EQ(Status("leader?is=a"), 503);
}

TEST_F(HealthTest, RefusesAQuestionThatNamesNobody) {
  for (const char* call : {"leader?is=", "leader?is", "standby?is=", "standby",
                           "leader?is=a&consistency=linearizable"}) {
    const Response response = Ask(call);
    EXPECT_EQ(ProblemOf(response, 400), "invalid-parameter") << call;
    EXPECT_EQ(nlohmann::json::parse(response.body)["parameter"], "is");
  }
  EXPECT_EQ(ProblemOf(Ask("standby?id=a"), 400), "unknown-parameter");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/A/b/standby?is=a"), 400), "invalid-name");
}

}  // namespace
}  // namespace bellwether::http
