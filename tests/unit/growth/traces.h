// Days in the life of an etcd cluster, each with what the growth model must and must not say.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "unit/growth/watched_cluster.h"

namespace bellwether::growth {

struct TraceSetting {
  bool tells_compact = true;
  Mutant mutant = Mutant::kNone;
};

struct Trace {
  const char* name;
  // What was not as it must be; empty when all was.
  std::vector<std::string> (*play)(const TraceSetting& setting);

  friend std::ostream& operator<<(std::ostream& out, const Trace& trace) {
    return out << trace.name;
  }
};

std::span<const Trace> Traces();

}  // namespace bellwether::growth
