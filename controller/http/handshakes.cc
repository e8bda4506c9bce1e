#include "http/handshakes.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <utility>

#include "base/log.h"

namespace bellwether::http {

HandshakeFailure FailureOf(ErrorCode error, bool timed_out) {
  if (timed_out) return HandshakeFailure::kTimeout;
  if (error.category() != asio::error::get_ssl_category()) return HandshakeFailure::kClosed;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return HandshakeFailure::kPlainHttp;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return HandshakeFailure::kClientCertificate;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return HandshakeFailure::kServerCertificate;
    default:
      return HandshakeFailure::kProtocol;
  }
}

void Handshakes::OnFailure(MonotonicTime now, HandshakeFailure failure, const std::string& remote,
                           const std::string& why) {
  const auto index = static_cast<size_t>(failure);
  uint64_t untold = 0;
  {
    const std::lock_guard lock(mutex_);
    Reason& reason = reasons_[index];
    ++reason.failures;
    // Load balancers look whether the port is open, and go.
    if (failure == HandshakeFailure::kClosed) return;
    if (reason.failures > 1 && now < reason.next_line) {
      ++reason.untold;
      return;
    }
    reason.next_line = now + kLogEvery;
    untold = std::exchange(reason.untold, 0);
  }
  log::Warning("a TLS handshake failed", {{"remote", remote},
                                          {"reason", kHandshakeFailures[index]},
                                          {"why", why},
                                          {"not_logged_before", untold}});
}

std::array<uint64_t, kHandshakeFailures.size()> Handshakes::failures() const {
  std::array<uint64_t, kHandshakeFailures.size()> failures{};
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < failures.size(); ++i) failures[i] = reasons_[i].failures;
  return failures;
}

}  // namespace bellwether::http
