// A transport in a test's hands: it keeps what it is asked, and answers what and when the test
// says. Together with a simulated clock.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "etcd/transport.h"
#include "support/sim_scheduler.h"

namespace bellwether::etcd {

class ScriptedTransport final : public Transport {
 public:
  struct Call {
    std::string method;
    std::string request;
    RpcOptions options;
  };
  struct OpenStream {
    std::string method;
    RpcOptions options;
    StreamSink* sink;  // null once the client has dropped it
    std::vector<std::string> written;
  };
  using Answer = std::pair<RpcStatus, std::string>;

  ScriptedTransport(Scheduler& scheduler, size_t endpoints) : scheduler_(scheduler) {
    for (size_t i = 0; i < endpoints; ++i) names_.push_back("etcd-" + std::to_string(i));
  }

  size_t endpoint_count() const override { return names_.size(); }
  const std::string& endpoint_name(size_t endpoint) const override { return names_[endpoint]; }
  void Unary(const std::string& method, std::string request, const RpcOptions& options,
             UnaryDone done) override {
    asked.push_back({method, std::move(request), options});
    scheduler_.Post([this, done = std::move(done), was = asked.back()] {
      const auto [status, bytes] = answer(was);
      done(status, bytes);
    });
  }
  std::unique_ptr<Stream> Open(const std::string& method, const RpcOptions& options,
                               StreamSink* sink) override {
    streams.push_back(std::make_shared<OpenStream>(OpenStream{method, options, sink, {}}));
    return std::make_unique<Handle>(streams.back());
  }

  size_t Asked(const std::string& method) const {
    size_t count = 0;
    for (const auto& call : asked) count += call.method.ends_with(method) ? 1 : 0;
    return count;
  }

  // What each unary call is answered.
  std::function<Answer(const Call&)> answer = [](const Call&) {
    return Answer{{RpcCode::kUnavailable, "nothing is planned for this"}, {}};
  };
  std::vector<Call> asked;
  std::vector<std::shared_ptr<OpenStream>> streams;  // ever opened

 private:
  class Handle final : public Stream {
   public:
    explicit Handle(std::shared_ptr<OpenStream> stream) : stream_(std::move(stream)) {}
    ~Handle() override { stream_->sink = nullptr; }
    void Write(std::string bytes) override { stream_->written.push_back(std::move(bytes)); }

   private:
    const std::shared_ptr<OpenStream> stream_;
  };

  Scheduler& scheduler_;
  std::vector<std::string> names_;
};

// Simulated time with a client's parts in it.
struct SimulatedTime {
  void Pass(Nanoseconds time) {
    world.RunUntil(world.now() + time, [] { return false; });
  }
  sim::World world{1};
  sim::SimScheduler scheduler{world, {}};
};

}  // namespace bellwether::etcd
