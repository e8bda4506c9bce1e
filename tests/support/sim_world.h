// The simulated world's time and its one queue of events. Everything that happens in a simulation
// is an event here, in an order that the seed alone decides, so a run replays from its seed.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace bellwether::sim {

// True time of the world. Processes see clocks of their own (SimScheduler).
using Time = MonotonicTime;

class World {
 public:
  explicit World(uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Time now() const { return now_; }
  Random& random() { return random_; }
  // Uniform between the two, both included.
  Nanoseconds Between(Nanoseconds least, Nanoseconds most);

  // Events at the same time run in an order drawn from the seed.
  void At(Time when, std::function<void()> run);
  void After(Nanoseconds delay, std::function<void()> run) { At(now_ + delay, std::move(run)); }

  // Runs the next event; false when there is none.
  bool Step();
  // Steps until `done` or until true time `end` (then time is `end`); true when `done`.
  bool RunUntil(Time end, const std::function<bool()>& done);

  uint64_t steps() const { return steps_; }
  // A hash over the time of every step and over all that was noted: equal for equal runs.
  uint64_t trace() const { return trace_; }
  void Note(uint64_t number);
  void Note(std::string_view text);
  // Notes it, and prints it with its time when BELLWETHER_SIM_TRACE is set: for people who look
  // into a seed.
  void Say(const std::string& text);

  // What was done to the system under test, by kind: a kind that never happens tests nothing.
  void Count(std::string_view kind) { ++counts_.try_emplace(std::string(kind)).first->second; }
  const std::map<std::string, uint64_t>& counts() const { return counts_; }

 private:
  struct Event {
    Time when;
    uint64_t order;  // among events of the same time
    uint64_t number;
    std::function<void()> run;
    bool operator>(const Event& other) const;
  };

  const bool tracing_;
  Random random_;
  Time now_{std::chrono::hours(1)};
  std::vector<Event> heap_;
  uint64_t last_number_ = 0;
  uint64_t steps_ = 0;
  std::map<std::string, uint64_t> counts_;
  uint64_t trace_ = 14695981039346656037ull;
};

}  // namespace bellwether::sim
