// The flags by which every subcommand reaches etcd, and the connection they make.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "etcd/client.h"
#include "etcd/grpc_transport.h"
#include "loop/event_loop.h"

namespace bellwether::cli {

struct ConnectionFlags {
  std::string endpoints;
  std::string ca_file, cert_file, key_file;
  std::string username, password_file;
};

// --endpoints and the others, each also from BELLWETHER_…
void AddConnectionFlags(CLI::App& command, ConnectionFlags* flags);

struct Connection {
  std::unique_ptr<etcd::GrpcTransport> transport;
  std::unique_ptr<etcd::Client> client;
};

// Connects lazily: an etcd that is away is found out by the first call.
Result<Connection> Connect(EventLoop& loop, const ConnectionFlags& flags,
                           Milliseconds endpoint_timeout = etcd::ClientOptions().endpoint_timeout);

}  // namespace bellwether::cli
