#include "etcd/connection.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace bellwether::etcd {
namespace {

// Without its end, also where an editor has ended lines with CR LF.
std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

Result<Connection> Connect(EventLoop& loop, ConnectionOptions options) {
  if (options.username.empty() != options.password_file.empty()) {
    return Error{.code = Code::kInvalid,
                 .message = "a user name and a password file belong together; give both or none"};
  }
  if (!options.password_file.empty() && !std::ifstream(options.password_file)) {
    return Error{.code = Code::kInvalid,
                 .message = "the password file " + options.password_file +
                            " cannot be read; check the path and its permissions"};
  }
  const bool files =
      !(options.tls.ca.empty() && options.tls.cert.empty() && options.tls.key.empty());
  if (files && std::none_of(options.endpoints.begin(), options.endpoints.end(),
                            [](const Endpoint& endpoint) { return endpoint.tls; })) {
    return Error{.code = Code::kInvalid,
                 .message =
                     "TLS files are given, but no endpoint is https://, so that nothing "
                     "would be encrypted; write the endpoints as https://HOST:PORT, or "
                     "leave the files out"};
  }
  Connection made;
  auto transport = GrpcTransport::Make(
      loop, {.endpoints = std::move(options.endpoints), .tls = std::move(options.tls)});
  if (!transport) return transport.error();
  made.transport = *std::move(transport);
  ClientOptions client;
  client.endpoint_timeout = options.endpoint_timeout;
  client.credentials = {options.username,
                        [file = options.password_file] { return FirstLine(file); }};
  made.client = std::make_unique<Client>(loop, *made.transport, std::move(client));
  return made;
}

}  // namespace bellwether::etcd
