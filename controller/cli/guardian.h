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
    kStart,      // lead: token, terminate_at, kill_at
    kDeadlines,  // extended: terminate_at, kill_at
    kSignal,     // forward `number` to CMD's process group
    kStop,       // SIGTERM now, SIGKILL at the earlier of kill_at and the deadline it has
    // From the guardian.
    kStarted,  // number = CMD's pid
    kEnded,    // number = CMD's wait status; nothing of its tree is left; the guardian ends
  };
  Kind kind = Kind::kStart;
  int32_t number = 0;
  int64_t token = 0;
  int64_t terminate_at_ns = 0;  // CLOCK_BOOTTIME
  int64_t kill_at_ns = 0;
};

// The guardian's main: serves the socket `fd` until CMD and all its tree have ended. Returns its
// exit code. CMD gets the environment of this process and BELLWETHER_TOKEN, BELLWETHER_LEADER=1.
int GuardianMain(int fd, const std::vector<std::string>& command);

}  // namespace bellwether::cli
