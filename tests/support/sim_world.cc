#include "support/sim_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace bellwether::sim {

World::World(uint64_t seed)
    : tracing_(std::getenv("BELLWETHER_SIM_TRACE") != nullptr), random_(seed) {}

Nanoseconds World::Between(Nanoseconds least, Nanoseconds most) {
  BW_CHECK(least <= most);
  const auto span = static_cast<uint64_t>((most - least).count()) + 1;
  return least + Nanoseconds(static_cast<int64_t>(random_.Below(span)));
}

bool World::Event::operator>(const Event& other) const {
  return std::tie(when, order, number) > std::tie(other.when, other.order, other.number);
}

void World::At(Time when, std::function<void()> run) {
  heap_.push_back({std::max(when, now_), random_.Next(), ++last_number_, std::move(run)});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

bool World::Step() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  const Event event = std::move(heap_.back());
  heap_.pop_back();
  now_ = event.when;
  ++steps_;
  Note(static_cast<uint64_t>(now_.time_since_epoch().count()));
  event.run();
  return true;
}

bool World::RunUntil(Time end, const std::function<bool()>& done) {
  while (!done()) {
    if (heap_.empty() || heap_.front().when > end) {
      now_ = std::max(now_, end);
      return false;
    }
    Step();
  }
  return true;
}

void World::Note(uint64_t number) {
  for (int i = 0; i < 8; ++i) {
    trace_ = (trace_ ^ ((number >> (8 * i)) & 0xff)) * 1099511628211ull;
  }
}

void World::Note(std::string_view text) {
  for (const char c : text) trace_ = (trace_ ^ static_cast<uint8_t>(c)) * 1099511628211ull;
}

void World::Say(const std::string& text) {
  Note(text);
  if (!tracing_) return;
  const auto since_start = now_.time_since_epoch() - std::chrono::hours(1);
  std::fprintf(stderr, "%12.6f %8llu  %s\n", std::chrono::duration<double>(since_start).count(),
               static_cast<unsigned long long>(steps_), text.c_str());
}

}  // namespace bellwether::sim
