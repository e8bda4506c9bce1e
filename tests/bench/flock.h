// Candidates of ours for `./run bench`, many in one process. They talk to the bench by lines: what
// they print on standard output is in each function's comment, and the end of standard input ends
// them.
#pragma once

#include <string>

namespace bellwether::bench {

struct IdleFlags {
  std::string endpoints;
  std::string root;
  int elections = 0;
  int candidates = 0;  // of each election
};
// Candidates in all elections on one client, and the controller's observer of the root beside them.
// Prints "ready" when each place is taken and the observer shows every queue whole; at the end
// "lost L missed M": leaderships and places lost, and events that re-reads of the root had to find.
// The exit code.
int Idle(const IdleFlags& flags);

struct HandOverFlags {
  std::string endpoints;
  std::string prefix;
  int candidates = 0;
};
// Candidates of one election, each with a client and a thread of its own. Prints "ready", then
// reads numbers, and for each N makes the leader resign N times: a line with the nanoseconds from
// the call of Resign to the moment when the next one was told, then "done". The exit code.
int HandOver(const HandOverFlags& flags);

}  // namespace bellwether::bench
