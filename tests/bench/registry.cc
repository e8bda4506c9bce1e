// bench_registry N: what prometheus-cpp's own registry costs with the series of N elections, the
// peer of our /metrics: memory of the registry and of one text of it, and the time to make that
// text.
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/memory.h"

int main(int argc, char** argv) {
  const int elections = argc > 1 ? std::atoi(argv[1]) : 0;
  if (elections < 1) {
    std::fprintf(stderr, "usage: bench_registry N\n");
    return 2;
  }
  const size_t before = bellwether::bench::ResidentBytes();
  prometheus::Registry registry;
  const auto gauge = [&](const char* name) -> prometheus::Family<prometheus::Gauge>& {
    return prometheus::BuildGauge().Name(name).Help("As ours.").Register(registry);
  };
  auto& leader = gauge("bellwether_election_leader");
  std::vector<prometheus::Family<prometheus::Gauge>*> others;
  for (const char* name :
       {"bellwether_election_fencing_token", "bellwether_election_transitions_total",
        "bellwether_election_candidates", "bellwether_election_places_without_lease",
        "bellwether_election_leader_since_seconds"}) {
    others.push_back(&gauge(name));
  }
  for (int i = 0; i < elections; ++i) {
    prometheus::Labels labels{{"election_namespace", "bench"}, {"election", std::to_string(i)}};
    for (auto* family : others) family->Add(labels).Set(i);
    labels["id"] = "worker-" + std::to_string(i);
    leader.Add(labels).Set(1);
  }
  const prometheus::TextSerializer serializer;
  std::vector<double> took_ms;
  size_t most = 0;
  for (int i = 0; i < 10; ++i) {
    const auto from = std::chrono::steady_clock::now();
    const std::string text = serializer.Serialize(registry.Collect());
    took_ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count());
    most = std::max(most, bellwether::bench::ResidentBytes());
  }
  std::sort(took_ms.begin(), took_ms.end());
  std::printf("median_ms %.2f bytes %zu\n", took_ms[took_ms.size() / 2], most - before);
  return 0;
}
