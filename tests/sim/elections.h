// The elections of a simulated system.
#pragma once

#include <string>
#include <vector>

#include "etcd/api.h"

namespace bellwether::sim {

struct Election {
  std::string ns;
  std::string name;
  std::string prefix;  // without the trailing '/'
  std::string begin() const { return prefix + "/"; }
  std::string end() const { return etcd::PrefixEnd(begin()); }
};

inline const std::string kRoot = "/sim/elections";

// Two under the root, one at a prefix of its own.
inline std::vector<Election> AllElections() {
  return {{"blue", "alpha", kRoot + "/blue/alpha"},
          {"blue", "beta", kRoot + "/blue/beta"},
          {"legacy", "locker", "/TEST/LOCKER"}};
}

}  // namespace bellwether::sim
