#include "rest/tls_context.h"

#include <openssl/ssl.h>

#include <boost/system/system_error.hpp>

namespace bellwether::rest {
namespace {

namespace ssl = boost::asio::ssl;

Status Check(const char* what, const std::string& path,
             void (*use)(ssl::context&, const std::string&), ssl::context& context) {
  if (path.empty()) return Ok();
  try {
    use(context, path);
    return Ok();
  } catch (const boost::system::system_error& error) {
    return Error{.code = Code::kInvalid,
                 .message = std::string(what) + " " + path + " cannot be used: " +
                            error.code().message() + "; it has to be a readable PEM file"};
  }
}

void UseAuthority(ssl::context& context, const std::string& path) {
  context.load_verify_file(path);
}
void UseCertificate(ssl::context& context, const std::string& path) {
  context.use_certificate_chain_file(path);
}
void UseKey(ssl::context& context, const std::string& path) {
  context.use_private_key_file(path, ssl::context::pem);
}

}  // namespace

Status CheckTlsFiles(const TlsFiles& files) {
  if (files.cert_file.empty() != files.key_file.empty()) {
    return Error{.code = Code::kInvalid,
                 .message = "a client certificate and its key belong together; give both or none"};
  }
  ssl::context context(ssl::context::tls_client);
  if (auto ok = Check("the CA file", files.ca_file, UseAuthority, context); !ok) return ok;
  if (auto ok = Check("the certificate", files.cert_file, UseCertificate, context); !ok) return ok;
  return Check("the key", files.key_file, UseKey, context);
}

void SetUpTls(const TlsFiles& files, ssl::context& context) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (!files.ca_file.empty()) {
    // cpprestsdk has put the system's authorities in already.
    SSL_CTX_set_cert_store(context.native_handle(), X509_STORE_new());
    UseAuthority(context, files.ca_file);
  }
  if (!files.cert_file.empty()) {
    UseCertificate(context, files.cert_file);
    UseKey(context, files.key_file);
  }
}

}  // namespace bellwether::rest
