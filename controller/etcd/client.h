// A client of one etcd cluster (3.4 to 3.7): unary calls with deadlines, endpoint rotation and
// authentication; watches that resume by themselves; keepalives of many leases on one stream. It
// refuses to know what the keys mean.
//
// Owner:   whoever made it; destroying it cancels everything under way, and no callback runs after
//          that. A callback may destroy it.
// Thread:  shard thread only. Callbacks arrive there, at most once, never inside the call that
//          asked for them.
// Retries: reads are tried on another endpoint until their deadline. A write is sent once more only
//          when it certainly did not reach etcd; else its Error says Effect::kUnknown and the
//          caller reads before it decides.
// Errors:  the message names the call, the endpoint and etcd's own words. ErrNoSpace is kNoSpace
//          with Effect::kUnknown, because etcd's quota check may answer it after applying.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "etcd/api.h"
#include "etcd/transport.h"
#include "loop/scheduler.h"

namespace bellwether::etcd {

template <typename T>
using Callback = std::function<void(Result<T>)>;

struct CallOptions {
  Milliseconds timeout{5000};  // of the whole call, over all its tries
};

struct Credentials {
  std::string username;  // empty = no authentication
  // asked before each authentication, so that a changed file counts
  std::function<std::string()> read_password;
};

struct ClientOptions {
  Credentials credentials;
  uint64_t seed = 0;  // of jitter; 0 = from the kernel
  // An endpoint that has not answered for this long is left for the next one, which has longer: it
  // may be etcd as a whole that is slow.
  Milliseconds endpoint_timeout{2000};
};

// Told by a watch. See Client::Watch.
class WatchHandler {
 public:
  virtual ~WatchHandler() = default;
  // Whole revisions: never a part of one.
  virtual void OnWatchEvents(const WatchBatch& batch) = 0;
  // Everything up to this revision has been told: the watch was created (again), at a member that
  // knows at least what was told before.
  virtual void OnWatchProgress(const Header& header) = 0;
  // The stream answered what it was asked at this time, so it was alive then, and the watch had
  // been told what it missed. Not a promise that every event from before has been told: etcd may
  // tell one some milliseconds after.
  virtual void OnWatchAlive(MonotonicTime /*asked_at*/) {}
  // The stream is broken, cut or silent; the watch is being resumed from the revision after the
  // last one told. A view is not fresh until OnWatchProgress or OnWatchEvents comes again.
  virtual void OnWatchInterrupted(const Error& why) = 0;
  // The end: kCompacted (list again and make a new watch), kPermission, or another refusal that
  // repeats. The Watch is dead.
  virtual void OnWatchLost(const Error& why) = 0;
};

// Destroying it cancels the watch; the handler hears nothing after that.
class Watch {
 public:
  virtual ~Watch() = default;
};

// Told by a kept lease.
class LeaseHandler {
 public:
  virtual ~LeaseHandler() = default;
  // A keepalive that was sent at `sent_at` was answered with this TTL. Answers may come late and
  // out of order: an older sent_at than one seen before changes nothing.
  virtual void OnLeaseRenewed(MonotonicTime sent_at, Milliseconds ttl) = 0;
  // etcd says that the lease does not exist any more (TTL 0). Told once.
  virtual void OnLeaseGone() = 0;
};

// Keeps the lease alive until destroyed. Destroying it does not revoke the lease.
class KeptLease {
 public:
  virtual ~KeptLease() = default;
};

class Client {
 public:
  // `transport` and `scheduler` outlive the client.
  Client(Scheduler& scheduler, Transport& transport, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Linearizable unless the request says otherwise.
  void Range(RangeRequest request, CallOptions options, Callback<RangeResponse> done);
  void Txn(TxnRequest request, CallOptions options, Callback<TxnResponse> done);
  void Put(PutRequest request, CallOptions options, Callback<PutResponse> done);
  void Delete(DeleteRequest request, CallOptions options, Callback<DeleteResponse> done);

  // etcd chooses the id when `wanted` is 0. A given id makes a repeat safe: "already exists" then
  // means that an earlier try counted.
  void LeaseGrant(Milliseconds ttl, LeaseId wanted, CallOptions options,
                  Callback<LeaseGrantResponse> done);
  void LeaseRevoke(LeaseId lease, CallOptions options, Callback<LeaseRevokeResponse> done);
  void LeaseTimeToLive(LeaseId lease, bool with_keys, CallOptions options,
                       Callback<LeaseTimeToLiveResponse> done);
  // Sends a keepalive at a third of `ttl`, soon again on another endpoint when one is not answered.
  std::unique_ptr<KeptLease> KeepAlive(LeaseId lease, Milliseconds ttl, LeaseHandler* handler);

  // `request.from` must not be 0. `handler` outlives the watch.
  std::unique_ptr<etcd::Watch> Watch(WatchRequest request, WatchHandler* handler);

  void MemberList(CallOptions options, Callback<MemberListResponse> done);
  // Of one endpoint (0 to endpoint_count() - 1), never another: adds no raft entry.
  void Status(size_t endpoint, CallOptions options, Callback<StatusResponse> done);

  size_t endpoint_count() const;
  const std::string& endpoint_name(size_t endpoint) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::etcd
