// An etcd client on a shard of its own thread, for tests that talk to a real etcd.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "etcd/client.h"
#include "etcd/grpc_transport.h"
#include "loop/event_loop.h"

namespace bellwether::test {

class Shard {
 public:
  explicit Shard(const std::string& endpoints, etcd::TlsFiles tls = {},
                 etcd::Credentials credentials = {}) {
    auto parsed = etcd::ParseEndpoints(endpoints);
    if (!parsed) throw std::runtime_error(parsed.error().message);
    auto made = etcd::GrpcTransport::Make(loop, {.endpoints = *parsed, .tls = std::move(tls)});
    if (!made) throw std::runtime_error(made.error().message);
    transport_ = *std::move(made);
    client_ = std::make_unique<etcd::Client>(
        loop, *transport_, etcd::ClientOptions{.credentials = std::move(credentials)});
    thread_ = std::thread([this] { loop.Run(); });
  }

  ~Shard() {
    Sync([this] {
      client_.reset();
      transport_.reset();
    });
    loop.Stop();
    thread_.join();
  }

  // Runs it on the shard and waits for its end.
  void Sync(const std::function<void()>& task) {
    std::promise<void> done;
    loop.Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  // Starts a call on the shard and waits for its answer: Ask<etcd::RangeResponse>([&](auto done) {
  // client().Range(…, done); }).
  template <typename T, typename F>
  Result<T> Ask(F start) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    loop.Post([this, &start, promise] {
      start(etcd::Callback<T>(
          [promise](Result<T> result) { promise->set_value(std::move(result)); }));
    });
    return future.get();
  }

  etcd::Client& client() { return *client_; }
  EventLoop loop;

 private:
  std::unique_ptr<etcd::GrpcTransport> transport_;
  std::unique_ptr<etcd::Client> client_;
  std::thread thread_;
};

}  // namespace bellwether::test
