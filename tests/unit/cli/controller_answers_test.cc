#include "cli/controller_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bellwether::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json Leader() {
  return json::parse(R"({"election":"batch/report",
    "leader":{"id":"a","address":"http://a:80","value":null,"valueBase64":"/wD+","key":"/k/abc7",
              "lease":"abc7"},
    "fencingToken":7,"since":"2027-01-15T08:00:00.123Z","transitions":3,"candidates":2,
    "validForMs":null,"revision":9,"asOf":"2027-01-15T08:01:40.000Z","stale":false,"more":[]})");
}

TEST(ControllerAnswersTest, ALeaderIsWhatItsKeyInEtcdSays) {
  const auto read = ReadElection(Leader().dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->candidates, 2u);
  const election::ElectionView& view = *read->answer.view;
  EXPECT_EQ(view.ns + " " + view.name, "batch report");
  ASSERT_NE(view.leader(), nullptr);
  EXPECT_EQ(view.leader()->id, "a");
  EXPECT_EQ(view.leader()->address, "http://a:80");
  EXPECT_EQ(view.leader()->value, std::string("\xff\0\xfe", 3));
  EXPECT_EQ(view.leader()->key, "/k/abc7");
  EXPECT_EQ(view.leader()->lease.Hex(), "abc7");
  EXPECT_EQ(view.token()->value, 7);
  EXPECT_EQ(Rfc3339(*view.leader_since), "2027-01-15T08:00:00.123Z");
  EXPECT_EQ(Rfc3339(read->answer.moment.as_of), "2027-01-15T08:01:40.000Z");
  EXPECT_FALSE(read->answer.moment.stale);
}

TEST(ControllerAnswersTest, NobodyLeadsAndNothingWasAskedYet) {
  json answer = Leader();
  for (const char* member : {"leader", "fencingToken", "since", "asOf"}) answer[member] = nullptr;
  answer["stale"] = true;
  const auto read = ReadElection(answer.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->answer.view->leader(), nullptr);
  EXPECT_TRUE(read->answer.moment.stale);
}

TEST(ControllerAnswersTest, AQueueIsReadWhole) {
  json answer = Leader();
  json place = answer["leader"];
  place["createRevision"] = 7;
  place["foreign"] = false;
  answer["queue"] = {place, place};
  answer["queue"][1]["foreign"] = true;
  answer["queue"][1]["createRevision"] = 8;
  answer["queue"][1]["lease"] = nullptr;
  answer["queueCut"] = true;
  const auto read = ReadElection(answer.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->queue_cut);
  const auto& queue = read->answer.view->queue;
  ASSERT_EQ(queue.size(), 2u);
  EXPECT_TRUE(queue[0].ours);
  EXPECT_FALSE(queue[1].ours);
  EXPECT_FALSE(queue[1].lease);
  EXPECT_EQ(queue[1].create_revision, Revision{8});
}

TEST(ControllerAnswersTest, WhatIsMissingOrOfAnotherTypeIsNamed) {
  for (const char* member : {"election", "leader", "revision", "stale"}) {
    json answer = Leader();
    answer.erase(member);
    const auto missing = ReadElection(answer.dump());
    ASSERT_FALSE(missing) << member;
    EXPECT_THAT(missing.error().message, HasSubstr(std::string("has no \"") + member));
    answer[member] = json::array();
    EXPECT_FALSE(ReadElection(answer.dump())) << member;
  }
  for (const auto& [pointer, wrong] :
       {std::pair("/leader/lease", json("not hex")), std::pair("/leader/id", json(7)),
        std::pair("/leader/valueBase64", json("*")), std::pair("/since", json("yesterday")),
        std::pair("/asOf", json("2027-99-15T08:01:40.000Z")), std::pair("/queue", json({1})),
        std::pair("/queue", json({{"id", "x"}})), std::pair("/leader", json("a"))}) {
    json answer = Leader();
    answer[json::json_pointer(pointer)] = wrong;
    EXPECT_FALSE(ReadElection(answer.dump())) << pointer << wrong;
  }
  for (const char* body : {"", "{", "[]", "null", "7", "<html>"}) {
    EXPECT_FALSE(ReadElection(body)) << body;
    EXPECT_FALSE(ReadPage(body)) << body;
    EXPECT_FALSE(ReadStale(body)) << body;
    EXPECT_FALSE(ReadUnknown(body)) << body;
  }
}

TEST(ControllerAnswersTest, APageTellsWhetherAnotherFollows) {
  const json page = {{"elections", {Leader()}},
                     {"continue", "abc"},
                     {"revision", 12},
                     {"asOf", nullptr},
                     {"stale", false}};
  const auto read = ReadPage(page.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->next, "abc");
  ASSERT_EQ(read->list.elections.size(), 1u);
  EXPECT_EQ(read->list.elections[0].election, "batch/report");
  EXPECT_EQ(read->list.elections[0].last_change, Revision{9});
  EXPECT_EQ(read->list.moment.revision, Revision{12});
}

json History() {
  return json::parse(R"({"election":"batch/report","changes":[
      {"time":"2027-01-15T08:00:00.123Z","revision":9,"leader":{"id":"a","address":"http://a:80"},
       "fencingToken":7,"ledForMs":1500,"listed":true},
      {"time":"2027-01-15T08:00:01.623Z","revision":12,"leader":null,"fencingToken":null,
       "ledForMs":null,"listed":false}],
    "completeSince":{"time":"2027-01-15T08:00:00.000Z","revision":8},
    "revision":12,"asOf":"2027-01-15T08:01:40.000Z","stale":false,"more":[]})");
}

TEST(ControllerAnswersTest, AHistoryIsReadInItsOrder) {
  const auto read = ReadHistory(History().dump());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->changes.size(), 2u);
  const election::PastChange& led = read->changes[0];
  EXPECT_EQ(led.id + " " + led.address, "a http://a:80");
  EXPECT_EQ(led.token, FencingToken{7});
  EXPECT_EQ(led.led_for, Milliseconds(1500));
  EXPECT_TRUE(led.listed);
  EXPECT_EQ(Rfc3339(led.seen.wall), "2027-01-15T08:00:00.123Z");
  const election::PastChange& vacant = read->changes[1];
  EXPECT_EQ(vacant.token, FencingToken{0});
  EXPECT_EQ(vacant.led_for, std::nullopt);
  EXPECT_EQ(vacant.seen.revision, Revision{12});
  ASSERT_TRUE(read->complete_since);
  EXPECT_EQ(read->complete_since->revision, Revision{8});
  EXPECT_EQ(read->moment.revision, Revision{12});
}

TEST(ControllerAnswersTest, WhatIsWrongInAHistoryIsAnError) {
  for (const char* pointer :
       {"/changes", "/completeSince", "/changes/0/time", "/changes/1/leader", "/changes/0/listed",
        "/changes/0/fencingToken", "/completeSince/time", "/stale", "/changes/0/revision"}) {
    json answer = History();
    answer[json::json_pointer(pointer)] = "x";
    EXPECT_FALSE(ReadHistory(answer.dump())) << pointer;
    const json::json_pointer at(pointer);
    answer.at(at.parent_pointer()).erase(at.back());
    EXPECT_FALSE(ReadHistory(answer.dump())) << "without " << pointer;
  }
}

}  // namespace
}  // namespace bellwether::cli
