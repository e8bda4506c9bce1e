#include "tls/pem.h"

#include <openssl/err.h>

#include "tls/openssl.h"

namespace bellwether::tls {
namespace {

Error Unusable(const std::string& path, const std::string& why) {
  ERR_clear_error();
  return {.code = Code::kInvalid, .message = "TLS file " + path + " cannot be used: " + why};
}

}  // namespace

Status CheckCertificates(const std::string& path, const std::string& pem) {
  ERR_clear_error();
  const Bio bio = Open(pem);
  int found = 0;
  while (NextCertificate(bio.get())) ++found;
  // After the last one OpenSSL finds no further beginning; anything else is a broken certificate.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (found == 0) return Unusable(path, "there is no whole PEM certificate in it");
  if (!at_end) {
    return Unusable(path, "certificate " + std::to_string(found + 1) + " in it is broken");
  }
  ERR_clear_error();
  return Ok();
}

Status CheckKey(const std::string& path, const std::string& pem, const std::string& cert_pem) {
  const Key key = ReadKey(pem);
  if (!key) return Unusable(path, "there is no whole, unencrypted PEM private key in it");
  const Certificate certificate = NextCertificate(Open(cert_pem).get());
  if (!certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Unusable(path, "the key does not belong to the certificate");
  }
  return Ok();
}

}  // namespace bellwether::tls
