// Health checks of load balancers and probes: is this candidate the leader, is that one a standby?
// 200 or 503; what a load balancer cannot use is 503 too: an election that is unknown, views that
// are not loaded yet.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "election/view.h"
#include "http/router.h"
#include "http/sources.h"

namespace bellwether::http {

enum class Role { kLeader, kStandby };

struct Health {
  bool ok = false;
  std::string why;  // one line for people
};

// design point 13: `id` has the role as long as the view that says so is fresh; where the TTL of
// its lease is known to this replica (`lease_ttl`, may be empty), until asOf + TTL - margin
// instead. `view`: null = an unknown election. Pure.
Health Judge(Role role, std::string_view id, const election::ElectionView* view,
             const election::Freshness& freshness, MonotonicTime now,
             const std::function<std::optional<Milliseconds>(LeaseId)>& lease_ttl);

// …/leader?is=ID and …/standby?is=ID. 400 for a name that is none, or when `is` is missing or
// empty.
Response HealthOf(const Call& call, const Sources& sources, Role role);

}  // namespace bellwether::http
