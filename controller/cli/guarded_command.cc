#include "cli/guarded_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/log.h"

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
Status Spawn(int fd, const std::vector<std::string>& command) {
  std::vector<std::string> words = {"bellwether", "guardian", "--"};
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fd, 3);
  // A connection that it inherited would stay open when this process closes it.
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Whatever is sent to everybody (a supervisor's SIGTERM to the whole container) finds it deaf
  // from its first instruction on.
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &all);
  // A group of its own: what the terminal or a supervisor sends to run's group does not reach it.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return SpawnError("posix_spawn", failed);
  return Ok();
}

}  // namespace

Result<std::unique_ptr<GuardedCommand>> GuardedCommand::Prepare(
    Scheduler& scheduler, OwnTree& tree, const std::vector<std::string>& command, Told told) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return SpawnError("socketpair", errno);
  }
  std::unique_ptr<GuardedCommand> made(
      new GuardedCommand(scheduler, tree, ends[0], std::move(told)));
  auto reader = PacketReader::Make(
      scheduler, ends[0],
      [self = made.get()](const std::string& packet) { self->OnPacket(packet); });
  if (ends[1] == 3) {
    // dup2 onto itself would keep the close-on-exec flag.
    ends[1] = fcntl(3, F_DUPFD_CLOEXEC, 4);
    close(3);
  }
  const Status spawned = reader ? Spawn(ends[1], command) : reader.error();
  close(ends[1]);
  if (!spawned) {
    made->ended_ = true;  // nothing to kill
    return spawned.error();
  }
  made->reader_ = *std::move(reader);
  return made;
}

GuardedCommand::GuardedCommand(Scheduler& scheduler, OwnTree& tree, int fd, Told told)
    : scheduler_(scheduler), tree_(tree), fd_(fd), told_(std::move(told)), deadline_(scheduler) {}

GuardedCommand::~GuardedCommand() {
  reader_.reset();
  close(fd_);
  if (!ended_) tree_.Kill();
}

void GuardedCommand::Start(FencingToken token, election::StopTimes times, Milliseconds stop_grace) {
  GuardianMessage message = Deadlines(Kind::kStart, times);
  message.token = token.value;
  message.stop_grace_ns = Nanoseconds(stop_grace).count();
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
  if (killing_) return;
  deadline_.Set(kill_at_ + kSecondLine, [this] {
    log::Warning("the guardian did not confirm the end of the command in time; killing both");
    KillEverything();
  });
}

void GuardedCommand::OnPacket(const std::string& packet) {
  if (ended_) return;
  GuardianMessage message;
  if (packet.size() != sizeof message) {
    if (killing_) return;
    log::Warning("the guardian has died; killing what it left behind");
    return KillEverything();
  }
  std::memcpy(&message, packet.data(), sizeof message);
  switch (message.kind) {
    case Kind::kReady:
      return told_.ready();
    case Kind::kStarting:
      may_have_run_ = true;
      return;
    case Kind::kNotStarted:
      return End(std::nullopt);
    case Kind::kEnded:
      return End(Ended{.status = message.number, .at_deadline = message.at_deadline});
    case Kind::kStart:
    case Kind::kDeadlines:
    case Kind::kSignal:
    case Kind::kStop:
      return;  // ours to send
  }
}

// The guardian is a descendant like the others.
void GuardedCommand::KillEverything() {
  killing_ = true;
  if (!tree_.Ended()) {
    tree_.Signal(SIGKILL);
    // One pass, so that the shard goes on: the place is kept until nothing is left.
    deadline_.Set(scheduler_.Now() + kill_pace_.Next(), [this] { KillEverything(); });
    return;
  }
  End(may_have_run_ ? std::optional<Ended>({.status = SIGKILL}) : std::nullopt);
}

void GuardedCommand::End(std::optional<Ended> how) {
  deadline_.Cancel();
  if (std::exchange(ended_, true)) return;
  scheduler_.Post([ended = std::move(told_.ended), how] { ended(how); });
}

}  // namespace bellwether::cli
