// All processes below one, found through /proc: also those that left its process group or session.
#pragma once

#include <sys/types.h>

#include <vector>

namespace bellwether::cli {

// Descendants of `root`, without it. A process that forks meanwhile can be missed; who must be sure
// asks again until none is left.
std::vector<pid_t> Descendants(pid_t root);

// Sends the signal to every descendant of this process; true when there was one.
bool SignalDescendants(int signal);

// SIGKILLs every descendant of this process and reaps it, until none is left. This process must be
// a subreaper. False when some were still there after about a second (uninterruptible sleep).
bool KillDescendants();

}  // namespace bellwether::cli
