// The real Transport: one gRPC channel per endpoint, calls through the generic stub. TLS files are
// read again when they change: the next call to an endpoint then makes a new channel, streams that
// are open stay on the old one.
//
// Owner:   outlives the Client on it; the EventLoop outlives both. Destroying it cancels every
//          call; their completions are drained by the loop.
// Thread:  shard thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "etcd/endpoint.h"
#include "etcd/transport.h"
#include "loop/event_loop.h"
#include "tls/pem_files.h"

namespace bellwether::etcd {

// Without ca the system's roots count; cert and key are for mutual TLS.
using TlsFiles = tls::PemFiles;

struct GrpcTransportOptions {
  std::vector<Endpoint> endpoints;
  TlsFiles tls;
  // HTTP/2 pings while a stream is open. etcd answers more than one in 5 s with GOAWAY
  // (too_many_pings, etcd #8905).
  Milliseconds keepalive_time{10000};
  Milliseconds keepalive_timeout{3000};
  // TCP_USER_TIMEOUT is set by gRPC from keepalive_timeout.
};

class GrpcTransport final : public Transport {
 public:
  // kInvalid when a TLS file cannot be read or only one of cert and key is given.
  static Result<std::unique_ptr<GrpcTransport>> Make(EventLoop& loop, GrpcTransportOptions options);
  ~GrpcTransport() override;

  size_t endpoint_count() const override;
  const std::string& endpoint_name(size_t endpoint) const override;
  void Unary(const std::string& method, std::string request, const RpcOptions& options,
             UnaryDone done) override;
  std::unique_ptr<Stream> Open(const std::string& method, const RpcOptions& options,
                               StreamSink* sink) override;

 private:
  class Channels;
  class UnaryCall;
  class StreamCall;
  struct Live;

  GrpcTransport(EventLoop& loop, GrpcTransportOptions options);

  EventLoop& loop_;
  std::unique_ptr<Channels> channels_;
  std::shared_ptr<Live> live_;  // the calls under way
};

}  // namespace bellwether::etcd
