// One gRPC channel per endpoint, made anew when a TLS file has changed.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "etcd/grpc_transport.h"

namespace bellwether::etcd {

class GrpcTransport::Channels {
 public:
  explicit Channels(GrpcTransportOptions options);
  // Reads the TLS files; kInvalid names the one that cannot be used.
  Status Load();
  // Reads the TLS files again at most once a second. Files that cannot be used, half written or a
  // key without its certificate, leave the old ones in use: rotation is not atomic over three
  // files.
  std::shared_ptr<grpc::Channel> Get(size_t endpoint, MonotonicTime now);
  const GrpcTransportOptions& options() const { return options_; }

 private:
  void RefreshIfChanged(MonotonicTime now);
  std::shared_ptr<grpc::Channel> Connect(const Endpoint& endpoint) const;

  const GrpcTransportOptions options_;
  tls::Pems pems_;
  MonotonicTime looked_at_;
  bool trouble_logged_ = false;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;  // null = to be made
};

}  // namespace bellwether::etcd
