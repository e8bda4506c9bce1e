// One candidate on a shard and what it was told, for tests on a real etcd.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "election/candidate.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shard.h"

namespace bellwether::election {

using namespace std::chrono_literals;
using test::EtcdServer;
using test::Eventually;
using test::Shard;

class Participant final : public CandidateHandler {
 public:
  Participant(Shard& shard, const std::string& prefix, const std::string& value) : shard_(shard) {
    shard_.Sync([&] {
      candidate_ = std::make_unique<Candidate>(
          shard_.loop, shard_.client(),
          CandidateOptions{.prefix = prefix, .value = value, .ttl = 5s}, this);
      candidate_->Campaign();
    });
  }
  ~Participant() override {
    shard_.Sync([&] { candidate_.reset(); });
  }

  bool Leads() {
    std::optional<Leadership> leadership;
    shard_.Sync([&] { leadership = candidate_->Current(shard_.loop.Now()); });
    return leadership.has_value();
  }
  Place place() {
    const std::lock_guard lock(mutex_);
    return place_;
  }
  int queued() {
    const std::lock_guard lock(mutex_);
    return queued_;
  }
  int lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  int elected() {
    const std::lock_guard lock(mutex_);
    return elected_;
  }
  void Campaign() {
    shard_.Sync([&] { candidate_->Campaign(); });
  }
  Result<Unit> Resign() {
    return shard_.Ask<Unit>([&](auto done) { candidate_->Resign(20s, done); });
  }

 private:
  void OnQueued(const Place& place) override {
    const std::lock_guard lock(mutex_);
    place_ = place;
    ++queued_;
  }
  void OnElected(const Leadership&) override {
    const std::lock_guard lock(mutex_);
    ++elected_;
  }
  void OnExtended(MonotonicTime) override {}
  void OnLost(const std::string&) override {
    const std::lock_guard lock(mutex_);
    ++lost_;
  }
  void OnPlaceLost(const std::string&) override {}
  void OnCandidateTrouble(const Error&) override {}

  Shard& shard_;
  std::unique_ptr<Candidate> candidate_;
  std::mutex mutex_;
  Place place_;
  int queued_ = 0, lost_ = 0, elected_ = 0;
};

}  // namespace bellwether::election
