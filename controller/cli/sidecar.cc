#include "cli/sidecar.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "cli/exit_codes.h"

namespace bellwether::cli {

Sidecar::Sidecar(Surroundings surroundings, bool once)
    : Participant(std::move(surroundings)), once_(once), stopped_(loop_) {}

void Sidecar::Start() {
  if (!health_) {
    wanted_ = true;
    return Join();
  }
  log::Info("joining the queue once the application is well", {{"health", health_->target()}});
  ShowOut("the application was not found well yet");
  health_->Begin({.well = [this] { OnWell(); },
                  .failing = [this](const std::string& why) { OnFailing(why); }});
}

void Sidecar::OnSignal(int signal) {
  if (!Ends(signal) || !BeginLeaving(kOk)) return;
  log::Info("leaving the queue", {{"election", settings_.election}, {"signal", signal}});
  GiveUp("it is ending");
}

void Sidecar::Join() {
  if (giving_up_) return;  // and joins then
  ShowOut("");
  candidate_.Campaign();
}

void Sidecar::GiveUp(const std::string& why) {
  // The application has the grace from when it was first told that this one does not lead.
  const std::optional<MonotonicTime> told_until =
      leadership_ ? std::optional(std::min(loop_.Now(), Until(leadership_->valid_until)))
                  : std::nullopt;
  leadership_.reset();
  ShowOut(why);
  if (std::exchange(giving_up_, true)) return;
  const auto resign = [this] {
    Resign([this] {
      giving_up_ = false;
      if (wanted_) Join();
    });
  };
  if (!told_until || *told_until + settings_.stop_grace <= loop_.Now()) return resign();
  stopped_.Set(*told_until + settings_.stop_grace, resign);
}

// --- The candidate's news.

void Sidecar::OnElected(const election::Leadership& leadership) {
  if (giving_up_) return;
  LogElected(leadership);
  leadership_ = leadership;
  ShowLeading(leadership, Until(leadership.valid_until));
}

void Sidecar::OnExtended(MonotonicTime valid_until) {
  if (giving_up_ || !leadership_) return;
  leadership_->valid_until = valid_until;
  ShowLeading(*leadership_, Until(valid_until));
}

void Sidecar::OnLost(const std::string& why) {
  LogLost(why);
  if (giving_up_) return;
  leadership_.reset();
  if (once_) {
    BeginLeaving(kLost);
    return GiveUp("");
  }
  // Not given up first: the contender waits longer each time that its place is taken from it.
  ShowOut("");
  candidate_.Campaign();
}

// --- The application's.

void Sidecar::OnWell() {
  log::Info("the application is well; joining the queue",
            {{"election", settings_.election}, {"health", health_->target()}});
  ShowHealth(true, "");
  if (leaving()) return;
  wanted_ = true;
  Join();
}

void Sidecar::OnFailing(const std::string& why) {
  log::Warning(wanted_ ? "the application fails its check; giving the place up until it is well"
                       : "the application fails its check; not joining the queue until it is well",
               {{"election", settings_.election}, {"health", health_->target()}, {"why", why}});
  ShowHealth(false, why);
  if (leaving() || !std::exchange(wanted_, false)) return;
  if (once_ && leadership_) BeginLeaving(kLost);
  GiveUp("the application fails its check: " + why);
}

}  // namespace bellwether::cli
