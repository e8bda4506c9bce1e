// A client of one etcd cluster together with the transport under it, from what flags or a
// configuration file say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "etcd/client.h"
#include "etcd/endpoint.h"
#include "etcd/grpc_transport.h"
#include "loop/event_loop.h"

namespace bellwether::etcd {

struct ConnectionOptions {
  std::vector<Endpoint> endpoints;  // at least one
  TlsFiles tls;
  std::string username;       // empty = no authentication
  std::string password_file;  // its first line is the password, read again before each
                              // authentication; given with a username
  Milliseconds endpoint_timeout = ClientOptions().endpoint_timeout;
};

// Owner: destroyed on the shard thread, or after the loop has ended.
struct Connection {
  std::unique_ptr<GrpcTransport> transport;
  std::unique_ptr<Client> client;
};

// Connects lazily: an etcd that is away is found out by the first call. kInvalid names a file that
// cannot be read, or TLS files that no endpoint would use.
Result<Connection> Connect(EventLoop& loop, ConnectionOptions options);

}  // namespace bellwether::etcd
