// Who leads, asked of etcd itself: a linearizable read of the first key of the queue, then what is
// left of its lease. Two calls, no revision and no raft entry.
#pragma once

#include <string>

#include "etcd/client.h"
#include "http/sources.h"

namespace bellwether::app {

// Shard thread only; calls back there within `timeout`, once, unless the client is destroyed first.
// A leader whose lease cannot be asked for is reported without it: who leads is known then all the
// same.
void ReadLeader(etcd::Client& client, const std::string& prefix, Milliseconds timeout,
                http::LinearizableCallback done);

}  // namespace bellwether::app
