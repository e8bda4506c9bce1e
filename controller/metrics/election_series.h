// The series of the elections.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "election/view.h"

namespace bellwether::metrics {

// Appends the families bellwether_election_* and bellwether_elections*. `views` in the order of
// "ns/name", each election once. The first `max_elections` of them have series of their own. Of the
// others, leaders and candidates are summed as the election "_other" (no DNS label, so nobody's
// name), which keeps sums over a family right; their number is bellwether_elections_beyond_limit.
// Their transitions are not summed: that sum would fall whenever an election enters or leaves the
// rest, which Prometheus takes for a restarted counter.
void AppendElections(const std::vector<election::ElectionPtr>& views, size_t max_elections,
                     std::string& out);

}  // namespace bellwether::metrics
