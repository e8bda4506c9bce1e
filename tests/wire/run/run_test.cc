// `bellwether run` as a process, on a real etcd, under the faults that a supervisor or an operator
// causes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>

#include "cli/process_tree.h"
#include "run/run_process.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shell.h"

namespace bellwether::cli {
namespace {

using test::Contents;
using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;

TEST(RunTest, GivesTheCommandItsPlaceInTheEnvironmentAndKeepsItsExitCode) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "env | grep ^BELLWETHER > env; exit 7");
  EXPECT_EQ(run.Wait(), 7) << run.log();
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_ELECTION=test/one\n"));
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_ID=a\n"));
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_LEADER=1\n"));
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_TOKEN="));
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunTest, TheNextOneLeadsWhenTheCommandDies) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.log().find("queued") != std::string::npos; }));
  EXPECT_FALSE(second.Leads());
  kill(first.command(), SIGKILL);
  EXPECT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_EQ(first.Wait(), 128 + SIGKILL);
}

TEST(RunTest, ATermSignalIsForwardedAndThePlaceGoesAfterTheWholeTree) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "trap 'exit 3' TERM; echo $$ > pid; while :; do sleep 0.1; done");
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.Wait(), 3) << run.log();
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunTest, AWaitingOneLeavesTheQueueOnTerm) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.log().find("queued") != std::string::npos; }));
  kill(second.pid(), SIGTERM);
  EXPECT_EQ(second.Wait(), 128 + SIGTERM);
  EXPECT_TRUE(first.Leads());
}

TEST(RunTest, RestartsAFailedCommandBeforeItGivesThePlaceUp) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--restart=2"}, "echo $BELLWETHER_TOKEN >> tokens; exit 9");
  EXPECT_EQ(run.Wait(), 9) << run.log();
  std::istringstream tokens(run.file("tokens"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(tokens, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], lines[2]);
}

TEST(RunTest, WhenRunIsKilledItsTreeDiesAndTheNextOneLeads) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return first.Leads() && !first.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(first.file("grandchild"));
  RunProcess second(etcd, "b", {}, kSleep);
  kill(first.pid(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_FALSE(first.Leads());
  EXPECT_FALSE(Alive(grandchild));
}

TEST(RunTest, WhenRunIsStoppedTheGuardianKillsTheTreeBeforeTheNextOneLeads) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return first.Leads() && !first.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(first.file("grandchild"));
  RunProcess second(etcd, "b", {}, kSleep);
  kill(first.pid(), SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_FALSE(first.Leads());
  EXPECT_FALSE(Alive(grandchild));
  kill(first.pid(), SIGCONT);
  // It notices, queues again, and leads when the other one goes.
  kill(second.pid(), SIGTERM);
  EXPECT_TRUE(second.Wait().has_value());
  EXPECT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
}

TEST(RunTest, WhenTheGuardianIsKilledNothingOfTheTreeIsLeft) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return run.Leads() && !run.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(run.file("grandchild"));
  const pid_t command = run.command();
  kill(run.guardian(), SIGKILL);
  EXPECT_EQ(run.Wait(), 128 + SIGKILL) << run.log();
  EXPECT_FALSE(Alive(command));
  EXPECT_FALSE(Alive(grandchild));
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunTest, WhenTheGuardianIsStoppedRunHoldsTheDeadline) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--once"}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return run.Leads() && !run.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(run.file("grandchild"));
  const pid_t command = run.command();
  kill(run.guardian(), SIGSTOP);
  etcd.Signal(0, SIGSTOP);  // no keepalive is answered any more
  EXPECT_TRUE(Eventually([&] { return !Alive(command) && !Alive(grandchild); })) << run.log();
  etcd.Signal(0, SIGCONT);
  EXPECT_EQ(run.Wait(), 75) << run.log();
}

TEST(RunTest, AfterAPauseOfTheWholeTreeTheOldLeadershipIsOver) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); }));
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.log().find("queued") != std::string::npos; }));
  const pid_t command = first.command();
  std::vector<pid_t> all = Descendants(first.pid());
  all.push_back(first.pid());
  for (const pid_t pid : all) kill(pid, SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  for (const pid_t pid : all) kill(pid, SIGCONT);
  EXPECT_TRUE(Eventually([&] { return !Alive(command); })) << first.log();
  EXPECT_TRUE(second.Leads());
}

TEST(RunTest, AKeyDeletedByHandStopsAStubbornCommandAndOnceEndsWith75) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--once"}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return run.Leads(); }));
  etcd.Etcdctl("del --prefix /bellwether/elections/test/one/");
  EXPECT_EQ(run.Wait(), 75) << run.log();
  EXPECT_FALSE(run.Leads());
}

TEST(RunTest, WorksAsTheFirstProcessOfAContainer) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "echo $PPID > parent; (sleep 0.1 &) ; exit 4",
                 {"unshare", "--pid", "--fork", "--mount-proc"});
  EXPECT_EQ(run.Wait(), 4) << run.log();
  EXPECT_THAT(run.log(), HasSubstr("elected"));
}

TEST(RunTest, WaitsForAnEtcdThatIsAway) {
  EtcdServer etcd;
  etcd.Kill(0);
  RunProcess run(etcd, "a", {}, "exit 0");
  ASSERT_TRUE(Eventually([&] { return run.log().find("not working") != std::string::npos; }))
      << run.log();
  etcd.Start(0);
  EXPECT_EQ(run.Wait(), 0) << run.log();
}

TEST(RunTest, StandsInOneQueueWithEtcdctl) {
  EtcdServer etcd;
  const std::string held = etcd.folder() + "/held";
  etcd.EtcdctlInBackground("lock /bellwether/elections/test/one -- sh -c 'echo held > " + held +
                           "; sleep 3'");
  ASSERT_TRUE(Eventually([&] { return !Contents(held).empty(); }));
  RunProcess run(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.log().find("queued") != std::string::npos; }))
      << run.log();
  EXPECT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
}

TEST(RunTest, RefusesWhatCannotWorkWithAReason) {
  EtcdServer etcd;
  RunProcess short_ttl(etcd, "a", {"--ttl=4s"}, "exit 0");
  EXPECT_EQ(short_ttl.Wait(), 2);
  EXPECT_THAT(short_ttl.log(), HasSubstr("5"));
  RunProcess name(etcd, "b", {"--election=Not/Valid"}, "exit 0");
  EXPECT_EQ(name.Wait(), 2);
  EXPECT_THAT(name.log(), HasSubstr("Not"));
}

}  // namespace
}  // namespace bellwether::cli
