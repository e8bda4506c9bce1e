#include "election/fence.h"

#include <algorithm>
#include <string>

namespace bellwether::election {
namespace {

std::string Show(Milliseconds t) {
  if (t.count() % 1000 == 0) return std::to_string(t.count() / 1000) + "s";
  return std::to_string(t.count()) + "ms";
}

// What is left for the retry itself between the moment it is sent and SIGTERM; counted from the
// last answered keepalive, the first failed one leaves at TTL/3 and is given up `endpoint_timeout`
// later.
Milliseconds RoomForRetry(Milliseconds ttl, Milliseconds stop_grace,
                          Milliseconds endpoint_timeout) {
  return ttl - FenceMargin(ttl) - stop_grace - ttl / 3 - endpoint_timeout;
}

}  // namespace

Milliseconds FenceMargin(Milliseconds ttl) { return std::max(ttl / 10, Milliseconds(500)); }

MonotonicTime ValidUntil(MonotonicTime sent_at, Milliseconds ttl) {
  return sent_at + ttl - FenceMargin(ttl);
}

Milliseconds DefaultStopGrace(Milliseconds ttl) { return std::min(Milliseconds(5000), ttl / 3); }

Milliseconds DefaultEndpointTimeout(Milliseconds ttl) {
  return std::min(Milliseconds(2000), ttl / 8);
}

StopTimes StopTimesFor(MonotonicTime valid_until, Milliseconds stop_grace) {
  const MonotonicTime kill_at = valid_until - kKillMargin;
  return {.terminate_at = std::min(valid_until - stop_grace, kill_at), .kill_at = kill_at};
}

Status CheckTtl(Milliseconds ttl, Milliseconds stop_grace, Milliseconds endpoint_timeout) {
  const auto invalid = [](std::string message) -> Status {
    return Error{.code = Code::kInvalid, .message = std::move(message)};
  };
  if (ttl < kMinTtl || ttl > kMaxTtl) {
    return invalid("a TTL of " + Show(ttl) + " is out of bounds; choose between " + Show(kMinTtl) +
                   " and " + Show(kMaxTtl));
  }
  if (stop_grace < kKillMargin) {
    return invalid("a stop grace of " + Show(stop_grace) + " leaves no time between SIGTERM and " +
                   "SIGKILL; choose at least " + Show(kKillMargin));
  }
  const Milliseconds room = RoomForRetry(ttl, stop_grace, endpoint_timeout);
  if (room > Milliseconds(0)) return Ok();

  std::string advice;
  const Milliseconds largest = stop_grace + room - Milliseconds(1);
  if (largest >= kKillMargin) advice = "a stop grace of at most " + Show(largest);
  constexpr Milliseconds kStep{1000};
  for (Milliseconds longer = ttl / kStep * kStep + kStep; longer <= kMaxTtl; longer += kStep) {
    if (RoomForRetry(longer, stop_grace, endpoint_timeout) <= Milliseconds(0)) continue;
    advice += (advice.empty() ? "" : " or ") + ("a TTL of at least " + Show(longer));
    break;
  }
  return invalid("with a TTL of " + Show(ttl) + " and a stop grace of " + Show(stop_grace) +
                 " one keepalive that gets no answer (given up after " + Show(endpoint_timeout) +
                 ") would already stop the work, with no time for a retry; choose " + advice);
}

}  // namespace bellwether::election
