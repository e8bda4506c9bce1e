// The calls of a sidecar: / /leader /standby /v1/candidate.
#include "http/own_calls.h"

#include <gmock/gmock.h>

#include "calls_fixture.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class OwnCallsTest : public CallsTest {
 protected:
  OwnCallsTest() {
    sources_.own = &own_;
    own_.Update([](election::OwnState& own) {
      own.election = "batch/report";
      own.id = "a";
    });
  }

  Response Ask(std::string target, std::string accept = "", std::string method = "GET") {
    return Router(OwnCalls(sources_))
        .Handle(
            {.method = std::move(method), .target = std::move(target), .accept = std::move(accept)},
            now_, *this)
        .value_or(Response{.status = 0});
  }
  int Status(const std::string& target) { return Ask(target).status; }
  nlohmann::json State() { return nlohmann::json::parse(Ask("/v1/candidate").body); }
  std::string Name() { return nlohmann::json::parse(Ask("/").body)["name"]; }

  void Queue(int64_t revision = 7) {
    own_.Update([&](election::OwnState& own) {
      own.place =
          election::Place{.key = "/k/a", .lease = LeaseId{0xa}, .create_revision = {revision}};
    });
  }
  void Lead(Milliseconds valid_for) {
    Queue();
    own_.Update([&](election::OwnState& own) {
      own.leadership = election::Leadership{
          .token = {7}, .key = "/k/a", .lease = LeaseId{0xa}, .valid_until = now_ + valid_for};
    });
  }
  void Publish(std::vector<election::CandidateView> queue) {
    store_.Publish(MakeElection("batch", "report", std::move(queue)));
  }

  election::OwnStateStore own_;
};

TEST_F(OwnCallsTest, NamesTheLeaderAsTheOldSidecarDid) {
  Publish({MakeCandidate("b", 5), MakeCandidate("a", 7)});
  Queue();
  EXPECT_EQ(Ask("/").body, "{\"name\":\"b\"}\n");
  EXPECT_EQ(Ask("/", "text/plain").body, "b\n");
  EXPECT_EQ(HeaderOf(Ask("/"), "X-Bellwether-Stale"), "false");
  EXPECT_EQ(ProblemOf(Ask("/", "image/png"), 406), "not-acceptable");
  Publish({});
  EXPECT_EQ(Ask("/").body, "{\"name\":\"\"}\n");
  EXPECT_EQ(Ask("/", "text/plain").body, "");
  now_ += 4s;
  EXPECT_EQ(HeaderOf(Ask("/"), "X-Bellwether-Stale"), "true");
  store_.SetFreshness({});
  EXPECT_EQ(ProblemOf(Ask("/"), 503), "not-loaded");
}

TEST_F(OwnCallsTest, ItsOwnNameStandsThereExactlyAsLongAsItLeads) {
  Publish({MakeCandidate("b", 5)});
  Lead(10s);
  EXPECT_EQ(Name(), "a") << "before the view knows";
  Publish({MakeCandidate("a", 7)});
  now_ += 10s - 1ns;
  EXPECT_EQ(Name(), "a");
  now_ += 1ns;
  EXPECT_EQ(Name(), "") << "the view goes on naming it after its deadline";
}

TEST_F(OwnCallsTest, LeaderIsTwoHundredUntilItsOwnDeadline) {
  Lead(10s);
  EXPECT_EQ(Status("/leader"), 200);
  EXPECT_EQ(Status("/standby"), 503);
  EXPECT_EQ(Ask("/leader", "image/png", "HEAD").status, 200);
  EXPECT_EQ(Ask("/leader", "", "OPTIONS").status, 204);
  EXPECT_EQ(HeaderOf(Ask("/leader"), "Cache-Control"), "no-store");
  now_ += 10s - 1ns;
  EXPECT_EQ(Status("/leader"), 200);
  now_ += 1ns;
  EXPECT_EQ(Status("/leader"), 503);
  EXPECT_THAT(Ask("/leader").body, HasSubstr("not renewed in time"));
  SetFresh();
  EXPECT_EQ(Status("/standby"), 503) << "its work may not have ended yet";
}

TEST_F(OwnCallsTest, StandbyIsTwoHundredWhileItWaitsAndEtcdAnswers) {
  EXPECT_EQ(Status("/standby"), 503);
  EXPECT_EQ(Ask("/leader").body, "it is joining the queue\n");
  Queue();
  EXPECT_EQ(Status("/standby"), 200);
  EXPECT_EQ(Status("/leader"), 503);
  EXPECT_EQ(Ask("/leader").body, "another candidate leads\n");
  now_ += 3s + 1ms;
  EXPECT_EQ(Status("/standby"), 503);
}

TEST_F(OwnCallsTest, TellsItsStateWithTokenAndValidity) {
  Publish({MakeCandidate("a", 7)});
  Lead(2500ms);
  auto state = State();
  EXPECT_EQ(state["election"], "batch/report");
  EXPECT_EQ(state["id"], "a");
  EXPECT_EQ(state["state"], "leading");
  EXPECT_EQ(state["leads"], true);
  EXPECT_EQ(state["fencingToken"], 7);
  EXPECT_EQ(state["validForMs"], 2500);
  EXPECT_EQ(state["key"], "/k/a");
  EXPECT_EQ(state["lease"], "a");
  EXPECT_EQ(state["leader"], "a");
  EXPECT_EQ(state["stale"], false);
  EXPECT_FALSE(state.contains("health"));
  EXPECT_EQ(HeaderOf(Ask("/v1/candidate"), "Cache-Control"), "no-store");
  now_ += 2500ms;
  state = State();
  EXPECT_EQ(state["state"], "lost");
  EXPECT_EQ(state["leads"], false);
  EXPECT_EQ(state["fencingToken"], nullptr);
  EXPECT_EQ(state["validForMs"], 0);
  EXPECT_EQ(state["leader"], nullptr);
}

TEST_F(OwnCallsTest, TellsWhyItIsInNoQueue) {
  EXPECT_EQ(State()["state"], "joining");
  Queue();
  EXPECT_EQ(State()["state"], "queued");
  own_.Update([](election::OwnState& own) {
    own.place.reset();
    own.not_queued = "the application fails its check: refused";
    own.application = {.target = "tcp:127.0.0.1:1", .well = false, .why = "refused"};
  });
  EXPECT_EQ(State()["state"], "out");
  EXPECT_EQ(State()["why"], "the application fails its check: refused");
  EXPECT_EQ(State()["health"]["well"], false);
  EXPECT_EQ(State()["health"]["why"], "refused");
  EXPECT_EQ(Ask("/leader").body, "the application fails its check: refused\n");
}

TEST_F(OwnCallsTest, ServesProbesAndNothingOfTheControllers) {
  EXPECT_EQ(Status("/livez"), 200);
  EXPECT_EQ(Status("/metrics"), 200);
  EXPECT_EQ(Status("/readyz"), 200);
  EXPECT_EQ(ProblemOf(Ask("/v1/elections"), 404), "no-such-call");
}

}  // namespace
}  // namespace bellwether::http
