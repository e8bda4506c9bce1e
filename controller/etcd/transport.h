// How bytes reach etcd: one unary call, or one stream, to one endpoint. Everything that decides
// (which endpoint, when to retry, what a reply means) is above this seam and sees serialized
// messages only, so the simulator can stand in for the network and for etcd itself. GrpcTransport
// is the real one.
//
// Thread: shard thread only; callbacks arrive on it, never inside the call that asked for them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace bellwether::etcd {

// gRPC's status codes, those that etcd uses (https://grpc.io/docs/guides/status-codes).
enum class RpcCode {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

struct RpcStatus {
  RpcCode code = RpcCode::kOk;
  std::string message;  // the server's or gRPC's words
  // True where the request certainly never left this process (refused connection, unknown host), so
  // it cannot have been applied.
  bool never_sent = false;
  bool ok() const { return code == RpcCode::kOk; }
};

struct RpcOptions {
  size_t endpoint = 0;      // index into the endpoints that the transport was made with
  Milliseconds timeout{0};  // of a unary call; a stream has none
  std::string token;        // etcd auth token; empty = none
  bool has_leader =
      false;  // "hasleader: true": the member cancels the stream when it has lost its leader
};

// What a stream tells. After OnStreamEnd nothing more comes.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void OnStreamMessage(std::string_view bytes) = 0;
  virtual void OnStreamEnd(RpcStatus status) = 0;
};

// Destroying it cancels the stream; the sink hears nothing after that.
class Stream {
 public:
  virtual ~Stream() = default;
  // Messages leave in the order of the calls; they wait here until the stream is connected.
  virtual void Write(std::string bytes) = 0;
};

class Transport {
 public:
  using UnaryDone = std::function<void(RpcStatus, std::string bytes)>;
  virtual ~Transport() = default;

  virtual size_t endpoint_count() const = 0;
  // As configured, for messages: "https://etcd-0:2379".
  virtual const std::string& endpoint_name(size_t endpoint) const = 0;

  // `method` is "/etcdserverpb.KV/Range". `done` runs exactly once, unless the transport is
  // destroyed first.
  virtual void Unary(const std::string& method, std::string request, const RpcOptions& options,
                     UnaryDone done) = 0;
  // `sink` outlives the stream.
  virtual std::unique_ptr<Stream> Open(const std::string& method, const RpcOptions& options,
                                       StreamSink* sink) = 0;
};

}  // namespace bellwether::etcd
