// The flags by which every subcommand reaches etcd, and the connection they make.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/result.h"
#include "etcd/connection.h"
#include "loop/event_loop.h"

namespace bellwether::cli {

struct ConnectionFlags {
  std::string endpoints;
  std::string ca_file, cert_file, key_file;
  std::string username, password_file;
};

inline constexpr const char* kConnectionGroup = "Connection";

// --endpoints, which has to be given, and the others, each also from BELLWETHER_….
void AddConnectionFlags(CLI::App& command, ConnectionFlags* flags);
// The others alone: TLS files and the user.
void AddCredentialFlags(CLI::App& command, ConnectionFlags* flags);

// Connects lazily: an etcd that is away is found out by the first call.
Result<etcd::Connection> Connect(
    EventLoop& loop, const ConnectionFlags& flags,
    Milliseconds endpoint_timeout = etcd::ClientOptions().endpoint_timeout);

}  // namespace bellwether::cli
