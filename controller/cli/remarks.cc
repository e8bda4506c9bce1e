#include "cli/remarks.h"

#include <utility>

namespace bellwether::cli {
namespace {

std::string Seconds(Milliseconds t) { return std::to_string(t.count() / 1000) + "s"; }

void RemarkOnLease(const LeaseState& lease, std::vector<Remark>& remarks) {
  if (lease.remaining < Milliseconds(0)) {
    remarks.push_back({"lease-gone", "its lease has ended, and the key goes with it"});
  } else if (lease.remaining * 2 < lease.granted) {
    // Clients renew at a third of the TTL; below half of it one renewal is overdue.
    remarks.push_back({"orphan-not-renewed", "orphan: nobody has renewed its lease for " +
                                                 Seconds(lease.granted - lease.remaining) +
                                                 "; it ends in " + Seconds(lease.remaining)});
  }
}

void RemarkOnKey(const election::CandidateView& place, const std::string& prefix,
                 std::vector<Remark>& remarks) {
  const std::string name = place.key.substr(prefix.size() + 1);
  if (name.find('/') != std::string::npos) {
    remarks.push_back(
        {"nested", "a key of an election below this prefix; etcd's clients count it"});
  } else if (place.lease && name != place.lease.Hex() &&
             !name.starts_with(place.lease.Hex() + "-")) {
    remarks.push_back({"name-not-lease", "named after another lease than it has"});
  }
}

}  // namespace

std::vector<std::vector<Remark>> RemarksOn(const election::ElectionView& view,
                                           const std::map<LeaseId, LeaseState>& leases) {
  std::vector<std::vector<Remark>> all;
  std::map<std::string, size_t> first_with_id;
  std::map<LeaseId, size_t> first_with_lease;
  for (const election::CandidateView& place : view.queue) {
    const size_t number = all.size() + 1;
    std::vector<Remark>& remarks = all.emplace_back();
    const auto lease = leases.find(place.lease);
    if (!place.lease) {
      remarks.push_back({"orphan-no-lease", "orphan: no lease, never expires"});
    } else if (lease != leases.end()) {
      RemarkOnLease(lease->second, remarks);
    }
    RemarkOnKey(place, view.prefix, remarks);
    if (!place.ours && place.value.empty()) {
      remarks.push_back({"no-value", "no value, as etcd's locks have"});
    }
    const auto [same_lease, new_lease] = first_with_lease.emplace(place.lease, number);
    if (place.lease && !new_lease) {
      remarks.push_back(
          {"same-lease", "ends together with place " + std::to_string(same_lease->second)});
    }
    const auto [same_id, new_id] = first_with_id.emplace(place.id, number);
    if (!new_id) {
      remarks.push_back({"same-id", "same id as place " + std::to_string(same_id->second)});
    }
  }
  return all;
}

}  // namespace bellwether::cli
