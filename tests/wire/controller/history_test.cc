// Who led before, as a controller remembers it of a real etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "support/eventually.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using testing::ElementsAre;

json History(ControllerProcess& controller, const std::string& election,
             const std::string& query = "") {
  return controller.Get("/v1/elections/" + election + "/history" + query).json();
}

// "ID" of each, "none" for nobody.
std::vector<std::string> Leaders(const json& history) {
  std::vector<std::string> leaders;
  for (const json& change : history["changes"]) {
    leaders.push_back(change["leader"].is_null() ? "none" : change["leader"]["id"]);
  }
  return leaders;
}

int64_t RevisionOf(const EtcdServer& etcd) {
  return json::parse(etcd.Etcdctl("endpoint status -w json"))[0]["Status"]["header"]["revision"];
}
std::string Writes(const EtcdServer& etcd) {
  const json status = json::parse(etcd.Etcdctl("endpoint status -w json"))[0]["Status"];
  return status["header"]["revision"].dump() + " " + status["raftIndex"].dump();
}

// The token that etcd itself gives the only candidate.
int64_t TokenInEtcd(const EtcdServer& etcd, const std::string& election) {
  return std::stoll(etcd.Etcdctl("get --prefix /bellwether/elections/" + election +
                                 "/ -w fields | sed -n 's/^\"CreateRevision\" : //p'"));
}

bool IsVacant(ControllerProcess& controller, const std::string& election) {
  return Eventually([&] {
    const json leader = controller.Leader(election);
    return leader.contains("leader") && leader["leader"].is_null();
  });
}

TEST(HistoryWireTest, TellsEachLeaderWithItsTokenAndTimesAndAsksEtcdNothing) {
  const EtcdServer etcd;
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Ready()) << controller.log();
  const int64_t begin = RevisionOf(etcd);
  EXPECT_EQ(controller.Get("/v1/elections/test/one/history").status, 404);

  std::vector<int64_t> tokens;
  for (const char* id : {"a", "b"}) {
    Join(etcd, "test/one", id);
    ASSERT_TRUE(controller.Leads("test/one", id)) << controller.log();
    tokens.push_back(TokenInEtcd(etcd, "test/one"));
    Leave(etcd, "test/one");
    ASSERT_TRUE(IsVacant(controller, "test/one"));
  }
  const std::string before = Writes(etcd);
  json history;
  for (int i = 0; i < 50; ++i) history = History(controller, "test/one");
  EXPECT_EQ(Writes(etcd), before);

  ASSERT_THAT(Leaders(history), ElementsAre("a", "none", "b", "none")) << history;
  EXPECT_EQ(history["changes"][0]["fencingToken"], tokens[0]);
  EXPECT_EQ(history["changes"][2]["fencingToken"], tokens[1]);
  EXPECT_TRUE(history["changes"][1]["fencingToken"].is_null());
  std::string time;
  int64_t revision = begin;
  for (const json& change : history["changes"]) {
    EXPECT_EQ(change["listed"], false);
    EXPECT_EQ(change["ledForMs"].is_number(), change["leader"].is_object()) << change;
    EXPECT_GE(change["time"].get<std::string>(), time) << "RFC 3339 in UTC sorts as text";
    EXPECT_GT(change["revision"].get<int64_t>(), revision);
    time = change["time"];
    revision = change["revision"];
  }
  EXPECT_EQ(history["changes"][0]["revision"], tokens[0]) << "it led from the revision of its key";
  EXPECT_LE(history["completeSince"]["revision"].get<int64_t>(), begin);
  EXPECT_EQ(history["stale"], false);

  const json newest = History(controller, "test/one", "?limit=1");
  EXPECT_THAT(Leaders(newest), ElementsAre("none"));
  EXPECT_EQ(newest["completeSince"]["revision"], history["changes"][2]["revision"]);
}

TEST(HistoryWireTest, AReloadOfPrefixesLeavesItAsItIs) {
  const EtcdServer etcd;
  ControllerProcess controller(etcd);
  const std::string file = etcd.folder() + "/controller.yaml";
  std::string config;
  std::getline(std::ifstream(file), config, '\0');
  Join(etcd, "test/one", "a");
  ASSERT_TRUE(controller.Leads("test/one", "a")) << controller.log();
  Leave(etcd, "test/one");
  ASSERT_TRUE(IsVacant(controller, "test/one"));
  Join(etcd, "test/one", "b");
  ASSERT_TRUE(controller.Leads("test/one", "b"));
  const json before = History(controller, "test/one");

  std::ofstream(file) << config
                      << "elections: {prefixes: [{election: legacy/x, prefix: /TEST/X}]}\n";
  etcd.Etcdctl("put /TEST/X/1 old-hand");
  const int64_t begin = RevisionOf(etcd);
  controller.process().Signal(SIGHUP);
  ASSERT_TRUE(controller.Leads("legacy/x", "old-hand")) << controller.log();
  const json after = History(controller, "test/one");
  EXPECT_EQ(after["changes"], before["changes"]);
  EXPECT_EQ(after["completeSince"], before["completeSince"]);
  const json added = History(controller, "legacy/x");
  EXPECT_THAT(Leaders(added), ElementsAre("old-hand"));
  EXPECT_EQ(added["changes"][0]["listed"], true);
  EXPECT_GE(added["completeSince"]["revision"].get<int64_t>(), begin)
      << "it was not looked at before";

  std::ofstream(file) << config;
  controller.process().Signal(SIGHUP);
  ASSERT_TRUE(
      Eventually([&] { return controller.Get("/v1/elections/legacy/x/history").status == 404; }));
  EXPECT_EQ(History(controller, "test/one")["changes"], before["changes"]);
}

TEST(HistoryWireTest, AfterARestartItSaysThatItKnowsNothingFromBefore) {
  const EtcdServer etcd;
  {
    ControllerProcess first(etcd);
    Join(etcd, "test/one", "a");
    ASSERT_TRUE(first.Leads("test/one", "a")) << first.log();
    Leave(etcd, "test/one");
    ASSERT_TRUE(IsVacant(first, "test/one"));
    Join(etcd, "test/one", "b");
    ASSERT_TRUE(first.Leads("test/one", "b"));
    ASSERT_THAT(Leaders(History(first, "test/one")), ElementsAre("a", "none", "b"));
  }
  const int64_t begin = RevisionOf(etcd);
  ControllerProcess second(etcd, "", "second");
  ASSERT_TRUE(second.Leads("test/one", "b")) << second.log();
  const json history = History(second, "test/one");
  EXPECT_THAT(Leaders(history), ElementsAre("b"));
  EXPECT_EQ(history["changes"][0]["listed"], true);
  EXPECT_EQ(history["completeSince"]["revision"], begin);
  EXPECT_EQ(history["completeSince"]["time"], history["changes"][0]["time"]);
}

TEST(HistoryWireTest, AListAfterALostWatchMarksAGapWhereSomebodyMayHaveLedUnseen) {
  EtcdServer etcd;
  for (const char* election : {"test/one", "test/kept"}) Join(etcd, election, "a");
  ControllerProcess controller(etcd);
  for (const char* election : {"test/one", "test/kept"}) {
    ASSERT_TRUE(controller.Leads(election, "a")) << controller.log();
  }
  const json kept = History(controller, "test/kept")["completeSince"];
  // It sleeps through the outage, two leaders, and the compaction of all that.
  controller.process().Signal(SIGSTOP);
  etcd.Kill(0);
  etcd.Start(0);
  for (const char* id : {"unseen", "c"}) {
    Leave(etcd, "test/one");
    Join(etcd, "test/one", id);
  }
  const int64_t revision = RevisionOf(etcd);
  etcd.Etcdctl("compact " + std::to_string(revision));
  controller.process().Signal(SIGCONT);
  ASSERT_TRUE(controller.Leads("test/one", "c")) << controller.log();
  const json history = History(controller, "test/one");
  EXPECT_THAT(Leaders(history), ElementsAre("a", "c"));
  EXPECT_EQ(history["changes"][1]["listed"], true);
  EXPECT_TRUE(history["changes"][0]["ledForMs"].is_null()) << "its end was not seen";
  EXPECT_EQ(history["completeSince"]["revision"], revision);
  EXPECT_EQ(History(controller, "test/kept")["completeSince"], kept);
}

}  // namespace
}  // namespace bellwether::app
