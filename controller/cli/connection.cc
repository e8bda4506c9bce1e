#include "cli/connection.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

#include "cli/output.h"

namespace bellwether::cli {

namespace {

CLI::Option* Add(CLI::App& command, const char* name, std::string* to, const char* help,
                 const char* env) {
  return command.add_option(name, *to, help)->envname(env)->group(kConnectionGroup);
}

}  // namespace

void AddConnectionFlags(CLI::App& command, ConnectionFlags* flags) {
  Add(command, "--endpoints", &flags->endpoints, "URLs of etcd, comma-separated",
      "BELLWETHER_ENDPOINTS")
      ->required();
  AddCredentialFlags(command, flags);
}

void AddCredentialFlags(CLI::App& command, ConnectionFlags* flags) {
  const auto file = [&](const char* name, std::string* to, const char* help, const char* env) {
    Add(command, name, to, help, env)->type_name(kFileType);
  };
  file("--cacert", &flags->ca_file, "CA certificates (PEM)", "BELLWETHER_CACERT");
  file("--cert", &flags->cert_file, "client certificate (PEM)", "BELLWETHER_CERT");
  file("--key", &flags->key_file, "client key (PEM)", "BELLWETHER_KEY");
  Add(command, "--user", &flags->username, "etcd user", "BELLWETHER_USER");
  file("--password-file", &flags->password_file, "its first line is the password",
       "BELLWETHER_PASSWORD_FILE");
}

Result<etcd::Connection> Connect(EventLoop& loop, const ConnectionFlags& flags,
                                 Milliseconds endpoint_timeout) {
  auto endpoints = etcd::ParseEndpoints(flags.endpoints);
  if (!endpoints) return endpoints.error();
  if (flags.username.empty() != flags.password_file.empty()) {
    return Error{.code = Code::kInvalid,
                 .message = "--user and --password-file belong together; give both or none"};
  }
  return etcd::Connect(loop, {.endpoints = *std::move(endpoints),
                              .tls = {flags.ca_file, flags.cert_file, flags.key_file},
                              .username = flags.username,
                              .password_file = flags.password_file,
                              .endpoint_timeout = endpoint_timeout});
}

}  // namespace bellwether::cli
