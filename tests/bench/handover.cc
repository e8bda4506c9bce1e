#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/flock.h"
#include "election/candidate.h"
#include "election/value.h"
#include "support/shard.h"

namespace bellwether::bench {
namespace {

constexpr std::chrono::seconds kPatience{30};
// Between two hand-overs, so that one does not measure the other's re-join. The Go peer makes the
// same pause.
constexpr Milliseconds kPause{5};

// One candidate on a client and a thread of its own, as it would be in a process of its own.
class Contestant final : public election::CandidateHandler {
 public:
  Contestant(const HandOverFlags& flags, int number) : shard_(flags.endpoints) {
    shard_.Sync([&] {
      candidate_ = std::make_unique<election::Candidate>(
          shard_.loop, shard_.client(),
          election::CandidateOptions{
              .prefix = flags.prefix,
              .value = election::EncodeValue({.id = "candidate-" + std::to_string(number)})},
          this);
    });
  }
  ~Contestant() override {
    shard_.Sync([this] { candidate_.reset(); });
  }

  // Joins, and waits until the place is taken.
  void Join() {
    {
      const std::lock_guard lock(mutex_);
      placed_ = false;
      elected_at_.reset();
    }
    shard_.loop.Post([this] { candidate_->Campaign(); });
    Wait("a place in the queue", [this] { return placed_; });
  }

  MonotonicTime WaitUntilElected() {
    Wait("the leadership", [this] { return elected_at_.has_value(); });
    const std::lock_guard lock(mutex_);
    return *elected_at_;
  }

  void StartResign() {
    {
      const std::lock_guard lock(mutex_);
      resigned_ = false;
    }
    shard_.loop.Post([this] {
      candidate_->Resign(Milliseconds(5000), [this](const Result<Unit>& result) {
        Set([&] {
          resigned_ = true;
          if (!result) trouble_ = result.error().message;
        });
      });
    });
  }
  void WaitUntilResigned() {
    Wait("the end of a resignation", [this] { return resigned_; });
  }

 private:
  template <typename F>
  void Set(F change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  template <typename F>
  void Wait(const char* what, F condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, condition) || !trouble_.empty()) {
      throw std::runtime_error(std::string("waited for ") + what + ": " + trouble_);
    }
  }

  void OnQueued(const election::Place&) override {
    Set([this] { placed_ = true; });
  }
  void OnElected(const election::Leadership&) override {
    const MonotonicTime now = BootClock::now();
    Set([&] {
      placed_ = true;
      elected_at_ = now;
    });
  }
  void OnExtended(MonotonicTime) override {}
  void OnLost(const std::string& why) override { Trouble("lost: " + why); }
  void OnPlaceLost(const std::string& why) override { Trouble("place lost: " + why); }
  void OnCandidateTrouble(const Error& error) override { Trouble(error.message); }
  void Trouble(const std::string& what) {
    Set([&] { trouble_ = what; });
  }

  std::mutex mutex_;  // guards the four below
  std::condition_variable changed_;
  bool placed_ = false;
  bool resigned_ = false;
  std::optional<MonotonicTime> elected_at_;
  std::string trouble_;
  std::unique_ptr<election::Candidate> candidate_;  // of the shard's thread
  test::Shard shard_;
};

}  // namespace

int HandOver(const HandOverFlags& flags) {
  std::vector<std::unique_ptr<Contestant>> queue;
  for (int i = 0; i < flags.candidates; ++i) {
    queue.push_back(std::make_unique<Contestant>(flags, i));
    queue.back()->Join();
  }
  queue.front()->WaitUntilElected();
  std::cout << "ready" << std::endl;
  size_t leader = 0;
  for (int rounds = 0; std::cin >> rounds;) {
    for (; rounds > 0; --rounds) {
      std::this_thread::sleep_for(kPause);
      Contestant& leaving = *queue[leader];
      leader = (leader + 1) % queue.size();
      const MonotonicTime start = BootClock::now();
      leaving.StartResign();
      const Nanoseconds took = queue[leader]->WaitUntilElected() - start;
      std::cout << took.count() << '\n';
      leaving.WaitUntilResigned();
      leaving.Join();
    }
    std::cout << "done" << std::endl;
  }
  return 0;
}

}  // namespace bellwether::bench
