#include "sim/mutants.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/ids.h"
#include "etcd/rpc.pb.h"

namespace bellwether::sim {

namespace pb = ::etcdserverpb;

// Stands between the product and the stream, in both directions.
class MutantTransport::MutantStream final : public etcd::Stream, public etcd::StreamSink {
 public:
  MutantStream(MutantTransport& transport, bool watch, etcd::StreamSink* sink)
      : transport_(transport), watch_(watch), sink_(sink) {}

  void Write(std::string bytes) override {
    if (watch_) {
      bytes = transport_.ChangeWatch(std::move(bytes));
    } else {
      sent_.push_back(transport_.scheduler_.Now());
    }
    inner->Write(std::move(bytes));
  }

  // The sink may destroy this stream.
  void OnStreamMessage(std::string_view bytes) override {
    if (!watch_ && !sent_.empty()) {
      transport_.hooks_.renewed(transport_.scheduler_.Now() - sent_.front());
      sent_.pop_front();
    }
    pb::WatchResponse response;
    if (!watch_ || transport_.mutant_ != Mutant::kSplitRevision ||
        !response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        response.events_size() < 2) {
      return sink_->OnStreamMessage(bytes);
    }
    pb::WatchResponse first = response;
    pb::WatchResponse second = response;
    const int half = response.events_size() / 2;
    first.mutable_events()->DeleteSubrange(half, response.events_size() - half);
    first.set_fragment(false);
    second.mutable_events()->DeleteSubrange(0, half);
    transport_.scheduler_.Post(
        scope_.Bind([this, later = second.SerializeAsString()] { sink_->OnStreamMessage(later); }));
    sink_->OnStreamMessage(first.SerializeAsString());
  }

  void OnStreamEnd(etcd::RpcStatus status) override {
    const auto broken = transport_.hooks_.stream_broken;
    sink_->OnStreamEnd(std::move(status));
    broken();
  }

  std::unique_ptr<etcd::Stream> inner;

 private:
  MutantTransport& transport_;
  const bool watch_;
  etcd::StreamSink* const sink_;
  std::deque<MonotonicTime> sent_;
  Scope scope_;
};

MutantTransport::MutantTransport(Mutant mutant, etcd::Transport& inner, Scheduler& scheduler,
                                 Hooks hooks)
    : mutant_(mutant), inner_(inner), scheduler_(scheduler), hooks_(std::move(hooks)) {}

MutantTransport::~MutantTransport() = default;

std::string MutantTransport::ChangeTxn(std::string request) const {
  pb::TxnRequest txn;
  if (!txn.ParseFromString(request)) return request;
  const auto& ops = txn.success();
  const bool deletes = std::any_of(ops.begin(), ops.end(), [](const pb::RequestOp& op) {
    return op.has_request_delete_range();
  });
  const bool reads = std::all_of(ops.begin(), ops.end(),
                                 [](const pb::RequestOp& op) { return op.has_request_range(); });
  if ((mutant_ == Mutant::kUnguardedDelete && deletes) ||
      (mutant_ == Mutant::kUnguardedRead && reads)) {
    txn.clear_compare();
  }
  return txn.SerializeAsString();
}

std::string MutantTransport::ChangeWatch(std::string request) const {
  pb::WatchRequest watch;
  if (!watch.ParseFromString(request) || !watch.has_create_request()) return request;
  auto& create = *watch.mutable_create_request();
  if (mutant_ == Mutant::kWatchFromNow) create.set_start_revision(0);
  const std::string suffix = create.key().substr(create.key().rfind('/') + 1);
  if (mutant_ == Mutant::kNoOwnWatch && own_leases_.contains(suffix)) {
    create.set_key("nothing is ever written here");
  }
  return watch.SerializeAsString();
}

void MutantTransport::Unary(const std::string& method, std::string request,
                            const etcd::RpcOptions& options, UnaryDone done) {
  if (method == "/etcdserverpb.KV/Txn") request = ChangeTxn(std::move(request));
  if (method == "/etcdserverpb.Lease/LeaseGrant") {
    pb::LeaseGrantRequest grant;
    if (grant.ParseFromString(request)) own_leases_.insert(LeaseId{grant.id()}.Hex());
    done = [this, sent_at = scheduler_.Now(), done = std::move(done)](etcd::RpcStatus status,
                                                                      std::string bytes) {
      hooks_.renewed(scheduler_.Now() - sent_at);
      done(std::move(status), std::move(bytes));
    };
  }
  inner_.Unary(method, std::move(request), options, std::move(done));
}

std::unique_ptr<etcd::Stream> MutantTransport::Open(const std::string& method,
                                                    const etcd::RpcOptions& options,
                                                    etcd::StreamSink* sink) {
  const bool watch = method == "/etcdserverpb.Watch/Watch";
  auto stream = std::make_unique<MutantStream>(*this, watch, sink);
  stream->inner = inner_.Open(method, options, stream.get());
  return stream;
}

}  // namespace bellwether::sim
