// Checks the application again and again, and tells when it begins or ceases to be well: joins
// HealthRule and HealthProbe.
//
// Thread:  shard thread only; what is told runs there, never inside a call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/health_probe.h"
#include "cli/health_rule.h"
#include "cli/health_target.h"
#include "loop/scheduler.h"

namespace bellwether::cli {

struct HealthSettings {
  HealthTarget target;
  HealthTimes times;
  Milliseconds timeout{1000};
};

class HealthMonitor {
 public:
  struct Told {
    std::function<void()> well;
    std::function<void(const std::string& why)> failing;
  };

  static Result<std::unique_ptr<HealthMonitor>> Make(Scheduler& scheduler,
                                                     const HealthSettings& settings);

  // Checks from now on, knowing nothing yet. Each of `told` is called once per change.
  void Begin(Told told);
  // Checks no more, tells no more.
  void End();
  const std::string& target() const { return settings_.target.text; }

 private:
  HealthMonitor(Scheduler& scheduler, const HealthSettings& settings,
                std::unique_ptr<HealthProbe> probe);
  void Check();
  void OnAnswer(MonotonicTime sent_at, const Status& answer);

  Scheduler& scheduler_;
  const HealthSettings settings_;
  const std::unique_ptr<HealthProbe> probe_;
  std::optional<HealthRule> rule_;
  Told told_;
  Timer next_;
};

}  // namespace bellwether::cli
