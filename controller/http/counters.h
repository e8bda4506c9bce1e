// What the server counts about itself, for the metrics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace bellwether::http {

// Why a TLS handshake failed; below as metrics name it.
enum class HandshakeFailure {
  kClientCertificate,  // none, or not one of the client authority's
  kServerCertificate,  // the client does not take ours
  kPlainHttp,          // the client speaks HTTP without TLS
  kProtocol,           // versions, ciphers or ALPN without a common one, or no TLS at all
  kTimeout,
  kClosed,  // the client went
};
inline constexpr std::array<std::string_view, 6> kHandshakeFailures = {
    "client_certificate", "server_certificate", "plain_http", "protocol", "timeout", "closed"};

struct TlsCounters {
  WallTime certificate_expires;  // of the certificate in use
  bool last_reload_successful = true;
  uint64_t reloads = 0;          // files that changed and were taken
  uint64_t reloads_refused = 0;  // that changed and cannot be used
  std::array<uint64_t, kHandshakeFailures.size()> handshake_failures{};
};

struct Counters {
  std::array<uint64_t, 6>
      answers{};  // by the first digit of the status: answers[2] is 2xx; begun, if not taken
  uint64_t connections_open = 0;  // now
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;  // because too many were open
  uint64_t connections_timed_out =
      0;                           // cut for sending or reading too slowly, or idle for too long
  uint64_t accept_failures = 0;    // such as too many open files
  uint64_t watchers_open = 0;      // calls that wait for a change and event streams, now
  uint64_t watchers_refused = 0;   // because too many were open
  uint64_t watchers_cut = 0;       // streams that were read too slowly
  uint64_t events_sent = 0;        // taken by the kernel, one for each stream
  std::optional<TlsCounters> tls;  // when TLS is spoken
};

}  // namespace bellwether::http
