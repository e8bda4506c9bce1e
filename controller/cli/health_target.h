// What `run --health` checks: an HTTP URL or a TCP address of the application beside this process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bellwether::cli {

struct HealthTarget {
  std::string text;  // as it was given
  // An IP address without brackets, or "localhost": the lookup of another name has no end that
  // could be bounded.
  std::string host;
  uint16_t port = 0;
  std::string path;  // with the query; empty = a connection is all that is asked for
};

// "http://HOST[:PORT][/PATH]" or "tcp:HOST:PORT"; kInvalid says what is wrong with anything else.
Result<HealthTarget> ParseHealthTarget(std::string_view text);

}  // namespace bellwether::cli
