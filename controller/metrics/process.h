// The usual process_* families, read from /proc at each call (prometheus-cpp has none of its own).
//
// Thread: any. Errors: what cannot be read is left out.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace bellwether::metrics {

std::vector<prometheus::MetricFamily> ProcessFamilies();

}  // namespace bellwether::metrics
