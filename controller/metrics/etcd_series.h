// The series of one monitored etcd cluster.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "growth/member_status.h"

namespace bellwether::metrics {

// Appends the families bellwether_etcd_*. A member that does not answer keeps its
// bellwether_etcd_monitor_up (0) and the age of its last answer; its other series end, so that old
// values never look current.
void AppendEtcd(const growth::ClusterStatus& cluster, MonotonicTime now, std::string& out);

// What the label `member` says, in the order of the members, no two alike: the member's name; its
// id in hexadecimal (as etcdctl prints it) when it has no name or shares it; the endpoint when it
// never answered.
std::vector<std::string> MemberLabels(const std::vector<growth::MemberStatus>& members);

}  // namespace bellwether::metrics
