// CMD under its guardian, as `run` sees it. The guardian is started at once and waits, so that
// leadership costs one fork.
//
// Owner:   whoever made it, also of the guardian process's zombie: somebody must OwnTree::Reap.
// Thread:  shard thread; what is told runs there, never inside a call. This process must be a
//          subreaper.
// Errors:  a guardian that dies takes CMD with it (PDEATHSIG); what else it leaves behind is killed
//          here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cli/guardian.h"
#include "cli/packet_reader.h"
#include "cli/process_tree.h"
#include "election/fence.h"
#include "loop/scheduler.h"

namespace bellwether::cli {

class GuardedCommand {
 public:
  struct Ended {
    int status = 0;            // CMD's wait status
    bool at_deadline = false;  // the guardian stopped it, at the deadline that it had
  };
  struct Told {
    // The guardian waits for Start. Once, or never when it cannot be run.
    std::function<void()> ready;
    // Nothing of guardian and CMD is left. nullopt when CMD certainly never ran.
    std::function<void(std::optional<Ended>)> ended;
  };
  // `tree`: of this process, outlives it.
  static Result<std::unique_ptr<GuardedCommand>> Prepare(Scheduler& scheduler, OwnTree& tree,
                                                         const std::vector<std::string>& command,
                                                         Told told);
  // Kills what is left.
  ~GuardedCommand();

  // Starts CMD, unless terminate_at has passed when it is about to run.
  void Start(FencingToken token, election::StopTimes times, Milliseconds stop_grace);
  void Extend(election::StopTimes times);
  void Forward(int signal);
  // SIGTERM now, SIGKILL at `kill_at` or at the deadline that is set already, whichever is earlier.
  void Stop(MonotonicTime kill_at);

 private:
  GuardedCommand(Scheduler& scheduler, OwnTree& tree, int fd, Told told);

  void Send(const GuardianMessage& message);
  void OnPacket(const std::string& packet);
  void HoldDeadline();
  void KillEverything();
  void End(std::optional<Ended> how);

  Scheduler& scheduler_;
  OwnTree& tree_;
  const int fd_;
  Told told_;
  bool ended_ = false;
  bool may_have_run_ = false;
  bool killing_ = false;
  KillPace kill_pace_;
  MonotonicTime kill_at_ = MonotonicTime::max();
  Timer deadline_;  // the second line, should the guardian be stopped or stuck
  std::unique_ptr<PacketReader> reader_;
};

}  // namespace bellwether::cli
