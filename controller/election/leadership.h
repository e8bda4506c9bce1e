// What a candidate has: a place in the queue, and at times the leadership.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace bellwether::election {

// A yes with a deadline: who acts on it stops by valid_until, and shows the token to what it writes
// to.
struct Leadership {
  FencingToken token;
  std::string key;
  LeaseId lease;
  MonotonicTime valid_until;
  bool operator==(const Leadership&) const = default;
};

struct Place {
  std::string key;
  LeaseId lease;
  Revision create_revision;
};

}  // namespace bellwether::election
