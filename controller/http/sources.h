// Where the answers come from. All of it is read from the HTTP threads.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "election/history.h"
#include "election/name.h"
#include "election/own_state.h"
#include "election/view.h"
#include "election/view_store.h"

namespace bellwether::http {

// What /readyz tells: whether this replica's answers are worth asking for.
struct Readiness {
  struct Check {
    std::string name;  // short and stable: "elections", "etcd"
    bool ok = false;
    std::string why;  // when it is not
  };
  std::vector<Check> checks;
  std::vector<std::string> warnings;  // for people; they fail nothing

  bool ok() const {
    return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.ok; });
  }
};

// Who leads by a linearizable read of etcd, made for one request.
struct LinearizableLeader {
  std::optional<election::CandidateView>
      leader;         // the lowest create_revision; nullopt = nobody is in the queue
  Revision revision;  // of etcd's answer
  WallTime asked_at;  // when the read was sent
  // What is left of the leader's lease, as the server tells; nullopt when there is no lease or it
  // is gone.
  std::optional<Milliseconds> lease_ttl;
};

using LinearizableCallback = std::function<void(Result<LinearizableLeader>)>;

struct Sources {
  const election::ViewStore& views;  // outlives the server
  // The whole of /metrics, Prometheus text format 0.0.4.
  std::function<std::string()> metrics;
  std::function<Readiness()> readiness;
  // Calls back once, on any thread, at any time: also after the server is gone. The server bounds
  // how many are under way and how long a client waits.
  std::function<void(election::ElectionName, LinearizableCallback)> read_linearizable;
  // The TTL of a lease, where this replica knows it; empty = it knows none.
  std::function<std::optional<Milliseconds>(LeaseId)> lease_ttl{};
  // Of a controller: who led before. Outlives the server.
  const election::History* history = nullptr;
  // Of a sidecar: the candidate of this process, whose calls (own_calls.h) are served instead of
  // the controller's. Outlives the server.
  const election::OwnStateStore* own = nullptr;
};

}  // namespace bellwether::http
