// What this process has in memory.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

namespace bellwether::bench {

// VmRSS of /proc/self/status; 0 when it cannot be read.
inline size_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace bellwether::bench
