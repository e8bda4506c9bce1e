// `bellwether run` at the moments where a signal, a pause or a death falls between two steps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <vector>

#include "cli/process_tree.h"
#include "run/run_process.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shell.h"

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using test::Contents;
using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;

TEST(RunFaultTest, TwoSignalsThatArePendingAtOnceAreBothForwarded) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {},
                 "trap 'echo > one' USR1; trap 'echo > two' USR2; echo $$ > pid; "
                 "while :; do sleep 0.1; done");
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  kill(run.pid(), SIGSTOP);
  kill(run.pid(), SIGUSR1);
  kill(run.pid(), SIGUSR2);
  kill(run.pid(), SIGCONT);
  EXPECT_TRUE(Eventually([&] { return !run.file("one").empty() && !run.file("two").empty(); }))
      << run.log();
}

TEST(RunFaultTest, ATermThatWasAskedToStopIsOverEvenWhenALateKeepaliveComes) {
  EtcdServer etcd;
  // It ends well, but only after the keepalive was answered: without the rule that looks like work
  // that is done, and `run` would end with 0.
  RunProcess run(etcd, "a", {"--ttl=20s", "--once"},
                 "trap 'echo > asked; while [ ! -e go ]; do sleep 0.05; done; exit 0' TERM; "
                 "echo $$ > pid; while :; do sleep 0.05; done");
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  etcd.Signal(0, SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return !run.file("asked").empty(); })) << run.log();
  etcd.Signal(0, SIGCONT);
  const std::string lease = etcd.Etcdctl("lease list | tail -n 1");
  ASSERT_TRUE(Eventually([&] {
    // "lease … granted with TTL(20s), remaining(19s)"
    const std::string told = etcd.Etcdctl("lease timetolive " + lease.substr(0, lease.size() - 1));
    const size_t at = told.find("remaining(");
    return at == std::string::npos || std::atoi(told.c_str() + at + 10) > 10;
  }));
  (void)!std::filesystem::create_directory(run.path("go"));
  EXPECT_EQ(run.Wait(), 75) << run.log();
  EXPECT_TRUE(run.Logged("not renewed in time")) << run.log();
}

// Past the deadline that the guardian of a `run` with the harness's TTL has now.
void WaitUntilItsDeadlineHasPassed() {
  const auto end = std::chrono::steady_clock::now() + 7s;
  ASSERT_TRUE(Eventually([&] { return std::chrono::steady_clock::now() > end; }));
}

TEST(RunFaultTest, ATermThatIsRenewedGoesOnAfterAPauseOfTheGuardianAlone) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--once"},
                 "trap 'echo > heard' USR1; echo $$ > pid; while :; do sleep 0.05; done");
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  const pid_t guardian = run.guardian();
  kill(guardian, SIGSTOP);
  WaitUntilItsDeadlineHasPassed();
  // Behind the renewals in the guardian's queue.
  kill(run.pid(), SIGUSR1);
  kill(guardian, SIGCONT);
  EXPECT_TRUE(Eventually([&] { return !run.file("heard").empty(); })) << run.log();
  EXPECT_TRUE(run.Leads()) << run.log();
}

TEST(RunFaultTest, AStopByAGuardianThatMissedTheRenewalsIsALostTerm) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", "",
                 {.flags = {"--once"},
                  .command = {"env", "--ignore-signal=RTMAX", "/bin/sh", "-c",
                              "trap 'echo >> heard' USR1; trap 'exit 0' TERM; echo $$ > pid; "
                              "while :; do sleep 0.05; done"}});
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  const pid_t command = run.command();
  // A renewal may find its way between two of these signals, or right behind them: then again.
  for (int round = 0; round < 5 && Alive(command); ++round) {
    const std::string heard = run.file("heard");
    const pid_t guardian = run.guardian();
    kill(guardian, SIGSTOP);
    // More than its socket takes, so that no renewal does.
    for (int i = 0; i < 2000; ++i) kill(run.pid(), SIGRTMAX);
    WaitUntilItsDeadlineHasPassed();
    kill(guardian, SIGCONT);
    EXPECT_TRUE(Eventually([&] {
      kill(run.pid(), SIGUSR1);
      return !Alive(command) || run.file("heard") != heard;
    }));
  }
  EXPECT_EQ(run.Wait(), 75) << run.log();
}

TEST(RunFaultTest, AGuardianThatDiesAsLeadershipArrivesIsReplacedAndTheCommandRuns) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.Logged("queued"); })) << second.log();
  const pid_t guardian = second.guardian();
  kill(guardian, SIGSTOP);  // it will be told to start, and cannot
  kill(first.pid(), SIGTERM);
  ASSERT_TRUE(Eventually([&] { return second.Logged("elected"); })) << second.log();
  kill(guardian, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_NE(second.guardian(), guardian);
}

TEST(RunFaultTest, GuardiansThatDieAreStartedAgainMoreAndMoreSlowlyAndThePlaceIsKept) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.Logged("queued"); })) << second.log();
  const std::string keys = Keys(etcd);
  const auto begin = std::chrono::steady_clock::now();
  for (int killed = 0; killed < 6; ++killed) {
    ASSERT_TRUE(Eventually([&] { return second.guardian() != 0; })) << second.log();
    kill(second.guardian(), SIGKILL);
    ASSERT_TRUE(Eventually([&] { return second.guardian() == 0; })) << second.log();
  }
  // At least 50 + 100 + 200 + 400 + 800 ms between them.
  EXPECT_GT(std::chrono::steady_clock::now() - begin, 1500ms) << second.log();
  EXPECT_EQ(Keys(etcd), keys);
  kill(first.pid(), SIGTERM);
  EXPECT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
}

// UBSan looks at objects through a pipe, and reports what it finds when there is none.
#ifndef __SANITIZE_ADDRESS__
TEST(RunFaultTest, ALeaderWhoseCommandCannotBeStartedLeavesThePlaceToOthers) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.Logged("queued"); })) << second.log();
  const std::string place = Keys(etcd);
  // The guardian that it has does not live to start the command, and it can make no other.
  kill(second.guardian(), SIGSTOP);
  kill(first.pid(), SIGTERM);
  ASSERT_TRUE(Eventually([&] { return second.Logged("elected"); })) << second.log();
  rlimit before{};
  ASSERT_EQ(prlimit(second.pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit none_left{3, before.rlim_max};
  ASSERT_EQ(prlimit(second.pid(), RLIMIT_NOFILE, &none_left, nullptr), 0);
  kill(second.guardian(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return second.Logged("could not be started"); })) << second.log();
  ASSERT_EQ(prlimit(second.pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  // It has another place then, and leads when it can.
  EXPECT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_EQ(place.find(Keys(etcd)), std::string::npos) << "the place was not given up";
}
#endif

TEST(RunFaultTest, ACommandThatFailsIsNotStartedAgainInATightLoop) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--restart=4"}, "date +%s%3N >> starts; exit 9");
  EXPECT_EQ(run.Wait(), 9) << run.log();
  std::istringstream starts(run.file("starts"));
  const std::vector<int64_t> at{std::istream_iterator<int64_t>(starts), {}};
  ASSERT_EQ(at.size(), 5u) << run.log();
  // Waits that double: 100, 200, 400 and 800 ms, each drawn from its upper half.
  for (size_t i = 0; i < 4; ++i) EXPECT_GE(at[i + 1] - at[i], 50 << i) << run.log();
}

TEST(RunFaultTest, AStoppedGuardianDoesNotHoldUpTheEndOfALostTerm) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--once"}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  const pid_t guardian = run.guardian();
  kill(guardian, SIGSTOP);
  etcd.Etcdctl("del --prefix /bellwether/elections/test/one/");
  EXPECT_EQ(run.Wait(), 75) << run.log();
  EXPECT_FALSE(Alive(guardian));
}

// Of this process's threads together: how often they went to sleep.
int64_t Sleeps(pid_t pid) {
  int64_t sleeps = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    const std::string status = Contents(thread.path() / "status");
    const std::string name = "\nvoluntary_ctxt_switches:";
    const size_t at = status.find(name);
    if (at != std::string::npos) sleeps += std::stoll(status.substr(at + name.size()));
  }
  return sleeps;
}

TEST(RunFaultTest, RunGoesOnWhileWhatADeadGuardianLeavesCannotBeKilled) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has a command of another user";
  EtcdServer etcd;
  // A root that cannot signal other users.
  RunProcess run(etcd, "a", "",
                 {.wrapper = {"setpriv", "--bounding-set=-kill", "--inh-caps=-kill"},
                  .command = {"setpriv", "--reuid=65534", "--clear-groups", "sleep", "1000"}});
  pid_t command = 0;
  ASSERT_TRUE(Eventually([&] {
    for (const pid_t pid : Descendants(run.pid())) {
      if (Contents("/proc/" + std::to_string(pid) + "/comm") == "sleep\n") command = pid;
    }
    return command != 0;
  })) << run.log();
  const std::string place = Keys(etcd);
  kill(run.guardian(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return run.Logged("the guardian has died"); })) << run.log();
  // It keeps the place, and looks again seldom once its eagerness at first is over.
  int64_t sleeps = 0;
  EXPECT_TRUE(Eventually([&] {
    const int64_t before = Sleeps(run.pid());
    const auto later = std::chrono::steady_clock::now() + 3s;
    EXPECT_TRUE(Eventually([&] { return std::chrono::steady_clock::now() > later; }));
    sleeps = Sleeps(run.pid()) - before;
    return sleeps < 200;
  })) << sleeps;
  EXPECT_EQ(Keys(etcd), place);
  EXPECT_TRUE(Alive(command));
  kill(command, SIGKILL);
  EXPECT_EQ(run.Wait(), 128 + SIGKILL) << run.log();
}

TEST(RunFaultTest, AsTheFirstProcessOfAContainerItReapsOrphansOfOthers) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, kSleep, {"unshare", "--pid", "--fork", "--mount-proc"});
  ASSERT_TRUE(Eventually([&] { return run.Logged("elected"); })) << run.log();
  const pid_t first_process = Descendants(run.pid()).front();
  // As `docker exec` does: a process from outside, which leaves a child behind.
  const std::string stay = run.path("stay");
  std::filesystem::create_directory(stay);
  const std::string enter = "nsenter --pid --target " + std::to_string(first_process) +
                            " sh -c 'while [ -e " + stay + " ]; do sleep 0.05; done &'";
  ASSERT_EQ(std::system(enter.c_str()), 0);
  pid_t orphan = 0;
  ASSERT_TRUE(Eventually([&] {
    for (const pid_t pid : Descendants(first_process)) {
      const std::string words = Contents("/proc/" + std::to_string(pid) + "/cmdline");
      if (ParentOf(pid) == first_process && words.find(stay) != std::string::npos) orphan = pid;
    }
    return orphan != 0;
  }));
  std::filesystem::remove(stay);
  EXPECT_TRUE(Eventually([&] { return ParentOf(orphan) == 0; })) << "it is left as a zombie";
  EXPECT_FALSE(run.Logged("command ended"));
}

}  // namespace
}  // namespace bellwether::cli
