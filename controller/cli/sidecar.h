// `run` without a command: stands in the queue for an application beside it, which learns by HTTP
// whether it leads.
//
// What it tells of a leadership ends before the place can belong to somebody else: by the lease's
// own deadline less --stop-grace, and, when the place is given up, --stop-grace earlier.
//
// Thread, errors:  as Participant.
#pragma once

#include <string>

#include "cli/participant.h"
#include "loop/scheduler.h"

namespace bellwether::cli {

class Sidecar final : public Participant {
 public:
  Sidecar(Surroundings surroundings, bool once);

  void Start() override;
  // SIGTERM and SIGINT end it with 0.
  void OnSignal(int signal) override;

 private:
  void OnElected(const election::Leadership& leadership) override;
  void OnExtended(MonotonicTime valid_until) override;
  void OnLost(const std::string& why) override;

  void OnWell();
  void OnFailing(const std::string& why);

  void Join();
  // Not leading for the application at once; the place goes after its time to stop. Then joins
  // again if that is wanted.
  void GiveUp(const std::string& why);  // as ShowOut takes it
  MonotonicTime Until(MonotonicTime valid_until) const {
    return valid_until - settings_.stop_grace;
  }

  const bool once_;
  bool wanted_ = false;     // it should stand in the queue
  bool giving_up_ = false;  // the place is being left
  std::optional<election::Leadership> leadership_;
  Timer stopped_;  // the application's time to stop is over
};

}  // namespace bellwether::cli
