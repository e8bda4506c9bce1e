// `bellwether run -- CMD…`: waits in the queue of one election and runs CMD only while leading.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "cli/connection.h"

namespace bellwether::cli {

struct RunFlags {
  ConnectionFlags connection;
  std::string election;  // NS/NAME, or
  std::string prefix;    // an explicit one
  std::string root;
  std::string id;
  std::string value;
  std::string raw_value;
  bool raw = false;
  std::string address;
  std::string ttl = "15s";
  std::string stop_grace;  // empty = min(5 s, TTL/3)
  bool once = false;
  int restarts = 0;
  std::vector<std::string> command;
};

// Blocks the calling thread until it is over; the exit code (exit_codes.h). To be called before any
// thread was started.
int Run(const RunFlags& flags);

}  // namespace bellwether::cli
