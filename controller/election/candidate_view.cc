#include "election/candidate_view.h"

#include <utility>

#include "election/value.h"

namespace bellwether::election {

CandidateView DescribeCandidate(const etcd::KeyValue& kv) {
  DescribedValue described = DescribeValue(kv.value, kv.lease);
  CandidateView candidate{.id = std::move(described.id),
                          .address = std::move(described.address),
                          .value = std::move(described.value),
                          .key = kv.key,
                          .lease = kv.lease,
                          .create_revision = kv.create_revision,
                          .mod_revision = kv.mod_revision,
                          .ours = described.ours};
  if (candidate.value.size() > kMaxShownValueBytes) {
    candidate.value.resize(kMaxShownValueBytes);
    candidate.value.shrink_to_fit();
    candidate.value_cut = true;
  }
  return candidate;
}

}  // namespace bellwether::election
