// RawClient over TLS, with whatever a client may show or refuse to show.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>

#include <memory>
#include <string>

#include "raw_client.h"

namespace bellwether::test {

struct TlsClientOptions {
  std::string cert{};  // PEM files; empty = none
  std::string key{};
  int newest_version = 0;         // TLS1_1_VERSION for instance
  std::string alpn = "http/1.1";  // one protocol
};

class TlsClient final : public RawClient {
 public:
  TlsClient(uint16_t port, const TlsClientOptions& options = {})
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    // OpenSSL writes to a socket that the server may have closed; of this thread only, so that the
    // server's would show.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    if (!options.cert.empty()) {
      SSL_CTX_use_certificate_chain_file(context_.get(), options.cert.c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), options.key.c_str(), SSL_FILETYPE_PEM);
    }
    if (options.newest_version != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), 0);
      SSL_CTX_set_max_proto_version(context_.get(), options.newest_version);
      SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
    }
    const std::string alpn = static_cast<char>(options.alpn.size()) + options.alpn;
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    ssl_.reset(SSL_new(context_.get()));
    if (!Connect(port)) return;
    SSL_set_fd(ssl_.get(), fd());
    ERR_clear_error();
    connected_ = SSL_connect(ssl_.get()) == 1;
    if (!connected_) KeepError();
  }

  // The handshake as this side sees it: with TLS 1.3 the server may refuse the certificate after.
  bool connected() const { return connected_; }
  // OpenSSL's words for what went wrong last.
  const std::string& error() const { return error_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // Of the server's certificate.
  std::string CommonName() const {
    const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(ssl_.get()),
                                                            X509_free);
    char name[100] = "";
    if (shown) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name,
                                sizeof name);
    }
    return name;
  }
  // Whether the server has said that it ends, as opposed to an attacker who cuts.
  bool SaidEnd() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  // Says that it ends, and goes.
  void Leave() {
    SSL_shutdown(ssl_.get());
    Close();
  }

 protected:
  ssize_t SendSome(std::string_view bytes) override {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t Receive(char* to, size_t size) override {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), to, static_cast<int>(size));
    if (got <= 0) KeepError();
    return got;
  }

 private:
  void KeepError() {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    error_ = reason != nullptr ? reason : "";
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool connected_ = false;
  std::string error_;
};

}  // namespace bellwether::test
