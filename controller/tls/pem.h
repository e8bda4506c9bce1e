// Whether TLS files can be used, before anybody is given them: gRPC takes anything and then fails
// each connection without saying why.
#pragma once

#include <string>

#include "base/result.h"

namespace bellwether::tls {

// One certificate or more, nothing broken among them. kInvalid names the file.
Status CheckCertificates(const std::string& path, const std::string& pem);
// A private key that is not encrypted and belongs to the first certificate of `cert_pem`.
Status CheckKey(const std::string& path, const std::string& pem, const std::string& cert_pem);

}  // namespace bellwether::tls
