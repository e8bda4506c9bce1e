// Calls that wait for their answers, and handlers that remember what they were told: what the tests
// of the client share.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "etcd/client.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shard.h"

namespace bellwether::etcd {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::Shard;

inline Result<PutResponse> Put(Shard& shard, const std::string& key, const std::string& value,
                               LeaseId lease = {}) {
  return shard.Ask<PutResponse>([&](auto done) {
    shard.client().Put({key, value, lease}, {.timeout = 20s}, done);
  });
}

inline Result<RangeResponse> Get(Shard& shard, const std::string& key, Milliseconds timeout = 20s) {
  return shard.Ask<RangeResponse>(
      [&](auto done) { shard.client().Range({.key = key}, {.timeout = timeout}, done); });
}

inline Result<LeaseGrantResponse> Grant(Shard& shard, Milliseconds ttl, LeaseId wanted = {}) {
  return shard.Ask<LeaseGrantResponse>(
      [&](auto done) { shard.client().LeaseGrant(ttl, wanted, {.timeout = 20s}, done); });
}

// Remembers what it was told; read from any thread.
class Recorder final : public WatchHandler {
 public:
  void OnWatchEvents(const WatchBatch& batch) override {
    const std::lock_guard lock(mutex_);
    for (const Event& event : batch.events) events_.push_back(event);
    ++batches_;
  }
  void OnWatchProgress(const Header&) override { ++progress; }
  void OnWatchInterrupted(const Error&) override { ++interrupted; }
  void OnWatchLost(const Error& why) override {
    const std::lock_guard lock(mutex_);
    lost_ = why;
  }
  std::vector<Event> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  int batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  std::optional<Error> lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  std::atomic<int> progress = 0;
  std::atomic<int> interrupted = 0;

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
  std::optional<Error> lost_;
  int batches_ = 0;
};

class LeaseRecorder final : public LeaseHandler {
 public:
  void OnLeaseRenewed(MonotonicTime, Milliseconds) override { ++renewed; }
  void OnLeaseGone() override { ++gone; }
  std::atomic<int> renewed = 0;
  std::atomic<int> gone = 0;
};

// A watch that ends on the shard, as it must.
class Watching {
 public:
  Watching(Shard& shard, WatchRequest request, WatchHandler* handler) : shard_(shard) {
    shard_.Sync([&] { watch_ = shard_.client().Watch(std::move(request), handler); });
  }
  ~Watching() {
    shard_.Sync([&] { watch_.reset(); });
  }

 private:
  Shard& shard_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace bellwether::etcd
