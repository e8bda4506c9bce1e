// Endpoint URLs as people write them: "http://h:2379", "https://h:2379", "unix:///run/etcd.sock",
// "h:2379".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bellwether::etcd {

struct Endpoint {
  std::string name;    // as configured, for messages
  std::string target;  // for gRPC: "dns:///h:2379", "unix:/run/etcd.sock"
  bool tls = false;
};

// The error names the endpoint and what is wrong with it.
Result<Endpoint> ParseEndpoint(std::string_view url);
// At least one, each once; commas separate them.
Result<std::vector<Endpoint>> ParseEndpoints(std::string_view list);

}  // namespace bellwether::etcd
