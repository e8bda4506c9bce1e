// What CMD is given by `bellwether run`, and what `run` makes of the surroundings it is started in.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/run_process.h"
#include "support/etcd_server.h"
#include "support/eventually.h"

namespace bellwether::cli {
namespace {

using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;

std::vector<std::string> Shell(const std::string& script) { return {"sh", "-c", script, "sh"}; }

TEST(RunSurroundingsTest, EveryWordOfTheCommandArrivesAsItWasWritten) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", "",
                 {.command = {"/bin/sh", "-c", "printf '<%s>' \"$@\" > words", "sh", "{}", "", "--",
                              "get", "--help", "[a,b]", "-1"}});
  EXPECT_EQ(run.Wait(), 0) << run.log();
  EXPECT_EQ(run.file("words"), "<{}><><--><get><--help><[a,b]><-1>");
}

TEST(RunSurroundingsTest, AMegabyteOfWordsArrives) {
  EtcdServer etcd;
  RunSetup setup{.command = {"/bin/sh", "-c", "printf %s \"$*\" | wc -c > size", "sh"}};
  for (int i = 0; i < 10; ++i) setup.command.emplace_back(100000, 'x');
  RunProcess run(etcd, "a", "", setup);
  EXPECT_EQ(run.Wait(), 0);
  EXPECT_EQ(run.file("size"), "1000009\n");
}

TEST(RunSurroundingsTest, ACommandThatCannotStartEndsAsAShellSays) {
  EtcdServer etcd;
  RunProcess missing(etcd, "a", "", {.command = {"/no/such/command"}});
  EXPECT_EQ(missing.Wait(), 127);
  EXPECT_THAT(missing.log(), HasSubstr("cannot start /no/such/command"));
  RunProcess no_program(etcd, "b", "", {.command = {"/etc/passwd"}});
  EXPECT_EQ(no_program.Wait(), 126);
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunSurroundingsTest, TheCommandHasTheStandardDescriptorsAndNoOther) {
  EtcdServer etcd;
  // The last one is that of ls itself.
  RunProcess open(etcd, "a", {}, "ls /proc/self/fd > fds", Shell("exec 7</etc/passwd \"$@\""));
  EXPECT_EQ(open.Wait(), 0) << open.log();
  EXPECT_EQ(open.file("fds"), "0\n1\n2\n3\n");
  // A socket of run's must not take the place of a missing one either.
  RunProcess closed(etcd, "b", {}, "readlink /proc/$$/fd/0 /proc/$$/fd/2 > fds",
                    Shell("exec \"$@\" <&- >&- 2>&-"));
  EXPECT_EQ(closed.Wait(), 0);
  EXPECT_EQ(closed.file("fds"), "/dev/null\n/dev/null\n");
}

// A fifo that is full to the brim, and that nobody reads.
class FullFifo {
 public:
  explicit FullFifo(const std::string& path) {
    mkfifo(path.c_str(), 0600);
    fd_ = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    while (write(fd_, "x", 1) == 1) {
    }
  }
  ~FullFifo() { close(fd_); }
  FullFifo(const FullFifo&) = delete;
  FullFifo& operator=(const FullFifo&) = delete;
  // All that is in it now.
  std::string Read() const {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(fd_, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  int fd_ = -1;
};

TEST(RunSurroundingsTest, AStandardErrorThatNobodyReadsHoldsNothingUp) {
  EtcdServer etcd;
  const std::string path = etcd.folder() + "/stderr";
  const FullFifo fifo(path);
  const std::vector<std::string> into_it = Shell("exec \"$@\" 2> " + path);
  RunProcess first(etcd, "a", {}, kSleep, into_it);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); }));
  RunProcess second(etcd, "b", {}, kSleep, into_it);
  kill(first.pid(), SIGTERM);
  EXPECT_EQ(first.Wait(), 128 + SIGTERM);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); }));
  // What it had to say comes when somebody reads.
  std::string told;
  EXPECT_TRUE(Eventually([&] {
    told += fifo.Read();
    return told.find("elected election=test/one id=b") != std::string::npos;
  }));
}

TEST(RunSurroundingsTest, SignalsThatWereIgnoredOnPurposeStayIgnored) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, kSleep, {"nohup"});
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  kill(run.pid(), SIGHUP);
  kill(run.command(), SIGHUP);
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.Wait(), 128 + SIGTERM) << run.log();
}

// `sidecar & exec bellwether run …`, as entrypoints of containers are written: two processes that
// are not the command's.
class Sidecar {
 public:
  static std::vector<std::string> Wrapper() {
    return Shell(
        "sh -c 'sleep 1000 & echo $! > below; wait' & echo $! > sidecar; "
        "while [ ! -s below ]; do sleep 0.05; done; exec \"$@\"");
  }
  explicit Sidecar(const RunProcess& run)
      : pids_{std::stoi(run.file("sidecar")), std::stoi(run.file("below"))} {}
  ~Sidecar() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
  }
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;
  bool Lives() const { return Alive(pids_[0]) && Alive(pids_[1]); }

 private:
  const std::vector<pid_t> pids_;
};

TEST(RunSurroundingsTest, AWaitingOneThatLeavesKillsNothingOfOthers) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep, Sidecar::Wrapper());
  ASSERT_TRUE(Eventually([&] { return second.Logged("queued"); })) << second.log();
  const Sidecar sidecar(second);
  const pid_t guardian = second.guardian();
  kill(second.pid(), SIGTERM);
  EXPECT_EQ(second.Wait(), 128 + SIGTERM) << second.log();
  EXPECT_TRUE(sidecar.Lives());
  EXPECT_FALSE(Alive(guardian));
}

TEST(RunSurroundingsTest, WhatADeadGuardianLeavesIsKilledAndNothingOfOthers) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, kStubborn, Sidecar::Wrapper());
  ASSERT_TRUE(Eventually([&] { return run.Leads() && !run.file("grandchild").empty(); }));
  const Sidecar sidecar(run);
  const pid_t grandchild = std::stoi(run.file("grandchild"));
  const pid_t command = run.command();
  kill(run.guardian(), SIGKILL);
  EXPECT_EQ(run.Wait(), 128 + SIGKILL) << run.log();
  EXPECT_FALSE(Alive(command));
  EXPECT_FALSE(Alive(grandchild));
  EXPECT_TRUE(sidecar.Lives());
}

TEST(RunSurroundingsTest, WorksWhenItsParentIgnoredTheDeathOfChildren) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "exit 6", {"env", "--ignore-signal=CHLD"});
  EXPECT_EQ(run.Wait(), 6) << run.log();
}

TEST(RunSurroundingsTest, ADaemonDoesNotOutliveTheCommandThatForkedIt) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {},
                 "setsid sh -c 'echo $$ > daemon; exec sleep 1000' & "
                 "while [ ! -s daemon ]; do sleep 0.05; done; exit 0");
  EXPECT_EQ(run.Wait(), 0) << run.log();
  EXPECT_FALSE(Alive(std::stoi(run.file("daemon"))));
}

// A pseudo terminal: what is written to the first end is typed at the second.
struct Terminal {
  Terminal() : typed(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    grantpt(typed);
    unlockpt(typed);
    end = open(ptsname(typed), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  ~Terminal() {
    close(typed);
    close(end);
  }
  void Type(char key) const { (void)!write(typed, &key, 1); }
  int typed;
  int end = -1;
};

TEST(RunSurroundingsTest, AtATerminalTheCommandReadsNothingAndOnlyCtrlCEndsIt) {
  EtcdServer etcd;
  const Terminal terminal;
  RunProcess run(etcd, "a",
                 "read line; echo $? > read; trap 'exit 4' INT; echo $$ > pid; "
                 "while :; do sleep 0.1; done",
                 {.terminal = terminal.end});
  // A read from the terminal itself would stop it here for ever.
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  EXPECT_EQ(run.file("read"), "1\n");
  terminal.Type('\x1a');
  EXPECT_TRUE(Eventually([&] { return run.Logged("not stopped"); })) << run.log();
  terminal.Type('\x03');
  EXPECT_EQ(run.Wait(), 4) << run.log();
}

TEST(RunSurroundingsTest, AWaitingOneLeavesWhenItsTerminalIsClosed) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  auto terminal = std::make_unique<Terminal>();
  RunProcess second(etcd, "b", kSleep, {.terminal = terminal->end});
  ASSERT_TRUE(Eventually([&] { return second.Logged("queued"); })) << second.log();
  terminal.reset();
  EXPECT_EQ(second.Wait(), 128 + SIGHUP) << second.log();
}

TEST(RunSurroundingsTest, WithTooFewDescriptorsItSaysSoAndEnds) {
  EtcdServer etcd;
  RunProcess few(etcd, "a", {}, "exit 0", Shell("ulimit -n 8; exec \"$@\""));
  EXPECT_EQ(few.Wait(), 1);
  EXPECT_THAT(few.log(), HasSubstr("ulimit -n"));
  RunProcess enough(etcd, "b", {}, "exit 0", Shell("ulimit -n 64; exec \"$@\""));
  EXPECT_EQ(enough.Wait(), 0) << enough.log();
}

}  // namespace
}  // namespace bellwether::cli
