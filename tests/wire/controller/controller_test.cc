// What a controller tells about the elections on a real etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>

#include "support/eventually.h"
#include "support/shell.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using test::Shell;
using testing::HasSubstr;

std::vector<std::string> Etcdctl(const EtcdServer& etcd, std::vector<std::string> arguments) {
  const char* folder = std::getenv("BELLWETHER_ETCD_BIN");
  std::vector<std::string> words = {
      std::string(folder != nullptr ? folder : "/usr/bin") + "/etcdctl",
      "--endpoints=" + etcd.endpoints()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

size_t Candidates(ControllerProcess& controller, const std::string& election) {
  const json answer = controller.Get("/v1/elections/" + election).json();
  return answer.is_object() && answer.contains("queue") ? answer["queue"].size() : 0;
}

TEST(ControllerTest, ShowsElectionsOfRunAndOfEtcdctlUnderTheRootAndAnExplicitPrefix) {
  const EtcdServer etcd;
  ControllerProcess controller(
      etcd, "elections: {prefixes: [{election: legacy/locker, prefix: /TEST/LOCKER}]}\n");
  ASSERT_TRUE(controller.Ready()) << controller.log();
  EXPECT_EQ(controller.Get("/v1/elections/test/one/leader").status, 404);

  const BackgroundProcess a(RunCandidate(etcd, "test/one", "a"), etcd.folder() + "/a.log");
  ASSERT_TRUE(controller.Leads("test/one", "a")) << controller.log() << a.log();
  const BackgroundProcess b(
      Etcdctl(etcd, {"elect", "/bellwether/elections/test/one", "from-etcdctl"}),
      etcd.folder() + "/b.log");
  ASSERT_TRUE(Eventually([&] { return Candidates(controller, "test/one") == 2; })) << b.log();
  const BackgroundProcess locker(Etcdctl(etcd, {"lock", "/TEST/LOCKER", "sleep", "1000"}),
                                 etcd.folder() + "/locker.log");
  ASSERT_TRUE(Eventually([&] { return Candidates(controller, "legacy/locker") == 1; }))
      << locker.log();

  const json list = controller.Get("/v1/elections").json();
  EXPECT_THAT(list.dump(), HasSubstr("\"election\":\"test/one\""));
  EXPECT_THAT(list.dump(), HasSubstr("\"election\":\"legacy/locker\""));
  const json election = controller.Get("/v1/elections/test/one").json();
  EXPECT_EQ(election["queue"][1]["id"], "from-etcdctl");
  EXPECT_EQ(election["queue"][1]["foreign"], true);

  const json leader = controller.Leader("test/one");
  EXPECT_EQ(leader["leader"]["id"], "a");
  EXPECT_EQ(leader["leader"]["address"], "http://a:80");
  EXPECT_EQ(leader["stale"], false);
  const std::string token = etcd.Etcdctl(
      "get --prefix /bellwether/elections/test/one/ --sort-by=CREATE --limit=1 -w fields | sed -n "
      "'s/^\"CreateRevision\" : //p'");
  EXPECT_EQ(leader["fencingToken"].dump() + "\n", token);
  // A lock's value is empty, so that its lease is all there is to name it by.
  const json lock = controller.Leader("legacy/locker");
  EXPECT_EQ(lock["leader"]["id"], "lease:" + lock["leader"]["lease"].get<std::string>());

  const json asked = controller.Leader("test/one", "?consistency=linearizable");
  EXPECT_EQ(asked["leader"], leader["leader"]);
  EXPECT_EQ(asked["fencingToken"], leader["fencingToken"]);
  EXPECT_GT(asked["leaseTtlMs"], 0);
  EXPECT_LE(asked["leaseTtlMs"], 5000);
  EXPECT_EQ(controller.Leader("legacy/locker", "?consistency=linearizable")["leader"],
            lock["leader"]);

  const Answer first = controller.Get("/v1/elections/test/one/leader");
  ASSERT_TRUE(first.headers.contains("etag"));
  const std::string condition = "-H 'If-None-Match: " + first.headers.at("etag") + "'";
  EXPECT_EQ(controller.Get("/v1/elections/test/one/leader", condition).status, 304);
}

TEST(ControllerTest, WhenTheLeaderIsKilledTheNextOneIsShownLoggedAndTheEtagChanges) {
  const EtcdServer etcd;
  ControllerProcess controller(etcd);
  BackgroundProcess a(RunCandidate(etcd, "test/one", "a"), etcd.folder() + "/a.log");
  ASSERT_TRUE(controller.Leads("test/one", "a")) << controller.log() << a.log();
  const BackgroundProcess b(RunCandidate(etcd, "test/one", "b"), etcd.folder() + "/b.log");
  ASSERT_TRUE(Eventually([&] { return Candidates(controller, "test/one") == 2; })) << b.log();
  const Answer before = controller.Get("/v1/elections/test/one/leader");
  a.Signal(SIGKILL);
  ASSERT_TRUE(controller.Leads("test/one", "b")) << controller.log();
  const json after = controller.Leader("test/one");
  EXPECT_GT(after["fencingToken"], before.json()["fencingToken"]);
  EXPECT_EQ(after["transitions"], 1);
  const std::string condition = "-H 'If-None-Match: " + before.headers.at("etag") + "'";
  EXPECT_EQ(controller.Get("/v1/elections/test/one/leader", condition).status, 200);
  EXPECT_THAT(controller.log(),
              HasSubstr("\"message\":\"leader changed\",\"election\":\"test/one\",\"leader\":\"b\","
                        "\"token\":" +
                        after["fencingToken"].dump() + ",\"previous\":\"a\",\"after_ms\":0}"));
  // One change, though each of them is a leader that was not there before. Published once a second.
  std::string metrics;
  EXPECT_TRUE(Eventually([&] {
    metrics = controller.Get("/metrics").body;
    return metrics.find("\nbellwether_leader_changes_total 1\n") != std::string::npos;
  })) << metrics;
}

TEST(ControllerTest, ItsMetricsAreCleanAndSayWhatHttpSays) {
  const EtcdServer etcd;
  ControllerProcess controller(etcd, "clusters: [{name: main, quotaBytes: 4Gi}]\n");
  const BackgroundProcess a(RunCandidate(etcd, "test/one", "a"), etcd.folder() + "/a.log");
  ASSERT_TRUE(controller.Leads("test/one", "a")) << controller.log() << a.log();
  Answer metrics;
  ASSERT_TRUE(Eventually([&] {
    metrics = controller.Get("/metrics");
    return metrics.body.find("bellwether_etcd_db_quota_bytes") != std::string::npos;
  })) << metrics.body;
  EXPECT_THAT(metrics.headers["content-type"], HasSubstr("version=0.0.4"));
  const std::string token = controller.Leader("test/one")["fencingToken"].dump();
  EXPECT_THAT(metrics.body,
              HasSubstr("bellwether_election_fencing_token{election_namespace=\"test\","
                        "election=\"one\"} " +
                        token + "\n"));
  EXPECT_THAT(metrics.body, HasSubstr("id=\"a\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("} 4294967296\n"));
  EXPECT_THAT(metrics.body, HasSubstr("bellwether_http_answers_total{class=\"2xx\"}"));
  const std::string file = etcd.folder() + "/metrics";
  std::ofstream(file) << metrics.body;
  EXPECT_EQ(Shell("promtool check metrics < " + file + " 2>&1; echo exit $?"), "exit 0\n");
}

// Revisions and raft index of the one member.
std::string Writes(const EtcdServer& etcd) {
  const json status = json::parse(etcd.Etcdctl("endpoint status -w json"))[0]["Status"];
  return status["header"]["revision"].dump() + " " + status["raftIndex"].dump();
}

TEST(ControllerTest, WritesNothingToEtcdWhileElectionsAreHeldAndNothingChanges) {
  const EtcdServer etcd;
  const std::string before_it = Writes(etcd);
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Ready()) << controller.log();
  EXPECT_EQ(Writes(etcd), before_it) << "starting wrote";
  const BackgroundProcess a(RunCandidate(etcd, "test/one", "a"), etcd.folder() + "/a.log");
  const BackgroundProcess b(RunCandidate(etcd, "test/two", "b"), etcd.folder() + "/b.log");
  ASSERT_TRUE(controller.Leads("test/one", "a")) << controller.log() << a.log();
  ASSERT_TRUE(controller.Leads("test/two", "b")) << controller.log() << b.log();
  const std::string before = Writes(etcd);
  EXPECT_NE(before, before_it) << "joining must show in what is counted";
  // Two rounds of everything that happens by itself: probes, samples, keepalives.
  const auto sampled = [&] {
    return Shell("curl -s " + controller.url() +
                 "/metrics | sed -n 's/^bellwether_etcd_revision_total{.*} //p'");
  };
  ASSERT_TRUE(Eventually([&] { return !sampled().empty(); }));
  const std::string first = controller.Leader("test/one")["asOf"];
  int moments = 0;
  std::string last = first;
  ASSERT_TRUE(Eventually([&] {
    const std::string now = controller.Leader("test/one", "?consistency=local")["asOf"];
    controller.Leader("test/two", "?consistency=linearizable");
    if (now != last) ++moments;
    last = now;
    return moments >= 12;
  }));
  EXPECT_EQ(Writes(etcd), before);
}

}  // namespace
}  // namespace bellwether::app
