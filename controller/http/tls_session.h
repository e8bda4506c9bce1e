// TLS of one connection, the server's side, straight on its socket: no buffer of its own beside
// OpenSSL's, which gives them back while nothing is under way. Never blocks: an operation that
// cannot go on says what it waits for, and is tried again then.
//
// Thread: one at a time.
#pragma once

#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "http/socket.h"

namespace bellwether::http {

struct TlsProgress {
  enum class Want { kNothing, kRead, kWrite };
  Want want = Want::kNothing;  // of the socket, before it is tried again; else it is over:
  size_t bytes = 0;
  ErrorCode error{};  // eof when the peer has ended it
};

class TlsSession {
 public:
  // The socket outlives it and keeps its place. Throws std::bad_alloc.
  TlsSession(SSL_CTX& context, Socket& socket);

  TlsProgress Handshake();
  TlsProgress Read(void* to, size_t size);
  // Tried again with the same bytes, wherever they are by then.
  TlsProgress Write(const void* from, size_t size);
  // What Read would give, without taking it.
  TlsProgress Peek();
  // Tells the peer that nothing more comes, if that is possible at once.
  void SayEnd();

  // Bytes that were decrypted and not read yet.
  bool HasUnread() const { return SSL_has_pending(ssl_.get()) != 0; }
  // Why the certificate of the peer was refused; empty when it was not, or there was none.
  std::string RefusedBecause() const;

 private:
  template <typename F>
  TlsProgress Try(F run);

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  bool broken_ = false;  // by an error; OpenSSL must not be asked for anything more
  bool said_end_ = false;
};

}  // namespace bellwether::http
