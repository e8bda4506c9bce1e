// One log line for each change of leader.
#pragma once

#include <map>
#include <string>

#include "election/view.h"

namespace bellwether::app {

// Thread: shard thread only.
class LeaderLog {
 public:
  // Leaders that were there when we began to look are no change. An election that has lost its
  // leader is remembered until it has the next one, to name both in one line.
  void OnChange(const election::LeaderChange& change);

 private:
  std::map<std::string, std::string> lost_;  // leader by election
};

}  // namespace bellwether::app
