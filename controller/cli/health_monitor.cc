#include "cli/health_monitor.h"

#include <utility>

namespace bellwether::cli {

Result<std::unique_ptr<HealthMonitor>> HealthMonitor::Make(Scheduler& scheduler,
                                                           const HealthSettings& settings) {
  auto probe = HealthProbe::Make(scheduler, settings.target, settings.timeout);
  if (!probe) return probe.error();
  return std::unique_ptr<HealthMonitor>(new HealthMonitor(scheduler, settings, *std::move(probe)));
}

HealthMonitor::HealthMonitor(Scheduler& scheduler, const HealthSettings& settings,
                             std::unique_ptr<HealthProbe> probe)
    : scheduler_(scheduler), settings_(settings), probe_(std::move(probe)), next_(scheduler) {}

void HealthMonitor::Begin(Told told) {
  told_ = std::move(told);
  rule_.emplace(settings_.times, scheduler_.Now());
  Check();
}

void HealthMonitor::End() {
  next_.Cancel();
  probe_->Forget();
}

void HealthMonitor::Check() {
  probe_->Ask(
      [this, sent_at = scheduler_.Now()](const Status& answer) { OnAnswer(sent_at, answer); });
}

void HealthMonitor::OnAnswer(MonotonicTime sent_at, const Status& answer) {
  next_.Set(rule_->NextAfter(sent_at), [this] { Check(); });
  const auto changed = rule_->OnAnswer(sent_at, answer.ok());
  if (!changed) return;
  if (answer.ok()) return told_.well();
  told_.failing(answer.error().message);
}

}  // namespace bellwether::cli
