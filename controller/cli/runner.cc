#include "cli/runner.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "cli/exit_codes.h"

namespace bellwether::cli {
namespace {

// A leader that cannot start its command this many times in a row leaves the place to others.
constexpr int kMaxUnstarted = 3;
// A guardian, or a command, that has lived this long was no false start.
constexpr Milliseconds kLivedLong{10000};

int ExitCodeOf(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Runner::Runner(Surroundings surroundings, OwnTree& tree, const RunFlags& flags)
    : Participant(std::move(surroundings)),
      tree_(tree),
      flags_(flags),
      prepare_timer_(loop_),
      backoff_({}, Random::FromEntropy().Next()) {}

void Runner::Start() {
  // What fails the first time, before anybody counts on this candidate, is told instead of retried.
  if (const Status prepared = Prepare(); !prepared) {
    log::Error("cannot run the command", {{"error", prepared.error().message}});
    Leave(kFailed);
  }
}

void Runner::OnSignal(int signal) {
  if (running_) {
    if (Ends(signal)) end_signal_ = signal;
    return command_->Forward(signal);
  }
  if (!Ends(signal) || leaving()) return;
  log::Info("leaving the queue", {{"election", settings_.election}, {"signal", signal}});
  Leave(128 + signal);
}

// --- The candidate's news.

void Runner::OnElected(const election::Leadership& leadership) {
  if (leaving() || resigning()) return;
  LogElected(leadership);
  leadership_ = leadership;
  ShowLeading(leadership_, Times().terminate_at);
  leads_ = true;
  unstarted_ = 0;
  restarts_ = 0;
  if (ready_) StartCommand();
}

void Runner::OnExtended(MonotonicTime valid_until) {
  if (running_) LoseWhenOutOfTime();
  leadership_.valid_until = valid_until;
  if (lost_ || !leads_) return;
  ShowLeading(leadership_, Times().terminate_at);
  if (running_) command_->Extend(Times());
}

void Runner::OnLost(const std::string& why) {
  LogLost(why);
  leads_ = false;
  if (!running_) return Rejoin();
  Lose();
  command_->Stop(std::min(Times().kill_at, loop_.Now() + settings_.stop_grace));
}

void Runner::LoseWhenOutOfTime() {
  if (PastTerminate()) LoseOutOfTime();
}

void Runner::LoseOutOfTime() {
  if (lost_) return;
  Lose();
  log::Warning("the lease was not renewed in time, so the command is stopped",
               {{"election", settings_.election}});
}

void Runner::Lose() {
  lost_ = true;
  ShowOut("its command is being stopped");
}

void Runner::OnFailing(const std::string& why) {
  ShowHealth(false, why);
  if (lost_ || end_signal_) return;
  log::Warning("the command fails its check; stopping it and giving the place up",
               {{"election", settings_.election}, {"health", health_->target()}, {"why", why}});
  Lose();
  command_->Stop(std::min(Times().kill_at, loop_.Now() + settings_.stop_grace));
}

election::StopTimes Runner::Times() const {
  return election::StopTimesFor(leadership_.valid_until, settings_.stop_grace);
}

// --- The guardian and CMD.

Status Runner::Prepare() {
  auto made = GuardedCommand::Prepare(
      loop_, tree_, flags_.command,
      {.ready = [this] { OnReady(); },
       .ended = scope_.Bind([this](std::optional<GuardedCommand::Ended> how) { OnEnded(how); })});
  if (!made) return made.error();
  command_ = *std::move(made);
  prepared_at_ = loop_.Now();
  return Ok();
}

void Runner::PrepareLater() {
  prepare_timer_.Set(loop_.Now() + backoff_.Next(), [this] {
    if (leaving()) return;
    const Status prepared = Prepare();
    if (prepared) return;
    log::Warning("no guardian can be started, trying again",
                 {{"election", settings_.election}, {"error", prepared.error().message}});
    OnNeverRan();
  });
}

void Runner::OnReady() {
  ready_ = true;
  if (leaving() || resigning()) return;
  if (leads_) return StartCommand();
  candidate_.Campaign();  // queued already when an earlier guardian has died while waiting
}

void Runner::StartCommand() {
  // After a pause of this process the leadership may have no time left.
  if (PastTerminate()) {
    log::Warning("elected, but with no time left to start the command; giving the place up",
                 {{"election", settings_.election}});
    return Rejoin();
  }
  ready_ = false;
  running_ = true;
  command_->Start(leadership_.token, Times(), settings_.stop_grace);
  if (!health_) return;
  health_->Begin({.well = [this] { ShowHealth(true, ""); },
                  .failing = [this](const std::string& why) { OnFailing(why); }});
}

void Runner::OnEnded(std::optional<GuardedCommand::Ended> how) {
  if (loop_.Now() - prepared_at_ > kLivedLong) backoff_.Reset();
  command_.reset();
  ready_ = running_ = false;
  if (health_) {
    health_->End();
    ShowHealth(false, "the command does not run");
  }
  if (how) return OnRan(*how);
  OnNeverRan();
}

void Runner::OnNeverRan() {
  if (leaving()) return;
  if (end_signal_) return Leave(128 + *end_signal_);
  if (leads_) ++unstarted_;
  if (lost_ || (leads_ && (PastTerminate() || unstarted_ == kMaxUnstarted))) {
    log::Warning("the command could not be started in time; giving the place up",
                 {{"election", settings_.election}, {"tries", unstarted_}});
    Rejoin();
  }
  PrepareLater();
}

void Runner::OnRan(const GuardedCommand::Ended& how) {
  unstarted_ = 0;
  const int code = ExitCodeOf(how.status);
  log::Info("command ended", {{"election", settings_.election}, {"code", code}});
  if (end_signal_) return Leave(code);
  LoseWhenOutOfTime();
  // The lease may have been renewed and the guardian, paused, not have heard of it: that the
  // command was stopped is no end of its own all the same.
  if (how.at_deadline) LoseOutOfTime();
  if (lost_) {
    Rejoin();
  } else if (code != 0 && restarts_ < flags_.restarts && candidate_.Current(loop_.Now())) {
    ++restarts_;
    log::Info("starting the command again", {{"restart", restarts_}, {"of", flags_.restarts}});
  } else {
    return Leave(code);
  }
  PrepareLater();
}

// The work has ended because its term did: gives up what may be left of the place, then queues
// again.
void Runner::Rejoin() {
  lost_ = leads_ = false;
  if (flags_.once) return Leave(kLost);
  if (leaving() || resigning()) return;
  ShowOut("");
  Resign([this] {
    if (ready_) candidate_.Campaign();
  });
}

void Runner::Leave(int code) {
  if (!BeginLeaving(code)) return;
  ShowOut("it is ending");
  Resign({});
}

}  // namespace bellwether::cli
