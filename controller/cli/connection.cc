#include "cli/connection.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fstream>
#include <utility>

namespace bellwether::cli {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

void AddConnectionFlags(CLI::App& command, ConnectionFlags* flags) {
  const auto add = [&](const char* name, std::string* to, const char* help, const char* env) {
    return command.add_option(name, *to, help)->envname(env)->group("Connection to etcd");
  };
  add("--endpoints", &flags->endpoints, "URLs of etcd, comma-separated", "BELLWETHER_ENDPOINTS")
      ->required();
  add("--cacert", &flags->ca_file, "CA certificates (PEM)", "BELLWETHER_CACERT");
  add("--cert", &flags->cert_file, "client certificate (PEM)", "BELLWETHER_CERT");
  add("--key", &flags->key_file, "client key (PEM)", "BELLWETHER_KEY");
  add("--user", &flags->username, "etcd user", "BELLWETHER_USER");
  add("--password-file", &flags->password_file, "file whose first line is the password",
      "BELLWETHER_PASSWORD_FILE");
}

Result<Connection> Connect(EventLoop& loop, const ConnectionFlags& flags,
                           Milliseconds endpoint_timeout) {
  auto endpoints = etcd::ParseEndpoints(flags.endpoints);
  if (!endpoints) return endpoints.error();
  if (flags.username.empty() != flags.password_file.empty()) {
    return Error{.code = Code::kInvalid,
                 .message = "--user and --password-file belong together; give both or none"};
  }
  if (!flags.password_file.empty() && !std::ifstream(flags.password_file)) {
    return Error{.code = Code::kInvalid,
                 .message = "--password-file " + flags.password_file + " cannot be read"};
  }
  Connection made;
  auto transport =
      etcd::GrpcTransport::Make(loop, {.endpoints = *std::move(endpoints),
                                       .tls = {flags.ca_file, flags.cert_file, flags.key_file}});
  if (!transport) return transport.error();
  made.transport = *std::move(transport);
  etcd::ClientOptions options;
  options.endpoint_timeout = endpoint_timeout;
  options.credentials = {flags.username, [file = flags.password_file] { return FirstLine(file); }};
  made.client = std::make_unique<etcd::Client>(loop, *made.transport, std::move(options));
  return made;
}

}  // namespace bellwether::cli
