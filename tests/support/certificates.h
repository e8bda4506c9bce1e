// Certificates for tests, made with openssl.
#pragma once

#include <string>

namespace bellwether::test {

// NAME.pem and NAME.key in the folder, of an authority that vouches for itself.
void MakeAuthority(const std::string& folder, const std::string& name);
// NAME.pem and NAME.key, for 127.0.0.1, localhost or a client, signed by an authority there.
void MakeCertificate(const std::string& folder, const std::string& name,
                     const std::string& authority);

}  // namespace bellwether::test
