#include "cli/run.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/log.h"
#include "cli/exit_codes.h"
#include "cli/guarded_command.h"
#include "cli/run_settings.h"
#include "election/fence.h"

namespace bellwether::cli {
namespace {

constexpr Milliseconds kResignTimeout{5000};

constexpr int kForwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

int ExitCodeOf(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Joins the candidate, the guarded command and the signals. Three things end a term of CMD: it ends
// by itself, the leadership is lost, or a signal asks for the end; the place goes only after CMD's
// whole tree has ended.
class Runner final : public election::CandidateHandler {
 public:
  Runner(EventLoop& loop, etcd::Client& client, const RunFlags& flags, const RunSettings& settings)
      : loop_(loop),
        flags_(flags),
        settings_(settings),
        candidate_(loop, client, settings.candidate, this) {}

  void Start() {
    if (Prepare()) candidate_.Campaign();
  }

  void OnSignal(int signal) {
    const bool ends = signal == SIGTERM || signal == SIGINT;
    if (running_) {
      if (ends) ending_ = true;
      return command_->Forward(signal);
    }
    if (!ends || leaving_) return;
    log::Info("leaving the queue", {{"election", settings_.election}, {"signal", signal}});
    Leave(128 + signal);
  }

  int exit_code() const { return exit_code_; }

 private:
  void OnQueued(const election::Place& place) override {
    log::Info("queued", {{"election", settings_.election},
                         {"id", settings_.id},
                         {"key", place.key},
                         {"revision", place.create_revision.value}});
  }

  void OnElected(const election::Leadership& leadership) override {
    if (leaving_) return;
    log::Info("elected", {{"election", settings_.election},
                          {"id", settings_.id},
                          {"token", leadership.token.value}});
    token_ = leadership.token;
    valid_until_ = leadership.valid_until;
    StartCommand();
  }

  void OnExtended(MonotonicTime valid_until) override {
    // Past terminate_at the guardian has asked the command to stop: a late keepalive does not save
    // this term.
    if (running_ && loop_.Now() >= Times().terminate_at) lost_ = true;
    valid_until_ = valid_until;
    if (running_ && !lost_) command_->Extend(Times());
  }

  void OnLost(const std::string& why) override {
    log::Warning("leadership lost", {{"election", settings_.election}, {"why", why}});
    if (!running_) return Rejoin();
    lost_ = true;
    command_->Stop(std::min(Times().kill_at, loop_.Now() + settings_.stop_grace));
  }

  void OnPlaceLost(const std::string& why) override {
    log::Warning("lost the place in the queue; joining again",
                 {{"election", settings_.election}, {"why", why}});
  }

  void OnCandidateTrouble(const Error& error) override {
    log::Warning("not working, trying again",
                 {{"election", settings_.election}, {"error", error.message}});
  }

  election::StopTimes Times() const {
    return election::StopTimesFor(valid_until_, settings_.stop_grace);
  }

  // The guardian of the next term; false when there can be none.
  bool Prepare() {
    auto made = GuardedCommand::Prepare(loop_, flags_.command,
                                        scope_.Bind([this](int status) { OnEnded(status); }));
    if (made) {
      command_ = *std::move(made);
      return true;
    }
    log::Error("cannot run the command", {{"error", made.error().message}});
    Leave(kFailed);
    return false;
  }

  void StartCommand() {
    running_ = true;
    command_->Start(token_, Times());
  }

  void OnEnded(int status) {
    const bool ran = std::exchange(running_, false);
    command_.reset();
    if (!ran) {
      // A guardian that died while waiting.
      if (!leaving_) Prepare();
      return;
    }
    const int code = ExitCodeOf(status);
    log::Info("command ended", {{"election", settings_.election}, {"code", code}});
    if (ending_) return Leave(code);
    // Past terminate_at the guardian has asked it to stop, whether or not a late keepalive saved
    // the leadership since.
    if (lost_ || loop_.Now() >= Times().terminate_at) return Rejoin();
    if (code != 0 && restarts_ < flags_.restarts && candidate_.Current(loop_.Now())) {
      ++restarts_;
      log::Info("starting the command again", {{"restart", restarts_}, {"of", flags_.restarts}});
      if (Prepare()) StartCommand();
      return;
    }
    Leave(code);
  }

  // The work has ended because the leadership did: gives up what may be left of the place, then
  // queues again.
  void Rejoin() {
    lost_ = false;
    if (flags_.once) return Leave(kLost);
    if (leaving_ || std::exchange(rejoining_, true)) return;
    candidate_.Resign(kResignTimeout, scope_.Bind([this](const Result<Unit>&) {
      rejoining_ = false;
      // What could not be given up expires with its lease; the new place has one of its own.
      if (leaving_) return loop_.Stop();
      if (command_ || Prepare()) candidate_.Campaign();
    }));
  }

  void Leave(int code) {
    if (std::exchange(leaving_, true)) return;
    exit_code_ = code;
    if (rejoining_) return;  // resigning already
    candidate_.Resign(kResignTimeout, scope_.Bind([this](const Result<Unit>& result) {
      if (!result) {
        log::Warning("the place could not be given up and expires with its lease",
                     {{"error", result.error().message}});
      }
      loop_.Stop();
    }));
  }

  EventLoop& loop_;
  const RunFlags& flags_;
  const RunSettings& settings_;
  election::Candidate candidate_;
  std::unique_ptr<GuardedCommand> command_;  // waiting or running
  FencingToken token_;
  MonotonicTime valid_until_;
  bool running_ = false;
  bool lost_ = false;       // the command is being stopped because the leadership is gone
  bool ending_ = false;     // a signal asked for the end
  bool rejoining_ = false;  // resigning, then queueing again
  bool leaving_ = false;    // resigning, then the end
  int restarts_ = 0;
  int exit_code_ = kFailed;
  Scope scope_;
};

// Servers that may confirm the keepalive of a revoked lease (etcd PRs 20615, 20616, 20813).
bool MayConfirmRevokedLeases(const std::string& version) {
  int major = 0;
  int minor = 0;
  int patch = 0;
  if (std::sscanf(version.c_str(), "%d.%d.%d", &major, &minor, &patch) != 3 || major != 3)
    return false;
  return minor < 4 || (minor == 4 && patch < 38) || (minor == 5 && patch < 23) ||
         (minor == 6 && patch < 5);
}

void WarnOfOldServers(etcd::Client& client) {
  for (size_t endpoint = 0; endpoint < client.endpoint_count(); ++endpoint) {
    client.Status(endpoint, {}, [name = client.endpoint_name(endpoint)](const auto& status) {
      if (!status || !MayConfirmRevokedLeases(status->version)) return;
      log::Warning(
          "this etcd may confirm keepalives of a revoked lease; use the fencing token, and upgrade "
          "to "
          "3.4.38, 3.5.23, 3.6.5 or newer",
          {{"endpoint", name}, {"version", status->version}});
    });
  }
}

}  // namespace

int Run(const RunFlags& flags) {
  const auto settings = CheckRunFlags(flags);
  if (!settings) {
    std::fprintf(stderr, "bellwether run: %s\n", settings.error().message.c_str());
    return kUsage;
  }
  setenv("BELLWETHER_ELECTION", settings->election.c_str(), 1);
  setenv("BELLWETHER_ID", settings->id.c_str(), 1);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Blocked before any thread exists, so that every thread inherits it and the descriptor alone
  // gets them.
  sigset_t forwarded;
  sigemptyset(&forwarded);
  for (const int signal : kForwarded) sigaddset(&forwarded, signal);
  sigprocmask(SIG_BLOCK, &forwarded, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const int signals = signalfd(-1, &forwarded, SFD_CLOEXEC);
  if (signals < 0) {
    std::perror("bellwether run: signalfd");
    return kFailed;
  }

  EventLoop loop;
  auto connection = Connect(loop, flags.connection, settings->endpoint_timeout);
  if (!connection) {
    std::fprintf(stderr, "bellwether run: %s\n", connection.error().message.c_str());
    return kUsage;
  }
  int code = kFailed;
  {
    Runner runner(loop, *connection->client, flags, *settings);
    PacketReader reader(loop, signals, [&runner](const std::string& packet) {
      // One read may bring several signals.
      signalfd_siginfo info{};
      for (size_t at = 0; at + sizeof info <= packet.size(); at += sizeof info) {
        std::memcpy(&info, packet.data() + at, sizeof info);
        runner.OnSignal(static_cast<int>(info.ssi_signo));
      }
    });
    WarnOfOldServers(*connection->client);
    loop.Post([&runner] { runner.Start(); });
    loop.Run();
    code = runner.exit_code();
  }
  connection->client.reset();
  connection->transport.reset();
  close(signals);
  return code;
}

}  // namespace bellwether::cli
