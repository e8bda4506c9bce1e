// All processes below one, found through /proc: also those that left its process group or session.
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "base/time.h"

namespace bellwether::cli {

// Descendants of `root`, without it. What forks meanwhile can be missed, and everything when /proc
// cannot be read: none found does not mean none left.
std::vector<pid_t> Descendants(pid_t root);

// What this process, a subreaper, has started, and all that came of it: every descendant but the
// children that it had before (`sidecar & exec bellwether run …` leaves it some) and what is below
// those. An orphan that they leave behind later counts in, since nothing tells whose it was.
class OwnTree {
 public:
  // Remembers the children of this moment.
  OwnTree();

  // Reaps what has ended, of the others too.
  void Reap();
  // Reaps, and tells whether nothing is left, running or not. That is the kernel's word (no child
  // to wait for) unless there are others; then it is a look at /proc.
  bool Ended();
  // Sends it to everything in the tree, once; false when nothing was found.
  bool Signal(int signal) const;
  // SIGKILLs everything until it has ended. False when some was still there after about a second
  // (uninterruptible sleep, or of another user).
  bool Kill();

 private:
  struct Found {
    std::vector<pid_t> own;
    bool all_others = false;  // else /proc did not tell everything
  };
  Found Find() const;
  bool AnyChildLeft();

  std::set<pid_t> others_;
};

// When to look again at what was killed: at once for what it forked meanwhile; after some time
// seldom, since what is asleep in the kernel dies when that lets it, and each look is one at every
// process of the machine.
class KillPace {
 public:
  Milliseconds Next() { return ++looks_ <= 100 ? Milliseconds(5) : Milliseconds(1000); }

 private:
  int looks_ = 0;
};

}  // namespace bellwether::cli
