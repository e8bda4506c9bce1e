// The guardian as a process of its own, spoken to as `run` does, without etcd.
#include "cli/guardian.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/process_tree.h"
#include "support/eventually.h"

namespace bellwether::cli {
namespace {

using namespace std::chrono_literals;
using test::Eventually;
using Kind = GuardianMessage::Kind;

int64_t Ns(MonotonicTime t) { return t.time_since_epoch().count(); }

class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/bellwether-guardian-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class GuardianProcess {
 public:
  // `before` runs in the guardian first.
  explicit GuardianProcess(
      const std::vector<std::string>& command, const std::function<void()>& before = [] {}) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      before();
      _exit(GuardianMain(ends[1], command));
    }
    close(ends[1]);
    fd_ = ends[0];
  }
  ~GuardianProcess() {
    Leave();
    waitpid(pid_, nullptr, 0);
  }

  void Send(const GuardianMessage& message) const {
    EXPECT_EQ(send(fd_, &message, sizeof message, MSG_NOSIGNAL), ssize_t{sizeof message});
  }
  void Start(Nanoseconds terminate_in, Nanoseconds stop_grace = 0ns) const {
    const MonotonicTime terminate_at = BootClock::now() + terminate_in;
    Send({.kind = Kind::kStart,
          .terminate_at_ns = Ns(terminate_at),
          .kill_at_ns = Ns(terminate_at + 1h),
          .stop_grace_ns = stop_grace.count()});
  }
  // The next thing it says; nullopt = it has ended, or says nothing for a minute.
  std::optional<GuardianMessage> Next() const {
    pollfd wait{fd_, POLLIN, 0};
    GuardianMessage message;
    if (poll(&wait, 1, 60000) != 1) return std::nullopt;
    if (recv(fd_, &message, sizeof message, 0) != ssize_t{sizeof message}) return std::nullopt;
    return message;
  }
  Kind NextKind() const {
    const auto next = Next();
    EXPECT_TRUE(next.has_value());
    return next ? next->kind : Kind::kStart;
  }
  // As when `run` dies.
  void Leave() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  pid_t pid() const { return pid_; }
  void Signal(int signal) const { kill(pid_, signal); }
  // Returns when it has stopped.
  void Pause() const {
    Signal(SIGSTOP);
    int status = 0;
    ASSERT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
    ASSERT_TRUE(WIFSTOPPED(status));
  }
  void Extend(Nanoseconds terminate_in) const {
    const MonotonicTime terminate_at = BootClock::now() + terminate_in;
    Send({.kind = Kind::kDeadlines,
          .terminate_at_ns = Ns(terminate_at),
          .kill_at_ns = Ns(terminate_at + 1h)});
  }

 private:
  int fd_ = -1;
  pid_t pid_ = 0;
};

TEST(GuardianTest, TellsTheStatusOfTheCommand) {
  const GuardianProcess guardian({"/bin/sh", "-c", "exit 3"});
  EXPECT_EQ(guardian.NextKind(), Kind::kReady);
  guardian.Start(1h);
  EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
  const auto ended = guardian.Next();
  ASSERT_TRUE(ended && ended->kind == Kind::kEnded);
  EXPECT_EQ(WEXITSTATUS(ended->number), 3);
}

TEST(GuardianTest, ASignalRightBehindTheStartReachesTheCommand) {
  for (int round = 0; round < 20; ++round) {
    const GuardianProcess guardian({"sleep", "1000"});
    EXPECT_EQ(guardian.NextKind(), Kind::kReady);
    guardian.Signal(SIGSTOP);  // finds both at once
    guardian.Start(1h);
    guardian.Send({.kind = Kind::kSignal, .number = SIGTERM});
    guardian.Signal(SIGCONT);
    EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
    const auto ended = guardian.Next();
    ASSERT_TRUE(ended && ended->kind == Kind::kEnded) << "the signal was lost in round " << round;
    EXPECT_EQ(WTERMSIG(ended->number), SIGTERM);
  }
}

TEST(GuardianTest, StartsNothingOnceTheTimeToStopHasCome) {
  const Folder folder;
  const GuardianProcess guardian({"touch", folder / "ran"});
  EXPECT_EQ(guardian.NextKind(), Kind::kReady);
  guardian.Signal(SIGSTOP);  // pauses between the order and its execution
  guardian.Start(100ms);
  const MonotonicTime late = BootClock::now() + 150ms;
  EXPECT_TRUE(Eventually([&] { return BootClock::now() > late; }));
  guardian.Signal(SIGCONT);
  EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
  EXPECT_EQ(guardian.NextKind(), Kind::kNotStarted);
  EXPECT_FALSE(std::filesystem::exists(folder / "ran"));
}

TEST(GuardianTest, AnExtensionThatWaitsToBeReadCountsMoreThanAnOlderDeadline) {
  const GuardianProcess guardian({"sleep", "1000"});
  EXPECT_EQ(guardian.NextKind(), Kind::kReady);
  guardian.Start(1h);
  EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
  guardian.Pause();
  guardian.Extend(-1ms);
  guardian.Extend(1h);
  guardian.Send({.kind = Kind::kSignal, .number = SIGUSR1});
  guardian.Signal(SIGCONT);
  const auto ended = guardian.Next();
  ASSERT_TRUE(ended && ended->kind == Kind::kEnded);
  EXPECT_EQ(WTERMSIG(ended->number), SIGUSR1) << "it was stopped at the older deadline";
  EXPECT_FALSE(ended->at_deadline);
}

TEST(GuardianTest, TellsAStopAtItsDeadlineFromOneThatRunAskedFor) {
  for (const bool at_deadline : {true, false}) {
    const GuardianProcess guardian({"sleep", "1000"});
    EXPECT_EQ(guardian.NextKind(), Kind::kReady);
    guardian.Start(1h);
    EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
    if (at_deadline) {
      guardian.Extend(-1ms);
    } else {
      guardian.Send({.kind = Kind::kStop, .kill_at_ns = Ns(BootClock::now() + 1h)});
    }
    const auto ended = guardian.Next();
    ASSERT_TRUE(ended && ended->kind == Kind::kEnded);
    EXPECT_EQ(WTERMSIG(ended->number), SIGTERM);
    EXPECT_EQ(ended->at_deadline, at_deadline);
  }
}

// Of root's rights this process and its children keep all but the one to signal other users.
void LetOthersLive() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct rights[2];
  if (syscall(SYS_capget, &header, rights) != 0) std::abort();
  rights[0].effective &= ~(1u << CAP_KILL);
  if (syscall(SYS_capset, &header, rights) != 0) std::abort();
}

// How often it went to sleep so far.
int64_t Sleeps(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  const std::string name = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoll(line.substr(name.size()));
  }
  return -1;
}

TEST(GuardianTest, WhatCannotBeKilledIsLookedAtSeldomAndItsEndIsNoticed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has a command of another user";
  const GuardianProcess guardian(
      {"setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", "trap '' TERM; sleep 1000"},
      LetOthersLive);
  EXPECT_EQ(guardian.NextKind(), Kind::kReady);
  guardian.Start(1h);
  EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
  const auto other_users = [&] {
    std::vector<pid_t> found;
    for (const pid_t pid : Descendants(guardian.pid())) {
      struct stat of {};
      if (stat(("/proc/" + std::to_string(pid)).c_str(), &of) == 0 && of.st_uid == 65534) {
        found.push_back(pid);
      }
    }
    return found;
  };
  ASSERT_TRUE(Eventually([&] { return other_users().size() == 2; }));
  guardian.Send({.kind = Kind::kDeadlines});  // both passed long ago
  int64_t sleeps = 0;
  // Its eagerness at first ends; a few looks in three seconds are left.
  EXPECT_TRUE(Eventually([&] {
    sleeps = Sleeps(guardian.pid());
    const MonotonicTime later = BootClock::now() + 3s;
    return Eventually([&] { return BootClock::now() > later; }) &&
           Sleeps(guardian.pid()) - sleeps < 10;
  })) << Sleeps(guardian.pid()) - sleeps;
  for (const pid_t pid : other_users()) kill(pid, SIGKILL);
  const auto ended = guardian.Next();
  ASSERT_TRUE(ended && ended->kind == Kind::kEnded);
}

TEST(GuardianTest, WhenRunIsGoneTheCommandHasItsStopGrace) {
  const Folder folder;
  const std::string script = "trap 'echo term >> " + (folder / "asked") + "; sleep 6; echo > " +
                             (folder / "done") + "; exit 0' TERM; echo > " + (folder / "up") +
                             "; while :; do sleep 0.05; done";
  GuardianProcess guardian({"/bin/sh", "-c", script});
  EXPECT_EQ(guardian.NextKind(), Kind::kReady);
  guardian.Start(1h, 1h);
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(folder / "up"); }));
  guardian.Leave();
  EXPECT_TRUE(Eventually([&] { return std::filesystem::exists(folder / "done"); }));
  std::stringstream asked;
  asked << std::ifstream(folder / "asked").rdbuf();
  EXPECT_EQ(asked.str(), "term\n");  // once
}

TEST(GuardianTest, TheCommandHasTheDispositionsThatRunWasGiven) {
  const GuardianProcess guardian({"/bin/sh", "-c", "kill -HUP $$; kill -USR1 $$; exit 5"},
                                 [] { signal(SIGHUP, SIG_IGN); });
  EXPECT_EQ(guardian.NextKind(), Kind::kReady);
  guardian.Start(1h);
  EXPECT_EQ(guardian.NextKind(), Kind::kStarting);
  const auto ended = guardian.Next();
  ASSERT_TRUE(ended && ended->kind == Kind::kEnded);
  ASSERT_TRUE(WIFSIGNALED(ended->number));  // past the HUP, and by the other one
  EXPECT_EQ(WTERMSIG(ended->number), SIGUSR1);
}

}  // namespace
}  // namespace bellwether::cli
