// The reading subcommands by a controller: the same answers and exit codes as straight by etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "run/program.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "wire/controller/controller_process.h"

namespace bellwether::cli {
namespace {

using app::ControllerProcess;
using nlohmann::json;
using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;

class ControllerSourceTest : public testing::Test {
 protected:
  Output Ask(const std::string& arguments) {
    return Bellwether(arguments + " --controller=" + controller_.url());
  }
  void Join(const std::string& election, const std::string& id) {
    app::Join(etcd_, election, id);
    ASSERT_TRUE(controller_.Leads(election, id));
  }
  // Waits until the controller says that it has no word from etcd.
  void MakeStale() {
    etcd_.Signal(0, SIGSTOP);
    ASSERT_TRUE(Eventually([&] { return controller_.Leader("test/one")["stale"] == true; }));
  }

  EtcdServer etcd_;
  ControllerProcess controller_{etcd_};
};

// Without the members that tell of the moment. A list of etcd does not know when each election
// changed last; it may have been at the moment of the list.
json Lasting(const Output& output) {
  json document = json::parse(output.out);
  for (const char* member : {"revision", "asOf"}) document.erase(member);
  for (json& each : document["elections"]) each.erase("lastChange");
  return document;
}

TEST_F(ControllerSourceTest, AnswersAreThoseOfEtcd) {
  ASSERT_TRUE(controller_.Ready());
  Join("test/one", "first");
  Join("test/two", "second");
  for (const char* command : {"leader test/one", "leader test/two -o wide", "get"}) {
    const Output told = Ask(command), direct = Bellwether(etcd_, command);
    EXPECT_EQ(told.out, direct.out) << command << told.err;
    EXPECT_EQ(told.code, 0) << command;
  }
  for (const char* command : {"leader test/one -o json", "get -o json"}) {
    EXPECT_EQ(Lasting(Ask(command)), Lasting(Bellwether(etcd_, command))) << command;
  }
  EXPECT_THAT(Ask("get -o wide").out, HasSubstr("/bellwether/elections/test/two/"));
  EXPECT_THAT(Ask("get -o yaml").out, HasSubstr("id: \"first\""));
  json told = Lasting(Ask("queue test/one -o json"));
  json direct = Lasting(Bellwether(etcd_, "queue test/one -o json"));
  EXPECT_TRUE(told["queue"][0]["leaseTtlMs"].is_null());
  for (json* each : {&told, &direct}) {
    (*each)["queue"][0].erase("leaseTtlMs");
    (*each)["queue"][0].erase("leaseGrantedMs");
  }
  EXPECT_EQ(told, direct);
}

TEST_F(ControllerSourceTest, ExitCodesAreThoseOfEtcd) {
  ASSERT_TRUE(controller_.Ready());
  const Output nobody = Ask("leader test/one");
  EXPECT_EQ(nobody.code, 3) << nobody.err;
  EXPECT_EQ(nobody.out, "");
  EXPECT_EQ(Ask("queue test/one").code, 0);
  EXPECT_EQ(Ask("leader not-a-name").code, 2);
  EXPECT_EQ(Ask("leader --prefix /x").code, 2);
  EXPECT_EQ(Ask("get --root /x").code, 2);
  const Output both = Ask("leader test/one --endpoints=" + etcd_.endpoints());
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("give one of them"));
  EXPECT_EQ(Bellwether("leader test/one --controller=ftp://x").code, 2);
  const Output away =
      Bellwether("get --controller=http://127.0.0.1:" + std::to_string(test::FreePort()));
  EXPECT_EQ(away.code, 1);
  EXPECT_THAT(away.err, HasSubstr("check --controller and that the controller runs"));
  // What answers is not a controller.
  EXPECT_EQ(Bellwether("leader test/one --controller=" + etcd_.endpoints()).code, 4);
  EXPECT_EQ(Bellwether("get --controller=" + etcd_.endpoints()).code, 1);
}

TEST_F(ControllerSourceTest, AStaleLeaderIsNotPrintedAloneAndIsExitCode4) {
  ASSERT_TRUE(controller_.Ready());
  Join("test/one", "first");
  MakeStale();
  const Output leader = Ask("leader test/one");
  const Output document = Ask("leader test/one -o json");
  const Output list = Ask("get");
  etcd_.Signal(0, SIGCONT);
  EXPECT_EQ(leader.code, 4);
  EXPECT_EQ(leader.out, "");
  EXPECT_THAT(leader.err, HasSubstr("the last known leader is first"));
  EXPECT_EQ(document.code, 4);
  EXPECT_EQ(json::parse(document.out)["stale"], true);
  EXPECT_EQ(list.code, 4);
  EXPECT_THAT(list.out, HasSubstr("first"));
}

TEST_F(ControllerSourceTest, AVariableNamesTheControllerAndTheNextReplicaIsAsked) {
  ASSERT_TRUE(controller_.Ready());
  Join("test/one", "first");
  const std::string dead = "127.0.0.1:" + std::to_string(test::FreePort());
  setenv("BELLWETHER_CONTROLLER", (dead + "," + controller_.url()).c_str(), 1);
  const Output leader = Bellwether("leader test/one");
  unsetenv("BELLWETHER_CONTROLLER");
  EXPECT_EQ(leader.out, "first\n") << leader.err;
}

TEST_F(ControllerSourceTest, WatchPrintsEachChangeAndWhenItDoesNotKnow) {
  ASSERT_TRUE(controller_.Ready());
  const BackgroundProgram watch(etcd_.folder() + "/watch",
                                "watch test/one --controller=" + controller_.url());
  ASSERT_TRUE(watch.Says(" none\n")) << watch.err();
  app::Join(etcd_, "test/one", "first");
  ASSERT_TRUE(watch.Says(" leader first ")) << watch.err();
  etcd_.Signal(0, SIGSTOP);
  EXPECT_TRUE(watch.Says(" unknown\n")) << watch.err();
  etcd_.Signal(0, SIGCONT);
  EXPECT_TRUE(Eventually(
      [&] { return watch.out().rfind(" leader first ") > watch.out().rfind(" unknown\n"); }));
  // A candidate that queues behind the leader changes nothing that is watched.
  app::Join(etcd_, "test/one", "second");
  ASSERT_TRUE(Eventually(
      [&] { return json::parse(Ask("queue test/one -o json").out)["queue"].size() == 2; }));
  app::Leave(etcd_, "test/one");
  EXPECT_TRUE(Eventually([&] { return watch.out().ends_with(" none\n"); })) << watch.out();
}

TEST_F(ControllerSourceTest, AWatchGoesOnAtAnotherReplica) {
  ControllerProcess other(etcd_, "", "other");
  ASSERT_TRUE(controller_.Ready() && other.Ready());
  const BackgroundProgram watch(
      etcd_.folder() + "/watch",
      "watch test/one --controller=" + controller_.url() + "," + other.url());
  ASSERT_TRUE(watch.Says(" none\n")) << watch.err();
  controller_.process().Signal(SIGKILL);
  app::Join(etcd_, "test/one", "first");
  EXPECT_TRUE(watch.Says(" leader first ")) << watch.err();
}

TEST_F(ControllerSourceTest, AWatchEndsWhenNobodyCanTakeItsLines) {
  ASSERT_TRUE(controller_.Ready());
  EXPECT_EQ(Ask("watch test/one > /dev/full").code, 1);
  EXPECT_EQ(Ask("get -w > /dev/full").code, 1);
}

TEST_F(ControllerSourceTest, RunNeedsEtcdAndSaysSo) {
  const Output run = Bellwether("run --election a/b --controller=http://x -- true");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("give --endpoints"));
}

}  // namespace
}  // namespace bellwether::cli
