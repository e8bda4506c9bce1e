// Handshakes that failed: counted by why, and told in the log now and then.
//
// Thread: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/counters.h"
#include "http/socket.h"

namespace bellwether::http {

// What the error of TlsSession::Handshake means.
HandshakeFailure FailureOf(ErrorCode error, bool timed_out);

class Handshakes {
 public:
  // A line for each reason at most once in this time: clients try again, and scanners never end.
  static constexpr Milliseconds kLogEvery{10000};

  void OnFailure(MonotonicTime now, HandshakeFailure failure, const std::string& remote,
                 const std::string& why);
  std::array<uint64_t, kHandshakeFailures.size()> failures() const;

 private:
  struct Reason {
    uint64_t failures = 0;
    uint64_t untold = 0;
    MonotonicTime next_line{};
  };
  mutable std::mutex mutex_;
  std::array<Reason, kHandshakeFailures.size()> reasons_;
};

}  // namespace bellwether::http
