// One key of a queue as it is shown.
#pragma once

#include "election/view.h"
#include "etcd/api.h"

namespace bellwether::election {

// Never fails: a foreign value is shown as far as it can be (see value.h), and cut at
// kMaxShownValueBytes.
CandidateView DescribeCandidate(const etcd::KeyValue& kv);

}  // namespace bellwether::election
