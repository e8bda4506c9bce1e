// Subcommands that ask etcd once and print: `leader`, `queue`, `get`. They write nothing to etcd.
#pragma once

#include <string>

#include "cli/connection.h"

namespace bellwether::cli {

struct QueryFlags {
  ConnectionFlags connection;
  std::string election;  // NS/NAME, or
  std::string prefix;    // an explicit one
  std::string root;
};

// Prints the leader's id alone. Exit codes: 3 nobody leads, 4 not known (etcd does not answer).
int Leader(const QueryFlags& flags);
// Prints every place in order, foreign candidates too, and names the orphans: keys without a lease,
// which never expire, and leases that nobody renews.
int Queue(const QueryFlags& flags);
// Prints a line for each election under the root.
int Get(const QueryFlags& flags);

}  // namespace bellwether::cli
