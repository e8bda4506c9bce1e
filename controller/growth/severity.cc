#include "growth/severity.h"

#include <algorithm>
#include <chrono>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

constexpr int kToRaise = 3;
constexpr int kToClear = 15;
constexpr double kClearingMargin = 1.5;
constexpr Seconds kCriticalTime = 4h;
constexpr Seconds kWarningTime = 72h;
constexpr Seconds kInfoTime = 24h * 30;

}  // namespace

Severity SeverityOf(const Forecast& forecast, double margin) {
  if (forecast.verdict == Verdict::kNoSpace) return Severity::kCritical;
  const Seconds left = forecast.time_to_quota.value_or(kNever) / margin;
  // Shares of the quota are cleared a twentieth of it below where they are raised.
  const double slack = margin > 1 ? 0.05 : 0;
  const auto shares = [&](double file, double in_use) {
    return forecast.file_share > file - slack && forecast.in_use_share > in_use - slack;
  };
  if (left < kCriticalTime || shares(0.95, 0.85)) return Severity::kCritical;
  if (left < kWarningTime || shares(0.80, 0.70)) return Severity::kWarning;
  if (left < kInfoTime || forecast.verdict == Verdict::kDefragment) return Severity::kInfo;
  return Severity::kNone;
}

Severity SeverityLatch::Add(const Forecast& forecast) {
  const Severity said = SeverityOf(forecast, 1);
  const Severity at_most = SeverityOf(forecast, kClearingMargin);
  least_above_ = above_ == 0 ? said : std::min(least_above_, said);
  above_ = said > severity_ ? above_ + 1 : 0;
  most_below_ = below_ == 0 ? at_most : std::max(most_below_, at_most);
  below_ = at_most < severity_ ? below_ + 1 : 0;
  if (forecast.verdict == Verdict::kNoSpace) {
    severity_ = Severity::kCritical;
  } else if (above_ >= kToRaise) {
    severity_ = least_above_;
  } else if (below_ >= kToClear) {
    severity_ = most_below_;
  } else {
    return severity_;
  }
  above_ = 0;
  below_ = 0;
  return severity_;
}

const char* ToString(Severity severity) {
  switch (severity) {
    case Severity::kNone:
      return "none";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kCritical:
      return "critical";
  }
  return "unknown";
}

}  // namespace bellwether::growth
