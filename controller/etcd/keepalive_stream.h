// The keepalives of all leases of a client on one stream: to the raft leader where it is known and
// answers, else to the endpoint in use.
//
// Patience: an etcd that is slow as a whole must not cost leases that it would renew. Of several
// endpoints the first that is silent is left after the endpoint timeout, since it may be that one
// alone; the next has a third of the TTL, since it may be etcd: both together, and a third that
// answers at once, fit between a keepalive and its lease's end. As long as answers come late,
// everybody has so long.
#pragma once

#include <map>
#include <memory>

#include "base/backoff.h"
#include "etcd/caller.h"
#include "etcd/keepalive_schedule.h"
#include "etcd/leader_finder.h"

namespace bellwether::etcd {

class KeepaliveStream final : public StreamSink {
 public:
  // `caller` outlives it.
  KeepaliveStream(Caller& caller, uint64_t seed);

  // A lease is kept by one owner at a time.
  void Add(LeaseId lease, Milliseconds ttl, LeaseHandler* handler);
  void Remove(LeaseId lease);

  void OnStreamMessage(std::string_view bytes) override;
  void OnStreamEnd(RpcStatus status) override;

 private:
  size_t BestEndpoint() const { return leader_.leader().value_or(caller_.endpoint()); }
  void Open();
  void Break();
  // To the best endpoint, unless it is there.
  void Move();
  void OnEndpointLeft(size_t endpoint);
  void OnEndpointFailed();
  Milliseconds Patience() const;
  void OnSilence();
  void SendDue();
  void SetTimer();

  Caller& caller_;
  LeaderFinder leader_;
  KeepaliveSchedule schedule_;
  std::map<LeaseId, LeaseHandler*> handlers_;
  std::unique_ptr<Stream> stream_;
  size_t stream_endpoint_ = 0;
  std::string stream_token_;
  MonotonicTime heard_at_;  // the stream that is open; the distant past before its first answer
  bool late_ = false;       // the newest answer, or a silence for which an endpoint was left
  bool opening_ = false;
  bool refusal_logged_ = false;
  Backoff backoff_;
  Timer tick_;   // the next keepalive, or the end of patience with an unanswered one
  Timer again_;  // the next try to open a stream
  Scope scope_;
};

}  // namespace bellwether::etcd
