// What every way of running one candidate shares: the candidate, what is logged and published of
// its place, and the end. Runner leads a command, Sidecar serves its state alone.
//
// Thread:  shard thread only.
// Errors:  none is fatal after Start: what fails is logged and tried again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/health_monitor.h"
#include "cli/run_settings.h"
#include "election/candidate.h"
#include "election/own_state.h"
#include "loop/event_loop.h"

namespace bellwether::cli {

// What it works with. All but the monitor outlive it.
struct Surroundings {
  EventLoop& loop;  // stopped at the end
  etcd::Client& client;
  const RunSettings& settings;
  election::OwnStateStore& own;
  std::unique_ptr<HealthMonitor> health;  // null = the application is not checked
};

class Participant : public election::CandidateHandler {
 public:
  virtual void Start() = 0;
  virtual void OnSignal(int signal) = 0;
  int exit_code() const { return exit_code_; }

 protected:
  explicit Participant(Surroundings surroundings);

  void OnQueued(const election::Place& place) override;
  void OnPlaceLost(const std::string& why) override;
  void OnCandidateTrouble(const Error& error) override;

  // A closed terminal ends; else SIGHUP is most often a request to reload.
  bool Ends(int signal) const;
  void LogElected(const election::Leadership& leadership) const;
  void LogLost(const std::string& why) const;

  // For who asks by HTTP: it leads until then.
  void ShowLeading(election::Leadership leadership, MonotonicTime until);
  // Neither leading nor queued; `why` is empty when it is joining.
  void ShowOut(const std::string& why);
  void ShowHealth(bool well, const std::string& why);

  // Resigns; then `done`, unless this is the end: then the loop stops.
  void Resign(std::function<void()> done);
  bool resigning() const { return resigning_; }
  bool leaving() const { return leaving_; }
  // From here on the next Resign, or the one under way, is the end. False when it was asked before.
  bool BeginLeaving(int code);

  EventLoop& loop_;
  const RunSettings& settings_;
  election::OwnStateStore& own_;
  const std::unique_ptr<HealthMonitor> health_;
  election::Candidate candidate_;
  Scope scope_;

 private:
  bool resigning_ = false;
  bool leaving_ = false;
  int exit_code_;
};

}  // namespace bellwether::cli
