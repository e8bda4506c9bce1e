// Self-fencing arithmetic (design point 6). etcd counts a lease from the moment it processes a
// keepalive, which is after we sent it; so the lease lives at least until sent_at + TTL, and a
// holder that stops a margin before that is safe, however late the answer came. The margin covers
// clock-rate difference, scheduling and the kill itself.
#pragma once

#include "base/result.h"
#include "base/time.h"

namespace bellwether::election {

inline constexpr Milliseconds kMinTtl{5000};
inline constexpr Milliseconds kMaxTtl{24 * 3600 * 1000};
// The kill itself: SIGKILL goes out this long before validity ends.
inline constexpr Milliseconds kKillMargin{500};

// max(TTL/10, 500 ms)
Milliseconds FenceMargin(Milliseconds ttl);
// sent_at + ttl - margin
MonotonicTime ValidUntil(MonotonicTime sent_at, Milliseconds ttl);
// min(5 s, TTL/3)
Milliseconds DefaultStopGrace(Milliseconds ttl);

// When led work that is valid until `valid_until` gets SIGTERM, and when SIGKILL.
struct StopTimes {
  MonotonicTime terminate_at;  // valid_until - stop grace
  MonotonicTime kill_at;       // valid_until - kKillMargin
};
StopTimes StopTimesFor(MonotonicTime valid_until, Milliseconds stop_grace);

// How long a client waits for an endpoint when leases of this TTL hang on it: min(2 s, TTL/8).
// CheckTtl accepts it together with the default stop grace for every TTL within bounds.
Milliseconds DefaultEndpointTimeout(Milliseconds ttl);

// TTL within bounds, and one retry on another endpoint fits between the first failed keepalive and
// SIGTERM: keepalives go out each TTL/3, one is given up after `endpoint_timeout`. The error names
// the smallest TTL or largest grace that works.
Status CheckTtl(Milliseconds ttl, Milliseconds stop_grace, Milliseconds endpoint_timeout);

}  // namespace bellwether::election
