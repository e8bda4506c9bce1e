#include "http/tls_context.h"

#include <openssl/err.h>

#include <ctime>
#include <new>
#include <string>
#include <utility>

#include "tls/openssl.h"

namespace bellwether::http {
namespace {

using tls::Bio;
using tls::Certificate;
using tls::Key;
using tls::NextCertificate;
using tls::Open;

Error Refused(const std::string& path) {
  const char* why = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return {.code = Code::kInvalid,
          .message = "TLS file " + path +
                     " cannot be used: " + (why != nullptr ? why : "OpenSSL refuses it")};
}

// The first certificate is shown as ours, those behind it lead from it to a root.
Status UseChain(SSL_CTX* context, const tls::Pems& pems, const tls::PemFiles& files,
                WallTime* expires) {
  const Bio bio = Open(pems.cert);
  const Certificate own = NextCertificate(bio.get());
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return Refused(files.cert);
  while (Certificate more = NextCertificate(bio.get())) {
    if (SSL_CTX_add0_chain_cert(context, more.get()) != 1) return Refused(files.cert);
    (void)more.release();  // the context's now
  }
  const Key key = tls::ReadKey(pems.key);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return Refused(files.key);
  tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(own.get()), &utc) != 1) return Refused(files.cert);
  *expires = std::chrono::system_clock::from_time_t(timegm(&utc));
  return Ok();
}

Status AskClients(SSL_CTX* context, const tls::Pems& pems, const tls::PemFiles& files) {
  const Bio bio = Open(pems.ca);
  while (const Certificate authority = NextCertificate(bio.get())) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Refused(files.ca);
    }
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return Ok();
}

int ChooseProtocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void* /*nothing*/) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, kOurs,
                                          sizeof kOurs - 1, offered, offered_size);
  // A client that speaks HTTP/2 alone would take our answers for garbage.
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<TlsContext> MakeTlsContext(const tls::Pems& pems, const tls::PemFiles& files) {
  ERR_clear_error();
  TlsContext made;
  made.context = {SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  SSL_CTX* context = made.context.get();
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_max_cert_list(context, 32 * 1024);  // what a client may show
  // Of a connection at rest half is OpenSSL's buffers, which it can give back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  if (Status used = UseChain(context, pems, files, &made.expires); !used) return used.error();
  if (!pems.ca.empty()) {
    if (Status asked = AskClients(context, pems, files); !asked) return asked.error();
  }
  return made;
}

}  // namespace bellwether::http
