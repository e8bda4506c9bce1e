// What the HTTP server counts, as Prometheus families.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "http/counters.h"

namespace bellwether::app {

std::vector<prometheus::MetricFamily> HttpFamilies(const http::Counters& counters);

}  // namespace bellwether::app
