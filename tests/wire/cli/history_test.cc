// `history` by a real controller.

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
using testing::MatchesRegex;

class HistoryCommandTest : public testing::Test {
 protected:
  Output Ask(const std::string& arguments) {
    return Bellwether("history " + arguments + " --controller=" + controller_.url());
  }
  void Follow(const std::string& id) {
    app::Leave(etcd_, "test/one");
    app::Join(etcd_, "test/one", id);
    ASSERT_TRUE(controller_.Leads("test/one", id)) << controller_.log();
  }

  EtcdServer etcd_;
  ControllerProcess controller_{etcd_};
};

TEST_F(HistoryCommandTest, PrintsALogAndSaysSinceWhenItIsComplete) {
  ASSERT_TRUE(controller_.Ready());
  Follow("first");
  Follow("second");
  const Output table = Ask("test/one");
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, MatchesRegex("TIME +LEADER +TOKEN +LED FOR\n"
                                      "[^\n]+Z +first +[0-9]+ +[0-9]+m?s\n"
                                      "[^\n]+Z +- +- +-\n"
                                      "[^\n]+Z +second +[0-9]+ +-\n"));
  EXPECT_THAT(table.err, HasSubstr("no change is missing since "));
  EXPECT_THAT(Ask("test/one -o wide").out, HasSubstr("  event  "));
  EXPECT_THAT(Ask("test/one -o yaml").out, HasSubstr("id: \"second\""));

  const json told = json::parse(Ask("test/one -o json").out);
  json answer = controller_.Get("/v1/elections/test/one/history").json();
  EXPECT_EQ(told["completeSince"], answer["completeSince"]);
  // A document has "" where HTTP has null for an address.
  for (json& change : answer["changes"]) {
    if (change["leader"].is_object()) change["leader"]["address"] = "";
  }
  EXPECT_EQ(told["changes"], answer["changes"]);
  EXPECT_EQ(told["stale"], false);

  const json newest = json::parse(Ask("test/one --limit 1 -o json").out);
  ASSERT_EQ(newest["changes"].size(), 1u);
  EXPECT_EQ(newest["changes"][0]["leader"]["id"], "second");
}

TEST_F(HistoryCommandTest, EtcdIsNotAskedAndTheErrorSaysWhoIs) {
  ASSERT_TRUE(controller_.Ready());
  const Output refused = Bellwether(etcd_, "history test/one");
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("etcd does not keep who led before"));
  EXPECT_THAT(refused.err, HasSubstr("--controller"));
  EXPECT_EQ(Ask("not-a-name").code, 2);
  EXPECT_EQ(Ask("").code, 2);
  EXPECT_EQ(Ask("test/one --limit 0").code, 2);
  EXPECT_EQ(Ask("test/one --limit 33").code, 2);
  const Output away = Bellwether("history test/one --controller=http://127.0.0.1:" +
                                 std::to_string(test::FreePort()));
  EXPECT_EQ(away.code, 1);
  EXPECT_THAT(away.err, HasSubstr("check --controller"));
}

TEST_F(HistoryCommandTest, OfAnElectionThatIsNotKnownNothingIsTold) {
  ASSERT_TRUE(controller_.Ready());
  const Output unknown = Ask("test/never -o json");
  EXPECT_EQ(unknown.code, 0) << unknown.err;
  EXPECT_THAT(unknown.err, HasSubstr("the controller does not know test/never"));
  EXPECT_TRUE(json::parse(unknown.out)["completeSince"].is_null());
}

TEST_F(HistoryCommandTest, AStaleOneIsExitCode4) {
  ASSERT_TRUE(controller_.Ready());
  Follow("first");
  etcd_.Signal(0, SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return controller_.Leader("test/one")["stale"] == true; }));
  const Output stale = Ask("test/one");
  etcd_.Signal(0, SIGCONT);
  EXPECT_EQ(stale.code, 4);
  EXPECT_THAT(stale.out, HasSubstr("first"));
  EXPECT_THAT(stale.err, HasSubstr("no confirmation from etcd"));
}

}  // namespace
}  // namespace bellwether::cli
