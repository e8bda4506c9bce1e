#include "etcd/grpc_channels.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "base/log.h"
#include "etcd/page_size.h"

namespace bellwether::etcd {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// An event is at most as large as what was put, for which etcd's own limit is 1.5 MiB.
constexpr int kMaxWatchBytes = 64 << 20;

int AsInt(Milliseconds duration) { return static_cast<int>(duration.count()); }

}  // namespace

GrpcTransport::Channels::Channels(GrpcTransportOptions options)
    : options_(std::move(options)), channels_(options_.endpoints.size()) {}

Status GrpcTransport::Channels::Load() {
  auto read = tls::ReadPems(options_.tls);
  if (!read) return read.error();
  pems_ = *std::move(read);
  return Ok();
}

void GrpcTransport::Channels::RefreshIfChanged(MonotonicTime now) {
  if (options_.tls.ca.empty() && options_.tls.cert.empty()) return;
  if (now - looked_at_ < kLookEvery) return;
  looked_at_ = now;
  auto read = tls::ReadPems(options_.tls);
  if (!read) {
    if (!std::exchange(trouble_logged_, true)) {
      log::Warning("TLS files changed but cannot be used; going on with the old ones",
                   {{"error", read.error().message}});
    }
    return;
  }
  trouble_logged_ = false;
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
  // Only a watch has reason to say so much at once: etcd cuts what it tells into pieces, but not a
  // single event. A list is asked for again in smaller pages.
  arguments.SetMaxReceiveMessageSize(kMaxWatchBytes);
  arguments.SetServiceConfigJSON(
      R"({"methodConfig":[{"name":[{"service":"etcdserverpb.KV"},{"service":"etcdserverpb.Lease"},)"
      R"({"service":"etcdserverpb.Maintenance"},{"service":"etcdserverpb.Cluster"},)"
      R"({"service":"etcdserverpb.Auth"}],"maxResponseMessageBytes":)" +
      std::to_string(kMaxRangeBytes) + "}]}");
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, AsInt(options_.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, AsInt(options_.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // While gRPC pauses, every call fails at once, whether or not the member is back; EndpointChoice
  // paces the tries.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 300);
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
