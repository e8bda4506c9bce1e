#include "cli/process_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "support/eventually.h"

namespace bellwether::cli {
namespace {

using testing::Contains;

char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const size_t close = stat.rfind(')');
  return close == std::string::npos ? '?' : stat[close + 2];
}

bool Becomes(pid_t pid, char state) {
  return test::Eventually([&] { return StateOf(pid) == state; });
}

// A child that does nothing.
pid_t Waiting() {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  return child;
}

TEST(ProcessTreeTest, AProcessWhoseFirstThreadHasEndedIsFoundAndKilled) {
  OwnTree own;
  const pid_t pid = fork();
  if (pid == 0) {
    execl(FIRST_THREAD_ENDS, FIRST_THREAD_ENDS, nullptr);
    _exit(127);
  }
  ASSERT_TRUE(Becomes(pid, 'Z'));
  EXPECT_THAT(Descendants(getpid()), Contains(pid));
  EXPECT_FALSE(own.Ended());
  EXPECT_TRUE(own.Kill());
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(ProcessTreeTest, NothingIsTakenForDeadBecauseProcCannotBeRead) {
  // In a process of its own, which has no descriptor left.
  const pid_t pid = fork();
  if (pid == 0) {
    OwnTree own;
    const pid_t child = Waiting();
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    const bool all_gone = own.Kill();
    kill(child, SIGKILL);
    _exit(all_gone ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProcessTreeTest, ReapsWhatHasEndedAndTellsWhetherAnyoneIsLeft) {
  OwnTree own;
  EXPECT_TRUE(own.Ended());
  const pid_t child = Waiting();
  EXPECT_FALSE(own.Ended());
  kill(child, SIGKILL);
  ASSERT_TRUE(Becomes(child, 'Z'));
  EXPECT_TRUE(own.Ended());
}

TEST(ProcessTreeTest, ChildrenFromBeforeAreNeitherSignalledNorWaitedFor) {
  const pid_t before = Waiting();
  OwnTree own;
  EXPECT_TRUE(own.Ended());
  EXPECT_FALSE(own.Signal(SIGKILL));
  const pid_t child = Waiting();
  EXPECT_FALSE(own.Ended());
  EXPECT_TRUE(own.Kill());
  EXPECT_NE(kill(child, 0), 0);
  EXPECT_NE(StateOf(before), 'Z');
  // It is reaped all the same, and its number may then be a process of ours.
  kill(before, SIGKILL);
  ASSERT_TRUE(Becomes(before, 'Z'));
  own.Reap();
  EXPECT_NE(kill(before, 0), 0);
}

TEST(ProcessTreeTest, WithChildrenFromBeforeNothingIsTakenForDeadEither) {
  // In a process of its own, which has no descriptor left.
  const pid_t pid = fork();
  if (pid == 0) {
    const pid_t before = Waiting();
    OwnTree own;
    const pid_t child = Waiting();
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    const bool ended = own.Ended();
    kill(before, SIGKILL);
    kill(child, SIGKILL);
    _exit(ended ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace bellwether::cli
