// What is odd about the places of a queue, as far as etcd itself shows it: orphans, which hold a
// place that nobody will give up, and places that are not what they seem.
//
// What etcd cannot show: a client that still believes it is queued, or leads, although its key is
// gone (etcd issue 19597); only that client could tell.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "election/view.h"

namespace bellwether::cli {

struct LeaseState {
  Milliseconds remaining{0};  // negative = the lease does not exist
  Milliseconds granted{0};
};

struct Remark {
  std::string code;  // stable
  std::string text;
};

// Of each place, in the queue's order. `leases`: those that etcd was asked about.
std::vector<std::vector<Remark>> RemarksOn(const election::ElectionView& view,
                                           const std::map<LeaseId, LeaseState>& leases);

}  // namespace bellwether::cli
