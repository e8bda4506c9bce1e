// The calls of a sidecar (`run --http`): what one candidate of this process says of itself, and who
// leads its election.
#pragma once

#include <vector>

#include "http/router.h"
#include "http/sources.h"

namespace bellwether::http {

// GET /, /leader, /standby, /v1/candidate, and those of ProbeCalls. sources.own is set; `sources`
// outlives the routes, its views hold the one election.
std::vector<Route> OwnCalls(const Sources& sources);

}  // namespace bellwether::http
