// The guardian: a small process between `run` and CMD. It holds the deadline of the leadership and
// kills CMD's whole tree when it is not refreshed, also when `run` is stopped or killed. It speaks
// to `run` over a socket pair, one fixed-size packet per message, and knows nothing of etcd.
//
// It is a subreaper, so that whatever CMD forks stays below it; CMD has a process group of its own
// and dies with the guardian (PDEATHSIG).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace bellwether::cli {

struct GuardianMessage {
  enum class Kind : uint8_t {
    // From run.
    kStart,      // lead: token, terminate_at, kill_at, stop_grace
    kDeadlines,  // extended: terminate_at, kill_at
    kSignal,     // forward `number` to CMD's process group
    kStop,       // SIGTERM now, SIGKILL at the earlier of kill_at and the deadline it has
    // From the guardian.
    kReady,       // waits for kStart
    kStarting,    // from here on CMD may have run
    kNotStarted,  // CMD has not run: terminate_at had passed, or it cannot be forked (number =
                  // errno); the guardian ends
    kEnded,       // number = CMD's wait status, at_deadline; nothing of its tree is left; the
                  // guardian ends
  };
  Kind kind = Kind::kStart;
  bool at_deadline = false;  // CMD was stopped because a deadline had passed, not by kStop
  int32_t number = 0;
  int64_t token = 0;
  int64_t terminate_at_ns = 0;  // CLOCK_BOOTTIME
  int64_t kill_at_ns = 0;
  int64_t stop_grace_ns = 0;  // between SIGTERM and SIGKILL when `run` is gone
};

// The guardian's main: serves the socket `fd` until CMD and all its tree have ended. Returns its
// exit code.
//
// CMD gets the environment of this process and BELLWETHER_TOKEN, BELLWETHER_LEADER=1; its signal
// dispositions, with none blocked; descriptors 0, 1 and 2 alone. Its process group is not the
// terminal's, where a read would stop it without a word: it reads /dev/null instead of a terminal.
int GuardianMain(int fd, const std::vector<std::string>& command);

}  // namespace bellwether::cli
