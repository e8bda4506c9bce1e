// What `run --http` wants served. The HTTP server is another outlet of the house, so whoever sees
// both gives it to AddRun.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "election/own_state.h"
#include "etcd/client.h"
#include "loop/event_loop.h"

namespace bellwether::cli {

// All outlive what serves it.
struct ServedCandidate {
  EventLoop& loop;
  etcd::Client& client;
  const election::OwnStateStore& own;
  std::string listen;  // HOST:PORT
  std::string election;
  std::string prefix;  // of the election
};

class Serving {
 public:
  virtual ~Serving() = default;  // serves no more when it returns
};

// Listens when it returns; on the shard's thread, before the loop runs. kInvalid for an address
// that is none.
using Serve = std::function<Result<std::unique_ptr<Serving>>(const ServedCandidate&)>;

}  // namespace bellwether::cli
