#include "etcd/client.h"

#include <utility>

#include "base/random.h"
#include "etcd/caller.h"
#include "etcd/codec.h"
#include "etcd/keepalive_stream.h"
#include "etcd/watch_stream.h"

namespace bellwether::etcd {
namespace {

ClientOptions WithSeed(ClientOptions options) {
  if (options.seed == 0) options.seed = Random::FromEntropy().Next() | 1;
  return options;
}

}  // namespace

class Client::Impl {
 public:
  Impl(Scheduler& scheduler, Transport& transport, const ClientOptions& options)
      : caller(scheduler, transport, options),
        shared_watches(caller, options.seed + 1),
        critical_watches(caller, options.seed + 2),
        keepalives(caller, options.seed + 3) {}

  // Decodes the answer, or says that it makes no sense.
  template <typename Response>
  void Call(Caller::Call call, Callback<Response> done) {
    const std::string method = call.method;
    const Effect effect = call.writes ? Effect::kUnknown : Effect::kNone;
    caller.Start(
        std::move(call), [method, effect, done = std::move(done)](Result<Caller::Reply> reply) {
          if (!reply) return done(reply.error());
          Response response;
          if (!Decode(reply->bytes, &response)) {
            return done(
                Error{.code = Code::kInternal,
                      .effect = effect,
                      .message = method + " on " + reply->endpoint +
                                 ": the answer is not etcd's; is something else listening there?"});
          }
          if constexpr (requires { response.sent_at; }) response.sent_at = reply->sent_at;
          done(std::move(response));
        });
  }

  Caller caller;
  WatchStream shared_watches;
  WatchStream critical_watches;
  KeepaliveStream keepalives;
};

Client::Client(Scheduler& scheduler, Transport& transport, ClientOptions options)
    : impl_(std::make_unique<Impl>(scheduler, transport, WithSeed(std::move(options)))) {}

Client::~Client() = default;

void Client::Range(RangeRequest request, CallOptions options, Callback<RangeResponse> done) {
  impl_->Call(
      {.method = "/etcdserverpb.KV/Range", .request = Encode(request), .timeout = options.timeout},
      std::move(done));
}

void Client::Txn(TxnRequest request, CallOptions options, Callback<TxnResponse> done) {
  impl_->Call({.method = "/etcdserverpb.KV/Txn",
               .request = Encode(request),
               .writes = true,
               .timeout = options.timeout},
              std::move(done));
}

void Client::Put(PutRequest request, CallOptions options, Callback<PutResponse> done) {
  impl_->Call({.method = "/etcdserverpb.KV/Put",
               .request = Encode(request),
               .writes = true,
               .timeout = options.timeout},
              std::move(done));
}

void Client::Delete(DeleteRequest request, CallOptions options, Callback<DeleteResponse> done) {
  impl_->Call({.method = "/etcdserverpb.KV/DeleteRange",
               .request = Encode(request),
               .writes = true,
               .timeout = options.timeout},
              std::move(done));
}

void Client::LeaseGrant(Milliseconds ttl, LeaseId wanted, CallOptions options,
                        Callback<LeaseGrantResponse> done) {
  impl_->Call({.method = "/etcdserverpb.Lease/LeaseGrant",
               .request = EncodeLeaseGrant(wanted, ttl),
               .writes = true,
               .timeout = options.timeout},
              std::move(done));
}

void Client::LeaseRevoke(LeaseId lease, CallOptions options, Callback<LeaseRevokeResponse> done) {
  impl_->Call({.method = "/etcdserverpb.Lease/LeaseRevoke",
               .request = EncodeLeaseRevoke(lease),
               .writes = true,
               .timeout = options.timeout},
              std::move(done));
}

void Client::LeaseTimeToLive(LeaseId lease, bool with_keys, CallOptions options,
                             Callback<LeaseTimeToLiveResponse> done) {
  impl_->Call({.method = "/etcdserverpb.Lease/LeaseTimeToLive",
               .request = EncodeLeaseTimeToLive(lease, with_keys),
               .timeout = options.timeout},
              std::move(done));
}

std::unique_ptr<KeptLease> Client::KeepAlive(LeaseId lease, Milliseconds ttl,
                                             LeaseHandler* handler) {
  class Kept final : public KeptLease {
   public:
    Kept(KeepaliveStream& stream, LeaseId lease) : stream_(stream), lease_(lease) {}
    ~Kept() override { stream_.Remove(lease_); }

   private:
    KeepaliveStream& stream_;
    const LeaseId lease_;
  };
  impl_->keepalives.Add(lease, ttl, handler);
  return std::make_unique<Kept>(impl_->keepalives, lease);
}

std::unique_ptr<etcd::Watch> Client::Watch(WatchRequest request, WatchHandler* handler) {
  class Watching final : public etcd::Watch {
   public:
    Watching(WatchStream& stream, int64_t id) : stream_(stream), id_(id) {}
    ~Watching() override { stream_.Remove(id_); }

   private:
    WatchStream& stream_;
    const int64_t id_;
  };
  WatchStream& stream = request.critical ? impl_->critical_watches : impl_->shared_watches;
  const int64_t id = stream.Add(std::move(request), handler);
  return std::make_unique<Watching>(stream, id);
}

void Client::MemberList(CallOptions options, Callback<MemberListResponse> done) {
  impl_->Call({.method = "/etcdserverpb.Cluster/MemberList",
               .request = EncodeMemberList(),
               .timeout = options.timeout},
              std::move(done));
}

void Client::Status(size_t endpoint, CallOptions options, Callback<StatusResponse> done) {
  impl_->Call({.method = "/etcdserverpb.Maintenance/Status",
               .request = EncodeStatus(),
               .timeout = options.timeout,
               .endpoint = endpoint},
              std::move(done));
}

size_t Client::endpoint_count() const { return impl_->caller.transport().endpoint_count(); }

const std::string& Client::endpoint_name(size_t endpoint) const {
  return impl_->caller.transport().endpoint_name(endpoint);
}

}  // namespace bellwether::etcd
