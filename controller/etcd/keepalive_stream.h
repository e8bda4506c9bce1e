// The keepalives of all leases of a client on one stream.
#pragma once

#include <map>
#include <memory>

#include "base/backoff.h"
#include "etcd/caller.h"
#include "etcd/keepalive_schedule.h"

namespace bellwether::etcd {

class KeepaliveStream final : public StreamSink {
 public:
  // `caller` outlives it.
  KeepaliveStream(Caller& caller, uint64_t seed);

  // A lease is kept by one owner at a time.
  void Add(LeaseId lease, Milliseconds ttl, LeaseHandler* handler);
  void Remove(LeaseId lease);
  void Move();

  void OnStreamMessage(std::string_view bytes) override;
  void OnStreamEnd(RpcStatus status) override;

 private:
  void Open();
  void Break();
  void SendDue();
  void SetTimer();

  Caller& caller_;
  KeepaliveSchedule schedule_;
  std::map<LeaseId, LeaseHandler*> handlers_;
  std::unique_ptr<Stream> stream_;
  size_t stream_endpoint_ = 0;
  std::string stream_token_;
  bool opening_ = false;
  Backoff backoff_;
  Timer tick_;   // the next keepalive, or the end of patience with an unanswered one
  Timer again_;  // the next try to open a stream
  Scope scope_;
};

}  // namespace bellwether::etcd
