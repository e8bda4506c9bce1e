#include "sim/mutants.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/ids.h"
#include "etcd/rpc.pb.h"

namespace bellwether::sim {

namespace pb = ::etcdserverpb;

// Stands between the product and the stream, in both directions.
class MutantTransport::MutantStream final : public etcd::StreamSink {
 public:
  MutantStream(MutantTransport& transport, bool watch, etcd::StreamSink* sink)
      : transport_(transport), watch_(watch), sink_(sink) {}

  void Write(std::string bytes) {
    if (watch_ && transport_.mutant_ == Mutant::kNoProofOfLife && AnswersProof(bytes)) return;
    if (watch_) {
      bytes = transport_.ChangeWatch(std::move(bytes));
    } else {
      sent_.push_back(transport_.scheduler_.Now());
      if (transport_.mutant_ == Mutant::kAnswerToTheNewest) ++unanswered_[LeaseOf(bytes)];
    }
    inner->Write(std::move(bytes));
  }

  // The sink may destroy this stream.
  void OnStreamMessage(std::string_view message) override {
    const std::string bytes = transport_.ChangeAnswer(std::string(message));
    if (!watch_ && !sent_.empty()) {
      transport_.hooks_.renewed(transport_.scheduler_.Now() - sent_.front());
      sent_.pop_front();
    }
    if (!watch_ && transport_.mutant_ == Mutant::kAnswerToTheNewest) return AnswerAll(bytes);
    pb::WatchResponse response;
    if (!watch_ || transport_.mutant_ != Mutant::kSplitRevision ||
        !response.ParseFromString(bytes) || response.events_size() < 2) {
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
    if (left) return;
    const auto broken = transport_.hooks_.stream_broken;
    sink_->OnStreamEnd(std::move(status));
    broken();
  }

  std::unique_ptr<etcd::Stream> inner;
  bool left = false;  // by the product

 private:
  static int64_t LeaseOf(const std::string& keepalive) {
    pb::LeaseKeepAliveRequest request;
    (void)request.ParseFromString(keepalive);
    return request.id();
  }

  // The first answer of a lease is told once for each of its requests, so that the newest has it
  // too; those that follow are not told.
  void AnswerAll(const std::string& bytes) {
    pb::LeaseKeepAliveResponse response;
    if (!response.ParseFromString(bytes)) return sink_->OnStreamMessage(bytes);
    int& told = told_before_[response.id()];
    if (told > 0) {
      --told;
      return;
    }
    const int times = std::exchange(unanswered_[response.id()], 0);
    told = std::max(0, times - 1);
    const auto life = scope_.life();
    for (int i = 0; i < times && !life.expired(); ++i) sink_->OnStreamMessage(bytes);
  }

  // A watch that filters all events out is made to be answered, and is.
  bool AnswersProof(const std::string& bytes) {
    pb::WatchRequest request;
    if (!request.ParseFromString(bytes) || request.create_request().filters_size() != 2)
      return false;
    pb::WatchResponse created;
    created.set_created(true);
    created.set_watch_id(request.create_request().watch_id());
    transport_.scheduler_.Post(scope_.Bind(
        [this, answer = created.SerializeAsString()] { sink_->OnStreamMessage(answer); }));
    return true;
  }

  MutantTransport& transport_;
  const bool watch_;
  etcd::StreamSink* const sink_;
  std::deque<MonotonicTime> sent_;
  std::map<int64_t, int> unanswered_;   // keepalives, by lease
  std::map<int64_t, int> told_before_;  // answers that are still to come
  Scope scope_;
};

class MutantTransport::Handle final : public etcd::Stream {
 public:
  Handle(MutantTransport& transport, bool watch, std::unique_ptr<MutantStream> stream)
      : transport_(transport), watch_(watch), stream_(std::move(stream)) {}
  ~Handle() override {
    if (watch_ || transport_.mutant_ != Mutant::kOldStreamsAnswer) return;
    stream_->left = true;
    transport_.left_.push_back(std::move(stream_));
  }
  void Write(std::string bytes) override { stream_->Write(std::move(bytes)); }

 private:
  MutantTransport& transport_;
  const bool watch_;
  std::unique_ptr<MutantStream> stream_;
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

std::string MutantTransport::ChangeRange(std::string request) const {
  pb::RangeRequest range;
  if (mutant_ != Mutant::kStaleProbe || !range.ParseFromString(request)) return request;
  if (range.limit() == 1 && range.keys_only()) range.set_serializable(true);
  return range.SerializeAsString();
}

std::string MutantTransport::ChangeAnswer(std::string answer) {
  pb::LeaseRevokeResponse only_header;
  if (mutant_ != Mutant::kBlindToRestore || !only_header.ParseFromString(answer)) return answer;
  if (!only_header.has_header()) return answer;
  auto& header = *only_header.mutable_header();
  if (first_cluster_ == 0) first_cluster_ = header.cluster_id();
  header.set_cluster_id(first_cluster_);
  newest_revision_ = std::max<int64_t>(newest_revision_, header.revision());
  header.set_revision(newest_revision_);
  return only_header.SerializeAsString();
}

void MutantTransport::Unary(const std::string& method, std::string request,
                            const etcd::RpcOptions& options, UnaryDone done) {
  if (method == "/etcdserverpb.KV/Txn") request = ChangeTxn(std::move(request));
  if (method == "/etcdserverpb.KV/Range") request = ChangeRange(std::move(request));
  if (method == "/etcdserverpb.Lease/LeaseGrant") {
    pb::LeaseGrantRequest grant;
    if (grant.ParseFromString(request)) own_leases_.insert(LeaseId{grant.id()}.Hex());
    done = [this, sent_at = scheduler_.Now(), done = std::move(done)](etcd::RpcStatus status,
                                                                      std::string bytes) {
      hooks_.renewed(scheduler_.Now() - sent_at);
      done(std::move(status), std::move(bytes));
    };
  }
  inner_.Unary(method, std::move(request), options,
               [this, done = std::move(done)](etcd::RpcStatus status, std::string bytes) {
                 done(std::move(status), ChangeAnswer(std::move(bytes)));
               });
}

std::unique_ptr<etcd::Stream> MutantTransport::Open(const std::string& method,
                                                    const etcd::RpcOptions& options,
                                                    etcd::StreamSink* sink) {
  const bool watch = method == "/etcdserverpb.Watch/Watch";
  auto stream = std::make_unique<MutantStream>(*this, watch, sink);
  stream->inner = inner_.Open(method, options, stream.get());
  return std::make_unique<Handle>(*this, watch, std::move(stream));
}

}  // namespace bellwether::sim
