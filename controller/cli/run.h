// `bellwether run -- CMD…`: waits in the queue of one election and runs CMD only while leading.
// Without CMD, `run --http ADDR`: a sidecar, which tells the application beside it whether it
// leads.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "cli/connection.h"
#include "cli/serving.h"
#include "cli/target.h"

namespace bellwether::cli {

struct RunFlags {
  ConnectionFlags connection;
  TargetFlags target;
  std::string id;
  std::string value;
  std::string raw_value;
  bool raw = false;
  std::string address;
  std::string ttl = "15s";
  std::string stop_grace;  // empty = min(5 s, TTL/3); of a sidecar: none
  bool once = false;
  int restarts = 0;
  std::string http;    // HOST:PORT; empty = nothing is served
  std::string health;  // empty = the application is not checked
  std::string health_interval = "1s";
  std::string health_timeout = "1s";
  std::string health_start = "30s";
  int health_failures = 3;
  int health_successes = 2;
  std::vector<std::string> command;
};

// Blocks the calling thread until it is over; the exit code (exit_codes.h). To be called before any
// thread was started.
int Run(const RunFlags& flags, const Serve& serve);

}  // namespace bellwether::cli
