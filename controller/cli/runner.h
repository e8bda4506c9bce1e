// Joins one candidate, its guarded command and the signals: the decisions of `run`.
//
// Four things end a term of CMD: it ends by itself, the leadership is lost, CMD fails the check of
// its health, or a signal asks for the end; the place goes only after CMD's whole tree has ended.
// It stands in the queue only while a guardian is ready, so that a leader can start at once; one
// whose guardians do not live gives the place up to somebody who can.
//
// Thread, errors:  as Participant.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "cli/guarded_command.h"
#include "cli/participant.h"

namespace bellwether::cli {

class Runner final : public Participant {
 public:
  // All outlive it.
  Runner(Surroundings surroundings, OwnTree& tree, const RunFlags& flags);

  void Start() override;
  // Forwarded to CMD while it runs.
  void OnSignal(int signal) override;

 private:
  void OnElected(const election::Leadership& leadership) override;
  void OnExtended(MonotonicTime valid_until) override;
  void OnLost(const std::string& why) override;

  election::StopTimes Times() const;
  bool PastTerminate() const { return loop_.Now() >= Times().terminate_at; }
  // From terminate_at on the guardian has asked the command to stop: this term is over, whatever
  // comes.
  void LoseWhenOutOfTime();
  void LoseOutOfTime();
  // The term is over, CMD is being stopped.
  void Lose();
  void OnFailing(const std::string& why);

  Status Prepare();
  void PrepareLater();
  void OnReady();
  void StartCommand();
  void OnEnded(std::optional<GuardedCommand::Ended> how);
  void OnNeverRan();
  void OnRan(const GuardedCommand::Ended& how);
  void Rejoin();
  void Leave(int code);

  OwnTree& tree_;
  const RunFlags& flags_;

  std::unique_ptr<GuardedCommand> command_;  // waiting or running; null = one will be prepared
  MonotonicTime prepared_at_;
  Timer prepare_timer_;
  Backoff backoff_;
  bool ready_ = false;    // the guardian waits for Start
  bool running_ = false;  // it was told to Start

  election::Leadership leadership_;  // the newest
  bool leads_ = false;               // elected, and not lost since
  bool lost_ = false;                // the command is being stopped because its term is over
  std::optional<int> end_signal_;    // that asked for the end
  int unstarted_ = 0;  // guardians in a row, in this term, that were gone before CMD ran
  int restarts_ = 0;   // in this term
};

}  // namespace bellwether::cli
