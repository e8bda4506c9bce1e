#include "cli/guardian.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

#include "cli/descriptors.h"
#include "cli/process_tree.h"

namespace bellwether::cli {
namespace {

using Kind = GuardianMessage::Kind;

MonotonicTime FromNanoseconds(int64_t ns) { return MonotonicTime(Nanoseconds(ns)); }

// Seen by the guardian and by its child until that has become CMD.
struct SharedPage {
  std::atomic<bool> too_late = false;  // the child ended because terminate_at had passed
};

SharedPage* MapSharedPage() {
  void* page =
      mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : new (page) SharedPage;
}

[[noreturn]] void ExecCommand(const std::vector<std::string>& command, int64_t token,
                              pid_t guardian, MonotonicTime terminate_at, SharedPage* page) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Died before the line above counted.
  if (getppid() != guardian) _exit(126);
  setenv("BELLWETHER_TOKEN", std::to_string(token).c_str(), 1);
  setenv("BELLWETHER_LEADER", "1", 1);
  ReadNothingFromATerminal();
  CloseAllButStandard();
  InheritStandardDescriptors();
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  // Here and not before the fork: `run`, the guardian or this process may have been stopped since.
  if (BootClock::now() >= terminate_at) {
    page->too_late = true;
    _exit(126);
  }
  // Signals for CMD that came meanwhile were held back, and count now.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(argv[0], argv.data());
  const int why = errno;
  std::fprintf(stderr, "bellwether run: cannot start %s: %s\n", argv[0], std::strerror(why));
  // As shells do: 127 not found, 126 found but not executable.
  _exit(why == ENOENT ? 127 : 126);
}

class Guardian {
 public:
  Guardian(int fd, const std::vector<std::string>& command) : fd_(fd), command_(command) {}

  int Run() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    // Blocked and not ignored, so that CMD, forked with this mask, loses none before it runs, and
    // has the dispositions that `run` was given.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const int ended_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    timer_fd_ = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    page_ = MapSharedPage();
    if (ended_fd < 0 || timer_fd_ < 0 || page_ == nullptr) {
      std::perror("bellwether guardian: cannot watch its child or its deadline");
      return 1;
    }
    Send({.kind = Kind::kReady});
    for (;;) {
      pollfd wait[] = {
          {timer_fd_, POLLIN, 0}, {ended_fd, POLLIN, 0}, {run_gone_ ? -1 : fd_, POLLIN, 0}};
      poll(wait, 3, -1);
      Drain(timer_fd_);
      Drain(ended_fd);
      // The news first, then the deadline: after a pause of this process the queue may hold a later
      // one, or the command may have ended long before it.
      while (!run_gone_ && Receive()) {
      }
      if (Reap()) return 0;
      HoldDeadline();
      if (cannot_fork_ || (run_gone_ && command_pid_ == 0)) return 0;
    }
  }

 private:
  static void Drain(int fd) {
    char buffer[512];
    while (read(fd, buffer, sizeof buffer) > 0) {
    }
  }

  // False when nothing waits to be received.
  bool Receive() {
    GuardianMessage message;
    const ssize_t n = recv(fd_, &message, sizeof message, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n == static_cast<ssize_t>(sizeof message)) {
      OnMessage(message);
    } else {
      OnRunGone();
    }
    return true;
  }

  void OnMessage(const GuardianMessage& message) {
    switch (message.kind) {
      case Kind::kStart:
        SetDeadlines(message);
        stop_grace_ = Nanoseconds(message.stop_grace_ns);
        Start(message.token);
        break;
      case Kind::kDeadlines:
        if (!terminated_) SetDeadlines(message);
        break;
      case Kind::kSignal:
        SignalGroup(message.number);
        break;
      case Kind::kStop:
        kill_at_ = std::min(kill_at_, FromNanoseconds(message.kill_at_ns));
        Terminate();
        break;
      case Kind::kReady:
      case Kind::kStarting:
      case Kind::kNotStarted:
      case Kind::kEnded:
        break;  // ours to send
    }
  }

  void SetDeadlines(const GuardianMessage& message) {
    terminate_at_ = FromNanoseconds(message.terminate_at_ns);
    kill_at_ = FromNanoseconds(message.kill_at_ns);
    SetTimer();
  }

  void SetTimer() {
    const MonotonicTime next = terminated_ ? kill_at_ : std::min(terminate_at_, kill_at_);
    const int64_t ns = std::max<int64_t>(1, next.time_since_epoch().count());
    itimerspec when{};
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
    timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void Start(int64_t token) {
    if (command_pid_ != 0) return;
    const pid_t guardian = getpid();
    // Before the fork: should this process die in between, `run` must not believe that CMD never
    // ran.
    Send({.kind = Kind::kStarting});
    const pid_t pid = fork();
    if (pid == 0) ExecCommand(command_, token, guardian, terminate_at_, page_);
    if (pid < 0) {
      cannot_fork_ = true;
      return Send({.kind = Kind::kNotStarted, .number = errno});
    }
    setpgid(pid, pid);  // also here, so that a signal right now reaches the group
    command_pid_ = pid;
  }

  void HoldDeadline() {
    if (command_pid_ == 0) return;
    const MonotonicTime now = BootClock::now();
    if (now < kill_at_ && (terminated_ || now < terminate_at_)) return;
    at_deadline_ = at_deadline_ || !terminated_;
    if (now >= kill_at_) {
      KillAll();
    } else {
      Terminate();
    }
  }

  void Terminate() {
    if (terminated_ || command_pid_ == 0) return;
    terminated_ = true;
    SignalTree(SIGTERM);
    SignalTree(SIGCONT);  // a stopped process would sleep through it
    SetTimer();
  }

  void SignalGroup(int signal) const {
    // Once CMD has been waited for, the number may be somebody else's.
    if (command_pid_ > 0 && !command_status_) kill(-command_pid_, signal);
  }

  // Each once: to many programs a second SIGTERM means "at once".
  void SignalTree(int signal) const {
    if (tree_.Signal(signal)) return;
    SignalGroup(signal);  // /proc cannot be read at the moment
  }

  void KillAll() {
    SignalTree(SIGKILL);
    kill_at_ = BootClock::now() + kill_pace_.Next();
    killing_ = terminated_ = true;
    SetTimer();
  }

  // True when the command and everything below have ended.
  bool Reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == command_pid_) command_status_ = status;
    }
    if (!command_status_) return false;
    if (!tree_.Ended()) {
      if (!killing_) KillAll();  // and again by the timer
      return false;
    }
    Send({.kind = page_->too_late ? Kind::kNotStarted : Kind::kEnded,
          .at_deadline = at_deadline_,
          .number = *command_status_});
    return true;
  }

  void OnRunGone() {
    run_gone_ = true;
    if (command_pid_ == 0) return;
    kill_at_ = std::min(kill_at_, BootClock::now() + stop_grace_);
    Terminate();
    SetTimer();
  }

  void Send(const GuardianMessage& message) {
    // A run that is gone needs no news.
    (void)!send(fd_, &message, sizeof message, MSG_NOSIGNAL);
  }

  const int fd_;
  const std::vector<std::string>& command_;
  int timer_fd_ = -1;
  SharedPage* page_ = nullptr;
  pid_t command_pid_ = 0;
  std::optional<int> command_status_;
  OwnTree tree_;
  KillPace kill_pace_;
  bool killing_ = false;
  MonotonicTime terminate_at_ = MonotonicTime::max();
  MonotonicTime kill_at_ = MonotonicTime::max();
  bool terminated_ = false;
  bool at_deadline_ = false;  // and that was because of a deadline
  bool run_gone_ = false;
  bool cannot_fork_ = false;
  Nanoseconds stop_grace_{0};
};

}  // namespace

int GuardianMain(int fd, const std::vector<std::string>& command) {
  return Guardian(fd, command).Run();
}

}  // namespace bellwether::cli
