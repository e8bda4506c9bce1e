#include "app/config_status.h"

#include <chrono>
#include <string>
#include <utility>

namespace bellwether::app {
namespace {

prometheus::MetricFamily Gauge(std::string name, std::string help, double value) {
  prometheus::ClientMetric sample;
  sample.gauge.value = value;
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge, {sample}};
}

}  // namespace

void ConfigStatus::OnRead(WallTime at, size_t waiting_keys) {
  read_at_s_ = std::chrono::duration<double>(at.time_since_epoch()).count();
  waiting_keys_ = waiting_keys;
  successful_ = true;
}

std::vector<prometheus::MetricFamily> ConfigStatus::Families() const {
  return {
      Gauge("bellwether_config_last_reload_successful",
            "1 when the configuration could be used when it was last read, at the start or on "
            "SIGHUP; 0 while an older one is in effect instead.",
            successful_ ? 1 : 0),
      Gauge("bellwether_config_last_reload_success_timestamp_seconds",
            "When the configuration was last read and could be used.", read_at_s_),
      Gauge("bellwether_config_keys_waiting",
            "Keys of the configuration whose new value needs a restart.",
            static_cast<double>(waiting_keys_)),
  };
}

}  // namespace bellwether::app
