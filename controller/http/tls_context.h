// What a TLS server shows and asks for, made from PEM texts: TLS 1.2 or newer with forward secrecy,
// HTTP/1.1 by ALPN. No session is resumed, so that each client is judged by the certificates that
// count when it connects.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "tls/pem_files.h"

namespace bellwether::http {

struct TlsContext {
  std::shared_ptr<SSL_CTX> context;  // any thread; connections of it live on without it
  WallTime expires;                  // the certificate that is shown
};

// Of texts that ReadPems has checked; `files` are their names, for errors. With a ca each client
// must show a certificate that it has signed. kInvalid: OpenSSL does not take them.
Result<TlsContext> MakeTlsContext(const tls::Pems& pems, const tls::PemFiles& files);

}  // namespace bellwether::http
