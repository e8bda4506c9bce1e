// PEM text as OpenSSL's objects, each with its owner. For .cc files: it brings OpenSSL's headers.
#pragma once

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace bellwether::tls {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Reads `pem`, which outlives it.
inline Bio Open(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

// Null after the last one, and where one is broken: OpenSSL's error queue tells which.
inline Certificate NextCertificate(BIO* bio) {
  return {PEM_read_bio_X509(bio, nullptr, nullptr, nullptr), X509_free};
}

// Null when there is none, or it is encrypted.
inline Key ReadKey(const std::string& pem) {
  // Without a callback OpenSSL asks for a password on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  return {PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, no_password, nullptr), EVP_PKEY_free};
}

}  // namespace bellwether::tls
