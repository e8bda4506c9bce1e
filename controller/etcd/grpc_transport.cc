#include "etcd/grpc_transport.h"

#include <grpc/support/log.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdlib>
#include <deque>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "etcd/grpc_channels.h"

namespace bellwether::etcd {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

RpcStatus ToStatus(const grpc::Status& status) {
  const std::string& words = status.error_message();
  // gRPC says so when no connection could be made; the request then never left.
  const bool never_sent =
      status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      (words.starts_with("failed to connect to all addresses") ||
       words.starts_with("DNS resolution failed") || words.starts_with("empty address list"));
  return {static_cast<RpcCode>(status.error_code()), words, never_sent};
}

void Prepare(grpc::ClientContext& context, const RpcOptions& options) {
  if (options.timeout.count() > 0) {
    // On CLOCK_MONOTONIC: a stepped wall clock must not end calls.
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                      gpr_time_from_millis(options.timeout.count(), GPR_TIMESPAN)));
  }
  if (!options.token.empty()) context.AddMetadata("token", options.token);
  if (options.has_leader) context.AddMetadata("hasleader", "true");
}

}  // namespace

// Calls outlive whoever asked for them, until the completion queue has given back their last tag;
// this keeps them reachable for cancelling.
struct GrpcTransport::Live {
  std::unordered_set<UnaryCall*> unary;
  bool gone = false;
};

class GrpcTransport::UnaryCall final : public Completion {
 public:
  UnaryCall(std::shared_ptr<grpc::Channel> channel, EventLoop& loop, std::shared_ptr<Live> live,
            const std::string& method, const std::string& request, const RpcOptions& options,
            UnaryDone done)
      : stub_(std::move(channel)), live_(std::move(live)), done_(std::move(done)) {
    Prepare(context_, options);
    live_->unary.insert(this);
    call_ = stub_.PrepareUnaryCall(&context_, method, ToBuffer(request), &loop.queue());
    call_->StartCall();
    call_->Finish(&reply_, &status_, this);
  }

  void Cancel() { context_.TryCancel(); }

  void Complete(bool) override {
    const std::unique_ptr<UnaryCall> last(this);
    live_->unary.erase(this);
    if (!live_->gone) done_(ToStatus(status_), ToBytes(reply_));
  }

 private:
  grpc::GenericStub stub_;
  std::shared_ptr<Live> live_;
  UnaryDone done_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer reply_;
  grpc::Status status_;
};

// Deletes itself when its last operation is back. The sink is forgotten first, so that nothing
// reaches it after Cancel.
class GrpcTransport::StreamCall {
 public:
  StreamCall(std::shared_ptr<grpc::Channel> channel, EventLoop& loop, const std::string& method,
             const RpcOptions& options, StreamSink* sink)
      : stub_(std::move(channel)), sink_(sink) {
    Prepare(context_, options);
    call_ = stub_.PrepareCall(&context_, method, &loop.queue());
    ++pending_;
    call_->StartCall(&started_);
  }

  void Write(std::string bytes) {
    outgoing_.push_back(std::move(bytes));
    WriteNext();
  }

  void Cancel() {
    sink_ = nullptr;
    context_.TryCancel();
  }

 private:
  class Step final : public Completion {
   public:
    using Handler = void (StreamCall::*)(bool);
    Step(StreamCall& call, Handler handler) : call_(call), handler_(handler) {}
    void Complete(bool ok) override {
      --call_.pending_;
      (call_.*handler_)(ok);
      call_.DeleteIfDone();
    }

   private:
    StreamCall& call_;
    Handler handler_;
  };

  void OnStarted(bool ok) {
    if (!ok) return Finish();
    connected_ = true;
    WriteNext();
    Read();
  }

  void Read() {
    ++pending_;
    call_->Read(&incoming_, &read_);
  }

  void OnRead(bool ok) {
    if (!ok) return Finish();
    const std::string bytes = ToBytes(incoming_);
    incoming_.Clear();
    if (sink_ != nullptr) sink_->OnStreamMessage(bytes);
    Read();
  }

  void WriteNext() {
    if (!connected_ || writing_ || finishing_ || outgoing_.empty()) return;
    writing_ = true;
    ++pending_;
    call_->Write(ToBuffer(outgoing_.front()), &written_);
    outgoing_.pop_front();
  }

  void OnWritten(bool ok) {
    writing_ = false;
    // A failed write means that the stream is broken; the read that is under way ends too and
    // finishes it.
    if (ok) WriteNext();
  }

  void Finish() {
    if (std::exchange(finishing_, true)) return;
    // After Cancel nobody asks for the status, and the queue may be shut down already: gRPC aborts
    // the process when an operation is started on it then.
    if (sink_ == nullptr) {
      done_ = true;
      return;
    }
    ++pending_;
    call_->Finish(&status_, &finished_);
  }

  void OnFinished(bool) {
    done_ = true;
    if (StreamSink* sink = std::exchange(sink_, nullptr)) sink->OnStreamEnd(ToStatus(status_));
  }

  void DeleteIfDone() {
    if (done_ && pending_ == 0) delete this;
  }

  grpc::GenericStub stub_;
  StreamSink* sink_;  // null after Cancel or the end
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  Step started_{*this, &StreamCall::OnStarted};
  Step read_{*this, &StreamCall::OnRead};
  Step written_{*this, &StreamCall::OnWritten};
  Step finished_{*this, &StreamCall::OnFinished};
  std::deque<std::string> outgoing_;
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
  int pending_ = 0;  // operations on the completion queue
  bool connected_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool done_ = false;
};

GrpcTransport::GrpcTransport(EventLoop& loop, GrpcTransportOptions options)
    : loop_(loop),
      channels_(std::make_unique<Channels>(std::move(options))),
      live_(std::make_shared<Live>()) {}

Result<std::unique_ptr<GrpcTransport>> GrpcTransport::Make(EventLoop& loop,
                                                           GrpcTransportOptions options) {
  BW_CHECK(!options.endpoints.empty());
  // gRPC prints its own lines on standard error for what our errors already say.
  static std::once_flag silenced;
  std::call_once(silenced, [] {
    if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
  });
  std::unique_ptr<GrpcTransport> made(new GrpcTransport(loop, std::move(options)));
  if (auto loaded = made->channels_->Load(); !loaded) return loaded.error();
  return made;
}

GrpcTransport::~GrpcTransport() {
  live_->gone = true;
  for (UnaryCall* call : live_->unary) call->Cancel();
}

size_t GrpcTransport::endpoint_count() const { return channels_->options().endpoints.size(); }

const std::string& GrpcTransport::endpoint_name(size_t endpoint) const {
  return channels_->options().endpoints.at(endpoint).name;
}

void GrpcTransport::Unary(const std::string& method, std::string request, const RpcOptions& options,
                          UnaryDone done) {
  // Frees itself in Complete.
  new UnaryCall(channels_->Get(options.endpoint, loop_.Now()), loop_, live_, method, request,
                options, std::move(done));
}

std::unique_ptr<Stream> GrpcTransport::Open(const std::string& method, const RpcOptions& options,
                                            StreamSink* sink) {
  // Knows whether the call still lives: it deletes itself after its end, perhaps before its owner
  // lets go of it.
  class Handle final : public Stream, public StreamSink {
   public:
    explicit Handle(StreamSink* sink) : sink_(sink) {}
    ~Handle() override {
      if (call_ != nullptr) call_->Cancel();
    }
    void Start(StreamCall* call) { call_ = call; }
    void Write(std::string bytes) override {
      if (call_ != nullptr) call_->Write(std::move(bytes));
    }
    void OnStreamMessage(std::string_view bytes) override { sink_->OnStreamMessage(bytes); }
    void OnStreamEnd(RpcStatus status) override {
      call_ = nullptr;
      sink_->OnStreamEnd(std::move(status));
    }

   private:
    StreamSink* const sink_;
    StreamCall* call_ = nullptr;
  };
  auto handle = std::make_unique<Handle>(sink);
  handle->Start(new StreamCall(channels_->Get(options.endpoint, loop_.Now()), loop_, method,
                               options, handle.get()));
  return handle;
}

}  // namespace bellwether::etcd
