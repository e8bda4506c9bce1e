#include "cli/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "cli/process_tree.h"

namespace bellwether::cli {
namespace {

using Kind = GuardianMessage::Kind;

// How long CMD may take after SIGTERM when `run` is gone and no deadline is nearer.
constexpr std::chrono::seconds kOrphanGrace{5};

MonotonicTime FromNanoseconds(int64_t ns) { return MonotonicTime(Nanoseconds(ns)); }

[[noreturn]] void ExecCommand(const std::vector<std::string>& command, int64_t token,
                              pid_t guardian) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Died before the line above counted.
  if (getppid() != guardian) _exit(126);
  setenv("BELLWETHER_TOKEN", std::to_string(token).c_str(), 1);
  setenv("BELLWETHER_LEADER", "1", 1);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  close_range(3, ~0U, 0);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
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
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE}) {
      ::signal(signal, SIG_IGN);
    }
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    const int ended_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    timer_fd_ = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (ended_fd < 0 || timer_fd_ < 0) {
      std::perror("bellwether guardian: cannot watch its child or its deadline");
      return 1;
    }
    for (;;) {
      pollfd wait[] = {
          {timer_fd_, POLLIN, 0}, {ended_fd, POLLIN, 0}, {run_gone_ ? -1 : fd_, POLLIN, 0}};
      poll(wait, 3, -1);
      // The deadline first: after a pause of this process it decides before anything else is
      // believed.
      Drain(timer_fd_);
      HoldDeadline();
      Drain(ended_fd);
      if (Reap()) return 0;
      if (wait[2].revents != 0) Receive();
      if (run_gone_ && command_pid_ == 0) return 0;
    }
  }

 private:
  static void Drain(int fd) {
    char buffer[512];
    while (read(fd, buffer, sizeof buffer) > 0) {
    }
  }

  void Receive() {
    GuardianMessage message;
    const ssize_t n = recv(fd_, &message, sizeof message, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n != static_cast<ssize_t>(sizeof message)) return OnRunGone();
    switch (message.kind) {
      case Kind::kStart:
        SetDeadlines(message);
        Start(message.token);
        break;
      case Kind::kDeadlines:
        if (!terminated_) SetDeadlines(message);
        break;
      case Kind::kSignal:
        if (command_pid_ > 0) kill(-command_pid_, message.number);
        break;
      case Kind::kStop:
        kill_at_ = std::min(kill_at_, FromNanoseconds(message.kill_at_ns));
        Terminate();
        break;
      case Kind::kStarted:
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
    const pid_t pid = fork();
    if (pid == 0) ExecCommand(command_, token, guardian);
    if (pid < 0) {
      std::perror("bellwether guardian: cannot fork");
      Send({.kind = Kind::kEnded, .number = 126 << 8});
      std::exit(1);
    }
    setpgid(pid, pid);  // also here, so that a signal right now reaches the group
    command_pid_ = pid;
    Send({.kind = Kind::kStarted, .number = pid});
  }

  void HoldDeadline() {
    if (command_pid_ == 0) return;
    const MonotonicTime now = BootClock::now();
    if (now >= kill_at_) {
      KillAll();
    } else if (now >= terminate_at_) {
      Terminate();
    }
  }

  void Terminate() {
    if (terminated_ || command_pid_ == 0) return;
    terminated_ = true;
    SignalDescendants(SIGTERM);
    SignalDescendants(SIGCONT);  // a stopped process would sleep through it
    SetTimer();
  }

  // Kills the command's tree and reaps what is not the command itself, whose status Reap wants.
  void KillAll() {
    SignalDescendants(SIGKILL);
    // What was forked meanwhile dies in the next round.
    kill_at_ = BootClock::now() + Milliseconds(5);
    terminated_ = true;
    SetTimer();
  }

  // True when the command and everything below have ended.
  bool Reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == command_pid_) command_status_ = status;
    }
    if (!command_status_) return false;
    if (!KillDescendants()) {
      KillAll();  // and look again
      return false;
    }
    Send({.kind = Kind::kEnded, .number = *command_status_});
    return true;
  }

  void OnRunGone() {
    run_gone_ = true;
    if (command_pid_ == 0) return;
    kill_at_ = std::min(kill_at_, BootClock::now() + kOrphanGrace);
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
  pid_t command_pid_ = 0;
  std::optional<int> command_status_;
  MonotonicTime terminate_at_ = MonotonicTime::max();
  MonotonicTime kill_at_ = MonotonicTime::max();
  bool terminated_ = false;
  bool run_gone_ = false;
};

}  // namespace

int GuardianMain(int fd, const std::vector<std::string>& command) {
  return Guardian(fd, command).Run();
}

}  // namespace bellwether::cli
