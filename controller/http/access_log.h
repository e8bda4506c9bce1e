// One log line for each request, after its answer, when the configuration asks for it (log.access).
// What a client may have written into it is escaped and cut.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace bellwether::http {

enum class AccessLog {
  kNone,
  kErrors,  // status 400 and above, and answers that were not taken
  kAll,
};

// A request on its way to its line.
struct Access {
  MonotonicTime began{};  // its header was whole
  std::string method{};   // empty where the request could not be read
  std::string target{};
  std::string remote{};
  std::string user_agent{};
  int status = 0;      // 0 = the client went before there was an answer
  uint64_t bytes = 0;  // of the body
};

// `cut`: the client has not taken the whole answer.
void LogAccess(AccessLog wanted, const Access& access, bool cut, MonotonicTime now);

}  // namespace bellwether::http
