// GET /v1/elections.
#include <gmock/gmock.h>

#include "calls_fixture.h"
#include "http/answers.h"

namespace bellwether::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ListTest : public CallsTest {
 protected:
  void Add(const std::string& ns, const std::string& name, bool led = true) {
    std::vector<election::CandidateView> queue;
    if (led) queue.push_back(MakeCandidate("a", 7));
    store_.Publish(MakeElection(ns, name, std::move(queue)));
  }
  static std::vector<std::string> Names(const nlohmann::json& page) {
    std::vector<std::string> names;
    for (const auto& item : page["elections"]) names.push_back(item["election"]);
    return names;
  }
  static std::string Next(const nlohmann::json& page) { return page.value("continue", ""); }
};

TEST_F(ListTest, ShowsEachElectionOnOneLine) {
  EXPECT_THAT(Names(GetJson("/v1/elections")), IsEmpty());
  Add("a", "x");
  Add("a", "y", false);
  const auto page = GetJson("/v1/elections");
  EXPECT_EQ(page["revision"], 900);
  EXPECT_EQ(page["stale"], false);
  EXPECT_FALSE(page.contains("continue"));
  ASSERT_EQ(page["elections"].size(), 2u);
  const auto& led = page["elections"][0];
  EXPECT_EQ(led["election"], "a/x");
  EXPECT_EQ(led["state"], "led");
  EXPECT_EQ(led["leader"]["id"], "a");
  EXPECT_EQ(led["fencingToken"], 7);
  EXPECT_EQ(led["candidates"], 1);
  EXPECT_FALSE(led["leader"].contains("value"));
  EXPECT_EQ(page["elections"][1]["state"], "vacant");
  EXPECT_TRUE(page["elections"][1]["leader"].is_null());
}

TEST_F(ListTest, FiltersByNamespaceAndState) {
  Add("a", "x");
  Add("a", "y", false);
  Add("b", "x", false);
  EXPECT_THAT(Names(GetJson("/v1/elections?namespace=a")), ElementsAre("a/x", "a/y"));
  EXPECT_THAT(Names(GetJson("/v1/elections?state=vacant")), ElementsAre("a/y", "b/x"));
  EXPECT_THAT(Names(GetJson("/v1/elections?state=led&namespace=b")), IsEmpty());
}

TEST_F(ListTest, PagesEndExactlyWhereTheElectionsDo) {
  for (const char* name : {"p", "q", "r", "s"}) Add("a", name);
  auto page = GetJson("/v1/elections?limit=2");
  EXPECT_THAT(Names(page), ElementsAre("a/p", "a/q"));
  page = GetJson("/v1/elections?limit=2&continue=" + Next(page));
  EXPECT_THAT(Names(page), ElementsAre("a/r", "a/s"));
  EXPECT_EQ(Next(page), "");
}

TEST_F(ListTest, ALimitIsOfWhatMatches) {
  for (int i = 10; i < 40; ++i) Add("a", "n" + std::to_string(i), i % 10 == 5);
  auto page = GetJson("/v1/elections?limit=2&state=led");
  EXPECT_THAT(Names(page), ElementsAre("a/n15", "a/n25"));
  page = GetJson("/v1/elections?limit=2&state=led&continue=" + Next(page));
  EXPECT_THAT(Names(page), ElementsAre("a/n35"));
  EXPECT_EQ(Next(page), "");
}

TEST_F(ListTest, ElectionsThatComeAndGoBetweenPagesDisturbNoOther) {
  for (const char* name : {"b", "d", "f", "h"}) Add("a", name);
  const auto first = GetJson("/v1/elections?limit=2");
  EXPECT_THAT(Names(first), ElementsAre("a/b", "a/d"));
  store_.Remove("a", "d");  // the one that the page ended with
  store_.Remove("a", "b");
  Add("a", "a");  // before what was shown
  Add("a", "e");
  EXPECT_THAT(Names(GetJson("/v1/elections?limit=9&continue=" + Next(first))),
              ElementsAre("a/e", "a/f", "a/h"));
}

TEST_F(ListTest, IsBoundedInCountAndInBytes) {
  for (int i = 0; i < 1200; ++i) Add("a", "n" + std::to_string(i));
  EXPECT_EQ(GetJson("/v1/elections")["elections"].size(), 100u);
  EXPECT_EQ(GetJson("/v1/elections?limit=1000")["elections"].size(), 1000u);

  std::string target = "/v1/elections?limit=1000&namespace=big";
  for (int i = 100; i < 110; ++i) {
    auto candidate = MakeCandidate("a", 7);
    candidate.key = std::string(1 << 20, 'k');  // etcd takes such keys
    store_.Publish(MakeElection("big", "n" + std::to_string(i), {candidate}));
  }
  std::vector<std::string> seen;
  for (std::string next; seen.size() < 10;) {
    const Response response = Get(next.empty() ? target : target + "&continue=" + next);
    EXPECT_LT(response.body.size(), kMaxAnswerBytes + (2 << 20));
    const auto page = nlohmann::json::parse(response.body);
    for (auto& name : Names(page)) seen.push_back(name);
    next = Next(page);
    ASSERT_EQ(next.empty(), seen.size() == 10);
  }
  EXPECT_EQ(seen.back(), "big/n109");
}

TEST_F(ListTest, RefusesWrongParameters) {
  const std::pair<const char*, const char*> cases[] = {
      {"limit=0", "limit"},          {"limit=1001", "limit"},     {"limit=-1", "limit"},
      {"limit=10x", "limit"},        {"limit=", "limit"},         {"state=dead", "state"},
      {"namespace=A", "namespace"},  {"namespace=", "namespace"}, {"continue=%21", "continue"},
      {"continue=MTph", "continue"}, {"limit=1&limit=2", "limit"}};
  for (const auto& [query, parameter] : cases) {
    const Response response = Get(std::string("/v1/elections?") + query);
    EXPECT_EQ(ProblemOf(response, 400), "invalid-parameter") << query;
    EXPECT_EQ(nlohmann::json::parse(response.body)["parameter"], parameter);
  }
  const Response response = Get("/v1/elections?label=x");
  EXPECT_EQ(ProblemOf(response, 400), "unknown-parameter");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["parameter"], "label");
  EXPECT_THAT(json["allowed"], ElementsAre("namespace", "state", "limit", "continue"));
}

}  // namespace
}  // namespace bellwether::http
