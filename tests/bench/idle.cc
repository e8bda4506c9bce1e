#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <vector>

#include "bench/flock.h"
#include "election/candidate.h"
#include "election/observer.h"
#include "election/value.h"
#include "support/eventually.h"
#include "support/shard.h"

namespace bellwether::bench {
namespace {

// Joins under way at a time: a crowd that joins at once would measure etcd's queue.
constexpr size_t kJoining = 32;

class Crowd final : public election::CandidateHandler {
 public:
  // Shard thread. Election after election, so that each has its leader before the crowd moves on.
  Crowd(test::Shard& shard, const IdleFlags& flags) : flags_(flags) {
    for (int e = 0; e < flags.elections; ++e) {
      const std::string name = "e" + std::to_string(e);
      for (int c = 0; c < flags.candidates; ++c) {
        places_.push_back(std::make_unique<election::Candidate>(
            shard.loop, shard.client(),
            election::CandidateOptions{
                .prefix = election::PrefixOf(flags.root, {"bench", name}),
                .value = election::EncodeValue({.id = "candidate-" + std::to_string(c)})},
            this));
      }
    }
    observer_ = std::make_unique<election::Observer>(
        shard.loop, shard.client(), election::ObserverOptions{.root = flags.root}, views_);
    observer_->Start();
    while (started_ < std::min(kJoining, places_.size())) JoinNext();
  }

  // Any thread: the observer shows each queue whole, and no place is missing.
  bool Complete() const {
    if (!views_.freshness().FreshAt(BootClock::now())) return false;
    const auto views = views_.List("", "", 0);
    return views.size() == static_cast<size_t>(flags_.elections) &&
           std::all_of(views.begin(), views.end(), [this](const election::ElectionPtr& view) {
             return view->queue.size() == static_cast<size_t>(flags_.candidates);
           });
  }

  // Shard thread.
  uint64_t lost() const { return lost_; }
  uint64_t missed() const { return observer_->counters().missed; }

 private:
  void JoinNext() {
    if (started_ < places_.size()) places_[started_++]->Campaign();
  }

  void OnQueued(const election::Place&) override { JoinNext(); }
  void OnElected(const election::Leadership&) override { JoinNext(); }
  void OnExtended(MonotonicTime) override {}
  void OnLost(const std::string& why) override { Lose(why); }
  void OnPlaceLost(const std::string& why) override { Lose(why); }
  void OnCandidateTrouble(const Error& error) override {
    std::fprintf(stderr, "bench_flock: %s\n", error.message.c_str());
  }
  void Lose(const std::string& why) {
    ++lost_;
    std::fprintf(stderr, "bench_flock: lost: %s\n", why.c_str());
  }

  const IdleFlags flags_;
  election::ViewStore views_;
  std::vector<std::unique_ptr<election::Candidate>> places_;
  std::unique_ptr<election::Observer> observer_;
  size_t started_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace

int Idle(const IdleFlags& flags) {
  test::Shard shard(flags.endpoints);
  std::unique_ptr<Crowd> crowd;
  shard.Sync([&] { crowd = std::make_unique<Crowd>(shard, flags); });
  const bool complete =
      test::Eventually([&] { return crowd->Complete(); }, std::chrono::minutes(9));
  if (complete) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) continue;
  } else {
    std::fprintf(stderr, "bench_flock: the observer never showed every queue whole\n");
  }
  shard.Sync([&] {
    std::cout << "lost " << crowd->lost() << " missed " << crowd->missed() << std::endl;
    crowd.reset();
  });
  return complete ? 0 : 1;
}

}  // namespace bellwether::bench
