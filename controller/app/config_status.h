// How the last reading of the configuration went, for the metrics.
//
// Thread: one writes, any read.
#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <cstddef>
#include <vector>

#include "base/time.h"

namespace bellwether::app {

class ConfigStatus {
 public:
  void OnRead(WallTime at, size_t waiting_keys);
  void OnRefused() { successful_ = false; }

  std::vector<prometheus::MetricFamily> Families() const;

 private:
  std::atomic<bool> successful_{true};
  std::atomic<double> read_at_s_{0};  // since 1970
  std::atomic<size_t> waiting_keys_{0};
};

}  // namespace bellwether::app
