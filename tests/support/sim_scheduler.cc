#include "support/sim_scheduler.h"

#include <utility>

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kMillion = 1'000'000;

}  // namespace

SimScheduler::SimScheduler(World& world, ClockOptions clock)
    : world_(world), clock_(clock), process_(std::make_shared<Process>()) {}

SimScheduler::~SimScheduler() = default;

MonotonicTime SimScheduler::LocalAt(Time true_time) const {
  const Nanoseconds t = true_time.time_since_epoch();
  return MonotonicTime(clock_.origin + t + t / kMillion * clock_.rate_ppm);
}

Time SimScheduler::TrueAt(MonotonicTime local) const {
  const Nanoseconds wanted = local.time_since_epoch() - clock_.origin;
  Time guess(wanted - wanted / kMillion * clock_.rate_ppm);
  // The rate is small, so a few corrections meet it; LocalAt never goes back.
  for (int i = 0; i < 4; ++i) guess += local - LocalAt(guess);
  while (LocalAt(guess) < local) guess += 1us;
  return guess;
}

void SimScheduler::Post(Task task) {
  if (!process_) return;
  process_->tasks.emplace(++process_->last, std::move(task));
  Due(process_->last);
}

Scheduler::TimerId SimScheduler::At(MonotonicTime when, Task task) {
  if (!process_) return {};
  const uint64_t number = ++process_->last;
  process_->tasks.emplace(number, std::move(task));
  world_.At(TrueAt(when), [this, number, weak = std::weak_ptr(process_)] {
    if (const auto process = weak.lock(); process && process->tasks.contains(number)) Due(number);
  });
  return {number};
}

void SimScheduler::Cancel(TimerId timer) {
  if (process_) process_->tasks.erase(timer.value);
}

void SimScheduler::Due(uint64_t number) {
  process_->inbox.push_back(number);
  if (!process_->paused) Wake();
}

// A busy machine now and then lets a thread wait.
void SimScheduler::Wake() {
  const Nanoseconds delay =
      world_.random().OneIn(100) ? world_.Between(0ms, 20ms) : world_.Between(0us, 50us);
  world_.After(delay, [weak = std::weak_ptr(process_)] { RunOne(weak); });
}

void SimScheduler::RunOne(const std::weak_ptr<Process>& weak) {
  const auto process = weak.lock();
  if (!process || process->paused || process->inbox.empty()) return;
  const uint64_t number = process->inbox.front();
  process->inbox.pop_front();
  auto found = process->tasks.extract(number);
  if (found.empty()) return;  // cancelled after it was due
  found.mapped()();
}

void SimScheduler::Pause() { process_->paused = true; }

void SimScheduler::Resume() {
  process_->paused = false;
  for (size_t i = 0; i < process_->inbox.size(); ++i) Wake();
}

void SimScheduler::Kill() { process_.reset(); }

bool SimScheduler::paused() const { return process_ && process_->paused; }

}  // namespace bellwether::sim
