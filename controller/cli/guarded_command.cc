#include "cli/guarded_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "cli/process_tree.h"

namespace bellwether::cli {
namespace {

using Kind = GuardianMessage::Kind;

// After the guardian's own time to kill, and well before validity ends (election::kKillMargin).
constexpr Milliseconds kSecondLine{150};

int64_t Ns(MonotonicTime t) { return t.time_since_epoch().count(); }

GuardianMessage Deadlines(Kind kind, election::StopTimes times) {
  return {.kind = kind, .terminate_at_ns = Ns(times.terminate_at), .kill_at_ns = Ns(times.kill_at)};
}

Error SpawnError(const char* what, int why) {
  return {.code = Code::kInternal,
          .message = std::string("cannot start the guardian: ") + what + ": " + std::strerror(why)};
}

// The guardian is this same program; /proc/self/exe names it even after an upgrade has replaced the
// file.
Result<pid_t> Spawn(int fd, const std::vector<std::string>& command) {
  std::vector<std::string> words = {"bellwether", "guardian", "--"};
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fd, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  // A group of its own: what the terminal or a supervisor sends to run's group does not reach it.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return SpawnError("posix_spawn", failed);
  return pid;
}

}  // namespace

Result<std::unique_ptr<GuardedCommand>> GuardedCommand::Prepare(
    Scheduler& scheduler, const std::vector<std::string>& command,
    std::function<void(int status)> ended) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return SpawnError("socketpair", errno);
  }
  // dup2 onto itself would keep the close-on-exec flag.
  if (ends[1] == 3) ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 4);
  auto spawned = Spawn(ends[1], command);
  close(ends[1]);
  if (!spawned) {
    close(ends[0]);
    return spawned.error();
  }
  return std::unique_ptr<GuardedCommand>(
      new GuardedCommand(scheduler, ends[0], *spawned, std::move(ended)));
}

GuardedCommand::GuardedCommand(Scheduler& scheduler, int fd, pid_t guardian,
                               std::function<void(int)> ended)
    : scheduler_(scheduler),
      fd_(fd),
      guardian_(guardian),
      ended_(std::move(ended)),
      deadline_(scheduler),
      reader_(std::make_unique<PacketReader>(
          scheduler, fd, [this](const std::string& packet) { OnPacket(packet); })) {}

GuardedCommand::~GuardedCommand() {
  reader_.reset();
  close(fd_);
  if (!ended_) return;
  kill(guardian_, SIGKILL);
  KillDescendants();
}

void GuardedCommand::Start(FencingToken token, election::StopTimes times) {
  started_ = true;
  GuardianMessage message = Deadlines(Kind::kStart, times);
  message.token = token.value;
  Send(message);
  kill_at_ = times.kill_at;
  HoldDeadline();
}

void GuardedCommand::Extend(election::StopTimes times) {
  Send(Deadlines(Kind::kDeadlines, times));
  kill_at_ = times.kill_at;
  HoldDeadline();
}

void GuardedCommand::Forward(int signal) { Send({.kind = Kind::kSignal, .number = signal}); }

void GuardedCommand::Stop(MonotonicTime kill_at) {
  kill_at_ = std::min(kill_at_, kill_at);
  Send({.kind = Kind::kStop, .kill_at_ns = Ns(kill_at_)});
  HoldDeadline();
}

void GuardedCommand::Send(const GuardianMessage& message) {
  // A guardian that is gone shows as the end of file; one that does not read is dealt with at the
  // deadline.
  (void)!send(fd_, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void GuardedCommand::HoldDeadline() {
  deadline_.Set(kill_at_ + kSecondLine, [this] {
    log::Warning("the guardian did not confirm the end of the command in time; killing both");
    KillEverything(SIGKILL);
  });
}

void GuardedCommand::OnPacket(const std::string& packet) {
  if (!ended_) return;
  GuardianMessage message;
  if (packet.size() != sizeof message) {
    log::Warning("the guardian has died; killing what it left behind");
    return KillEverything(SIGKILL);
  }
  std::memcpy(&message, packet.data(), sizeof message);
  if (message.kind == Kind::kEnded) {
    waitpid(guardian_, nullptr, 0);
    End(message.number);
  }
}

void GuardedCommand::KillEverything(int status) {
  kill(guardian_, SIGKILL);
  if (!KillDescendants()) {
    // Asleep in the kernel: it cannot act either. Look again; the place is kept until it is gone.
    deadline_.Set(scheduler_.Now() + Milliseconds(100), [this, status] { KillEverything(status); });
    return;
  }
  End(status);
}

void GuardedCommand::End(int status) {
  deadline_.Cancel();
  if (auto ended = std::exchange(ended_, nullptr)) {
    scheduler_.Post([ended = std::move(ended), status] { ended(status); });
  }
}

}  // namespace bellwether::cli
