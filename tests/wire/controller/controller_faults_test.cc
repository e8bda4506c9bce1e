// A controller while its etcd is away, comes back, or comes back with another history.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <ctime>
#include <filesystem>

#include "support/eventually.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;

TEST(ControllerFaultsTest, StartsWithoutEtcdSaysSoAndRecoversByItself) {
  EtcdServer etcd;
  Join(etcd, "test/one", "a");
  etcd.Kill(0);
  ControllerProcess controller(etcd);
  EXPECT_EQ(controller.Get("/livez").status, 200) << controller.log();
  EXPECT_EQ(controller.Get("/v1/elections/test/one/leader").status, 503);
  EXPECT_EQ(controller.Get("/v1/elections").status, 503);
  EXPECT_EQ(controller.Get("/metrics").status, 200);
  Answer ready;
  EXPECT_TRUE(Eventually([&] {
    ready = controller.Get("/readyz?verbose");
    return ready.body.find(etcd.endpoint(0)) != std::string::npos;
  })) << ready.body;
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("etcd has not confirmed anything yet"));
  EXPECT_THAT(ready.body, HasSubstr("not been listed yet"));
  etcd.Start(0);
  ASSERT_TRUE(controller.Ready()) << controller.Get("/readyz?verbose").body;
  EXPECT_TRUE(controller.Leads("test/one", "a"));
  EXPECT_TRUE(Eventually([&] { return controller.process().Logged("\"message\":\"ready\""); }));
}

TEST(ControllerFaultsTest, WithoutEtcdItsAnswersAreStaleAndFreshAgainAfterIt) {
  EtcdServer etcd;
  Join(etcd, "test/one", "a");
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Ready()) << controller.log();
  EXPECT_EQ(controller.Leader("test/one")["stale"], false);
  etcd.Kill(0);
  ASSERT_TRUE(Eventually([&] { return controller.Get("/readyz").status == 503; }));
  ASSERT_TRUE(Eventually([&] { return controller.Leader("test/one")["stale"] == true; }));
  EXPECT_EQ(controller.Leader("test/one")["leader"]["id"], "a");
  EXPECT_EQ(controller.Get("/livez").status, 200);
  EXPECT_TRUE(Eventually([&] {
    return controller.Get("/readyz?verbose")
               .body.find("etcd has not confirmed what is known here for") != std::string::npos;
  }));
  EXPECT_TRUE(controller.process().Logged("\"message\":\"not ready\"")) << controller.log();
  const Answer asked = controller.Get("/v1/elections/test/one/leader?consistency=linearizable");
  EXPECT_EQ(asked.status, 503) << asked.body;
  etcd.Start(0);
  ASSERT_TRUE(controller.Ready()) << controller.Get("/readyz?verbose").body;
  EXPECT_EQ(controller.Leader("test/one")["stale"], false);
  Join(etcd, "test/two", "b");
  EXPECT_TRUE(controller.Leads("test/two", "b"));
}

// When the controller last heard of etcd, in whole seconds.
std::time_t AsOf(ControllerProcess& controller, const std::string& election) {
  std::tm utc{};
  const std::string text = controller.Leader(election)["asOf"];
  EXPECT_NE(strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc), nullptr) << text;
  return timegm(&utc);
}

// Design point 13: what a load balancer hears while etcd is silent.
TEST(ControllerFaultsTest, WithoutEtcdALeaderCountsUntilAMarginBeforeItsLeaseMayEnd) {
  constexpr std::time_t kUntil = 27;  // 30 s less a tenth
  EtcdServer etcd;
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Ready()) << controller.log();
  const BackgroundProcess candidate(RunCandidate(etcd, "test/one", "a", "30s"),
                                    etcd.folder() + "/candidate.log");
  ASSERT_TRUE(controller.Leads("test/one", "a")) << candidate.log();
  // etcd has told the lease's TTL, and something else after it.
  ASSERT_TRUE(Eventually([&] {
    return etcd.Metrics(0).find(
               "grpc_server_handled_total{grpc_code=\"OK\",grpc_method="
               "\"LeaseTimeToLive\",grpc_service=\"etcdserverpb.Lease\","
               "grpc_type=\"unary\"} 1") != std::string::npos;
  }));
  const std::time_t told = AsOf(controller, "test/one");
  ASSERT_TRUE(Eventually([&] { return AsOf(controller, "test/one") > told + 1; }));

  etcd.Signal(0, SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return controller.Leader("test/one")["stale"] == true; }));
  const std::string is_a = "/v1/elections/test/one/leader?is=a";
  EXPECT_EQ(controller.Get("/v1/elections/test/one/leader?is=b").status, 503);
  std::time_t last_asked = 0;  // of what was answered 200
  Answer answer;
  EXPECT_TRUE(Eventually([&] {
    const std::time_t asked = std::time(nullptr);
    answer = controller.Get(is_a);
    if (answer.status != 200) return true;
    last_asked = asked;
    return false;
  }));
  const std::time_t refused = std::time(nullptr);
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("not heard from etcd"));
  // Answers that were under way when etcd stopped have moved it until now. Whole seconds are cut
  // off, and each clock is read at a moment of its own.
  const std::time_t as_of = AsOf(controller, "test/one");
  EXPECT_GT(last_asked, as_of + 3) << "it counted although the view was stale";
  EXPECT_LE(last_asked, as_of + kUntil + 1);
  EXPECT_GE(refused, as_of + kUntil - 1);
  etcd.Signal(0, SIGCONT);
}

TEST(ControllerFaultsTest, ListsAgainWhenTheRevisionsItMissedAreCompacted) {
  EtcdServer etcd;
  Join(etcd, "test/one", "a");
  Join(etcd, "test/gone", "x");
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Leads("test/gone", "x")) << controller.log();
  // The controller sleeps through the outage, a hand-over, and the compaction of both.
  controller.process().Signal(SIGSTOP);
  etcd.Kill(0);
  etcd.Start(0);
  Leave(etcd, "test/gone");
  Leave(etcd, "test/one");
  Join(etcd, "test/one", "b");
  const std::string revision =
      json::parse(etcd.Etcdctl("endpoint status -w json"))[0]["Status"]["header"]["revision"]
          .dump();
  etcd.Etcdctl("compact " + revision);
  controller.process().Signal(SIGCONT);
  EXPECT_TRUE(controller.Leads("test/one", "b")) << controller.log();
  EXPECT_TRUE(Eventually([&] { return controller.Leader("test/gone")["leader"].is_null(); }));
  EXPECT_TRUE(controller.Ready());
  EXPECT_THAT(controller.Get("/metrics").body,
              testing::Not(HasSubstr("bellwether_watch_relists_total 0\n")));
}

TEST(ControllerFaultsTest, ARestoredSnapshotMakesTokensInvalidAndSaysSo) {
  EtcdServer etcd;
  Join(etcd, "test/one", "old");
  const std::string snapshot = etcd.folder() + "/snapshot";
  etcd.Etcdctl("snapshot save " + snapshot + " 2>&1");
  Leave(etcd, "test/one");
  Join(etcd, "test/one", "new");
  ControllerProcess controller(etcd);
  ASSERT_TRUE(controller.Leads("test/one", "new")) << controller.log();
  EXPECT_FALSE(controller.Leader("test/one").contains("tokensInvalid"));
  etcd.Kill(0);
  const std::string data = etcd.folder() + "/m0";
  std::filesystem::remove_all(data);
  etcd.Etcdctl("snapshot restore " + snapshot + " --data-dir " + data +
               " --name m0 --initial-cluster m0=http://127.0.0.1:1"
               " --initial-advertise-peer-urls http://127.0.0.1:1 2>&1");
  ASSERT_TRUE(std::filesystem::exists(data));
  etcd.Start(0);
  ASSERT_TRUE(controller.Leads("test/one", "old")) << controller.log();
  EXPECT_EQ(controller.Leader("test/one")["tokensInvalid"], true);
  EXPECT_THAT(controller.Get("/readyz?verbose").body,
              HasSubstr("etcd's history is not the one this process knew"));
  EXPECT_TRUE(controller.Ready());
}

}  // namespace
}  // namespace bellwether::app
