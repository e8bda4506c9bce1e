// The calls of the HTTP interface (design: one port): each function makes the routes of one
// subject. Handlers read published views and never wait for etcd, except for
// ?consistency=linearizable, which answers later.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "http/router.h"
#include "http/sources.h"

namespace bellwether::http {

// How many linearizable reads may be under way at once; asked before each.
using MostReads = std::function<size_t()>;

// GET /v1/elections, /v1/elections/{ns}/{name} and what stands under it.
std::vector<Route> ElectionCalls(const Sources& sources, MostReads most_reads);

// GET /metrics, /livez, /readyz, /healthz.
std::vector<Route> ProbeCalls(const Sources& sources);

// All of them, and GET /, which lists them, shows a browser the page or, as the old leader-elector
// sidecar did, names the leader of the one election that is served. `sources` outlives the routes.
std::vector<Route> AllCalls(const Sources& sources, MostReads most_reads);

}  // namespace bellwether::http
