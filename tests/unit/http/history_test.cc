// GET /v1/elections/{ns}/{name}/history.
#include "calls_fixture.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHistory = "/v1/elections/batch/report/history";

class HistoryCallTest : public CallsTest {
 protected:
  // The view with this queue, and the change to it, one second after the last one.
  void Become(std::vector<election::CandidateView> queue, uint64_t transitions,
              std::optional<Milliseconds> led_for = std::nullopt) {
    at_ += 1s;
    const election::Seen seen{
        {700 + at_.count()}, now_ + at_, WallTime(std::chrono::seconds(1800000000) + at_)};
    auto view = MakeElection("batch", "report", std::move(queue));
    view->transitions = transitions;
    view->complete_since = {{700}, now_, WallTime(std::chrono::seconds(1800000000))};
    if (view->queue.empty()) view->vacant_since = seen.wall;
    election::LeaderChange change{.before = store_.Find("batch", "report"), .seen = seen};
    if (!view->queue.empty()) change.after = view;
    change.led_for = led_for;
    history_.Add(change);
    store_.Publish(view);
  }

  std::chrono::seconds at_{0};
};

TEST_F(HistoryCallTest, TellsTheChangesTheNewestLast) {
  Become({MakeCandidate("a", 7)}, 0);
  Become({}, 0, Milliseconds(1500));
  Become({MakeCandidate("b", 9)}, 1);
  const auto json = GetJson(kHistory);
  EXPECT_EQ(json["election"], "batch/report");
  EXPECT_EQ(json["stale"], false);
  EXPECT_EQ(json["completeSince"],
            nlohmann::json({{"time", "2027-01-15T08:00:00.000Z"}, {"revision", 700}}));
  ASSERT_EQ(json["changes"].size(), 3u);
  const auto& first = json["changes"][0];
  EXPECT_EQ(first["leader"], nlohmann::json({{"id", "a"}, {"address", "http://10.0.0.1:80"}}));
  EXPECT_EQ(first["fencingToken"], 7);
  EXPECT_EQ(first["ledForMs"], 1500);
  EXPECT_EQ(first["listed"], true);
  EXPECT_EQ(first["revision"], 700);
  const auto& vacant = json["changes"][1];
  EXPECT_EQ(vacant["time"], "2027-01-15T08:00:02.000Z");
  EXPECT_TRUE(vacant["leader"].is_null() && vacant["fencingToken"].is_null() &&
              vacant["ledForMs"].is_null());
  EXPECT_EQ(vacant["listed"], false);
  EXPECT_EQ(json["changes"][2]["leader"]["id"], "b");
}

TEST_F(HistoryCallTest, ALimitLeavesTheOldestOut) {
  Become({MakeCandidate("a", 7)}, 0);
  Become({MakeCandidate("b", 8)}, 1);
  const auto json = GetJson(std::string(kHistory) + "?limit=1");
  ASSERT_EQ(json["changes"].size(), 1u);
  EXPECT_EQ(json["changes"][0]["leader"]["id"], "b");
  for (const char* wrong : {"limit=0", "limit=33", "limit=", "limit=1x", "limit=-1"}) {
    EXPECT_EQ(ProblemOf(Get(std::string(kHistory) + "?" + wrong), 400), "invalid-parameter");
  }
  EXPECT_EQ(ProblemOf(Get(std::string(kHistory) + "?wait=1s"), 400), "unknown-parameter");
}

TEST_F(HistoryCallTest, SaysWhetherItIsStaleAndWhatItDoesNotKnow) {
  EXPECT_EQ(ProblemOf(Get(kHistory), 404), "unknown-election");
  EXPECT_EQ(ProblemOf(Get("/v1/elections/batch/-/history"), 400), "invalid-name");
  Become({MakeCandidate("a", 7)}, 0);
  EXPECT_EQ(HeaderOf(Get(kHistory), "X-Bellwether-Stale"), "false");
  EXPECT_EQ(ProblemOf(Get(kHistory, "text/plain"), 406), "not-acceptable");
  now_ += election::kFreshFor + 1ms;
  EXPECT_EQ(HeaderOf(Get(kHistory), "X-Bellwether-Stale"), "true");
  EXPECT_EQ(GetJson(kHistory)["stale"], true);
  store_.SetFreshness({.loaded = false});
  EXPECT_EQ(ProblemOf(Get(kHistory), 503), "not-loaded");
}

TEST_F(HistoryCallTest, AnswersHeadAndIsListed) {
  Become({MakeCandidate("a", 7)}, 0);
  const auto head = Handle({.method = "HEAD", .target = kHistory});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  const auto options = Handle({.method = "OPTIONS", .target = kHistory});
  ASSERT_TRUE(options);
  EXPECT_EQ(HeaderOf(*options, "Allow"), "GET, HEAD, OPTIONS");
  EXPECT_NE(Get("/", "text/plain").body.find("/history[?limit=]"), std::string::npos);
}

}  // namespace
}  // namespace bellwether::http
