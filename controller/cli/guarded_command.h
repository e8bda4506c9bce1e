// CMD under its guardian, as `run` sees it. The guardian is started at once and waits, so that
// leadership costs one fork.
//
// Thread:  shard thread; `ended` runs there, once. This process must be a subreaper.
// Errors:  a guardian that dies takes CMD with it (PDEATHSIG); what else it leaves behind is killed
// here.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cli/guardian.h"
#include "cli/packet_reader.h"
#include "election/fence.h"
#include "loop/scheduler.h"

namespace bellwether::cli {

class GuardedCommand {
 public:
  // `ended` gets CMD's wait status when nothing of its tree is left.
  static Result<std::unique_ptr<GuardedCommand>> Prepare(Scheduler& scheduler,
                                                         const std::vector<std::string>& command,
                                                         std::function<void(int status)> ended);
  // Kills what is left.
  ~GuardedCommand();

  void Start(FencingToken token, election::StopTimes times);
  void Extend(election::StopTimes times);
  void Forward(int signal);
  // SIGTERM now, SIGKILL at `kill_at` or at the deadline that is set already, whichever is earlier.
  void Stop(MonotonicTime kill_at);

 private:
  GuardedCommand(Scheduler& scheduler, int fd, pid_t guardian, std::function<void(int)> ended);

  void Send(const GuardianMessage& message);
  void OnPacket(const std::string& packet);
  void HoldDeadline();
  void KillEverything(int status);
  void End(int status);

  Scheduler& scheduler_;
  const int fd_;
  const pid_t guardian_;
  std::function<void(int)> ended_;  // empty once it was called
  bool started_ = false;
  MonotonicTime kill_at_ = MonotonicTime::max();
  Timer deadline_;  // the second line, should the guardian be stopped or stuck
  std::unique_ptr<PacketReader> reader_;
};

}  // namespace bellwether::cli
