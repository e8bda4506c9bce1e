#include "etcd/grpc_channels.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/log.h"

namespace bellwether::etcd {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::streamsize kMaxPemBytes = 1 << 20;

Result<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<size_t>(kMaxPemBytes) + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const std::streamsize size = file.gcount();
  if (file.bad() || size <= 0 || size > kMaxPemBytes) {
    return Error{.code = Code::kInvalid,
                 .message = "TLS file " + path + " cannot be used: " +
                            (size > kMaxPemBytes ? "larger than 1 MiB"
                                                 : std::string("empty or not readable")) +
                            "; check the path and its permissions"};
  }
  text.resize(static_cast<size_t>(size));
  return text;
}

int AsInt(Milliseconds duration) { return static_cast<int>(duration.count()); }

}  // namespace

GrpcTransport::Channels::Channels(GrpcTransportOptions options)
    : options_(std::move(options)), channels_(options_.endpoints.size()) {}

Status GrpcTransport::Channels::Load() {
  if (options_.tls.cert.empty() != options_.tls.key.empty()) {
    return Error{.code = Code::kInvalid,
                 .message = "TLS: a certificate and a key belong together; give both or none"};
  }
  auto read = ReadFiles();
  if (!read) return read.error();
  pems_ = *std::move(read);
  return Ok();
}

Result<GrpcTransport::Channels::Pems> GrpcTransport::Channels::ReadFiles() const {
  Pems pems;
  const std::pair<const std::string*, std::string*> files[] = {{&options_.tls.ca, &pems.ca},
                                                               {&options_.tls.cert, &pems.cert},
                                                               {&options_.tls.key, &pems.key}};
  for (const auto& [path, text] : files) {
    auto read = ReadPem(*path);
    if (!read) return read.error();
    *text = *std::move(read);
  }
  return pems;
}

void GrpcTransport::Channels::RefreshIfChanged(MonotonicTime now) {
  const TlsFiles& tls = options_.tls;
  if (tls.ca.empty() && tls.cert.empty()) return;
  if (now - looked_at_ < kLookEvery) return;
  looked_at_ = now;
  auto read = ReadFiles();
  if (!read) {
    log::Warning("TLS files changed but cannot be read; going on with the old ones",
                 {{"error", read.error().message}});
    return;
  }
  if (*read == pems_) return;
  pems_ = *std::move(read);
  for (auto& channel : channels_) channel.reset();
  log::Info("TLS files read again");
}

std::shared_ptr<grpc::Channel> GrpcTransport::Channels::Get(size_t endpoint, MonotonicTime now) {
  RefreshIfChanged(now);
  auto& channel = channels_.at(endpoint);
  if (!channel) channel = Connect(options_.endpoints.at(endpoint));
  return channel;
}

std::shared_ptr<grpc::Channel> GrpcTransport::Channels::Connect(const Endpoint& endpoint) const {
  grpc::ChannelArguments arguments;
  // A mass revoke in one revision exceeds gRPC's 4 MiB; what is kept of it is bounded above this room.
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, AsInt(options_.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, AsInt(options_.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // A connection of our own per channel: a shared one would outlive rotated certificates.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (endpoint.tls) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = pems_.ca;
    ssl.pem_cert_chain = pems_.cert;
    ssl.pem_private_key = pems_.key;
    credentials = grpc::SslCredentials(ssl);
  }
  return grpc::CreateCustomChannel(endpoint.target, credentials, arguments);
}

}  // namespace bellwether::etcd
