// What /metrics answers: the published views, the sampled etcd and the controller's own counters,
// in Prometheus' text format 0.0.4 (Content-Type "text/plain; version=0.0.4; charset=utf-8"). Reads
// what others publish and asks nobody, so that a scrape costs etcd and the shard nothing.
//
// Thread:  any; several at once.
// Bounds:  series per election for Options::max_elections of them, about 0.6 kB each.
#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "election/observer.h"
#include "election/view_store.h"
#include "growth/status_store.h"

namespace bellwether::metrics {

// What only the controller itself can count.
struct Counters {
  election::Observer::Counters observer;
  uint64_t leader_changes = 0;  // of all elections, as told by Observer::OnLeaderChange
};

class Exporter {
 public:
  struct Options {
    size_t max_elections = 20000;
  };
  // Both are called by Render on its thread.
  using CountersSource = std::function<Counters()>;
  // Families of other rooms (requests of the HTTP server, ...), with names that nobody else uses.
  using FamiliesSource = std::function<std::vector<prometheus::MetricFamily>()>;

  // The stores outlive the exporter. `counters` and `families` may be empty.
  Exporter(const election::ViewStore& views, const growth::StatusStore& status, Options options,
           CountersSource counters, FamiliesSource families = {});

  // Options::max_elections, from the next Render on.
  void SetMaxElections(size_t max_elections) { max_elections_ = max_elections; }

  std::string Render() const;
  // As it is at `now`.
  std::string RenderAt(MonotonicTime now) const;

 private:
  const election::ViewStore& views_;
  const growth::StatusStore& status_;
  std::atomic<size_t> max_elections_;
  const CountersSource counters_;
  const FamiliesSource families_;
};

}  // namespace bellwether::metrics
