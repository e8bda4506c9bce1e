#include "http/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <climits>
#include <new>
#include <utility>

namespace bellwether::http {
namespace {

// --- OpenSSL's way to the socket. Its own would raise SIGPIPE, and keep the number of a
// descriptor that is another's once the socket is closed.

Socket& SocketOf(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

int ToInt(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

int BioWrite(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  Socket& socket = SocketOf(bio);
  if (!socket.is_open()) return -1;
  const ssize_t sent =
      send(socket.native_handle(), bytes, static_cast<size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int BioRead(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  BIO_clear_flags(bio, BIO_FLAGS_IN_EOF);
  Socket& socket = SocketOf(bio);
  if (!socket.is_open()) return -1;
  const ssize_t got = recv(socket.native_handle(), bytes, static_cast<size_t>(size), MSG_DONTWAIT);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long BioControl(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a connection");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

}  // namespace

TlsSession::TlsSession(SSL_CTX& context, Socket& socket) : ssl_(SSL_new(&context)) {
  BIO* bio = BIO_new(SocketMethod());
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

template <typename F>
TlsProgress TlsSession::Try(F run) {
  if (broken_) return {.error = asio::error::connection_reset};
  ERR_clear_error();
  errno = 0;
  const int result = run(ssl_.get());
  if (result > 0) return {.bytes = static_cast<size_t>(result)};
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {.want = TlsProgress::Want::kRead};
    case SSL_ERROR_WANT_WRITE:
      return {.want = TlsProgress::Want::kWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {.error = asio::error::eof};
    case SSL_ERROR_SSL: {
      broken_ = true;
      const unsigned long error = ERR_get_error();
      ERR_clear_error();
      if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return {.error = asio::error::eof};
      }
      return {.error = ErrorCode(static_cast<int>(error), asio::error::get_ssl_category())};
    }
    default:
      broken_ = true;
      ERR_clear_error();
      if (system_error == 0) return {.error = asio::error::eof};
      return {.error = ErrorCode(system_error, boost::system::system_category())};
  }
}

TlsProgress TlsSession::Handshake() { return Try(SSL_do_handshake); }

TlsProgress TlsSession::Read(void* to, size_t size) {
  return Try([&](SSL* ssl) { return SSL_read(ssl, to, ToInt(size)); });
}

TlsProgress TlsSession::Write(const void* from, size_t size) {
  return Try([&](SSL* ssl) { return SSL_write(ssl, from, ToInt(size)); });
}

TlsProgress TlsSession::Peek() {
  char byte = 0;
  return Try([&](SSL* ssl) { return SSL_peek(ssl, &byte, sizeof byte); });
}

void TlsSession::SayEnd() {
  if (broken_ || SSL_in_init(ssl_.get()) || std::exchange(said_end_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsSession::RefusedBecause() const {
  const long result = SSL_get_verify_result(ssl_.get());
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace bellwether::http
