#include "support/certificates.h"

#include <stdexcept>

#include "support/shell.h"

namespace bellwether::test {
namespace {

constexpr const char* kNewKey =
    "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=";

void Run(const std::string& folder, const std::string& command) {
  if (RunShell("cd " + folder + " && " + command + " 2>/dev/null").exit_code != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

}  // namespace

void MakeAuthority(const std::string& folder, const std::string& name) {
  Run(folder, "openssl req -x509 -days 2 " + (kNewKey + name) + " -keyout " + name + ".key -out " +
                  name + ".pem");
}

void MakeCertificate(const std::string& folder, const std::string& name,
                     const std::string& authority) {
  Run(folder,
      "openssl req " + (kNewKey + name) + " -keyout " + name + ".key -out " + name + ".csr");
  Run(folder, "printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\n' > " + name +
                  ".ext && openssl x509 -req -days 2 -in " + name + ".csr -CA " + authority +
                  ".pem -CAkey " + authority + ".key -CAcreateserial -extfile " + name +
                  ".ext -out " + name + ".pem");
}

}  // namespace bellwether::test
