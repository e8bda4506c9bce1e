#include "growth/forecast.h"

#include <algorithm>

namespace bellwether::growth {
namespace {

using namespace std::chrono_literals;

// Free pages are scattered, and a value that needs several in a row cannot take all of them.
constexpr double kUsableFreePages = 0.95;
constexpr double kOverdueIntervals = 2;
// Beyond this a forecast is nobody's concern yet.
constexpr Seconds kHorizon = 24h * 30;
constexpr Seconds kSoon = 30min;
constexpr Seconds kKubernetesHadItsChance = 15min;

Seconds At(double bytes, double bytes_per_second) {
  if (bytes <= 0) return Seconds(0);
  // Also for a speed of 0, and so small that the quotient is no number.
  if (bytes >= bytes_per_second * kNever.count()) return kNever;
  return Seconds(bytes / bytes_per_second);
}

// Until a first compaction has had its chance. etcd's own with the usual retention of an hour comes
// after one hour and frees something after two.
Seconds WarmUp(CompactionHint hint) {
  switch (hint) {
    case CompactionHint::kAuto:
      return 2h + 15min;
    case CompactionHint::kKubernetes:
      return kKubernetesHadItsChance;
    case CompactionHint::kNone:
      return 5min;
  }
  return 2h + 15min;
}

std::optional<double> Ceiling(const ForecastInputs& inputs) {
  const Compactions& seen = inputs.compactions;
  if (seen.count() == 0) return std::nullopt;
  // Retention is an interval before compaction frees the first of it and another until it comes
  // again; compact revisions tell of longer retention.
  const double history = std::max(2 * seen.interval().count() * inputs.revisions_per_second,
                                  seen.retained_revisions().value_or(0));
  return std::min(seen.live_bytes() + history * inputs.bytes_per_revision,
                  static_cast<double>(kMostBytes));
}

Forecast WithCompactions(const ForecastInputs& inputs, Forecast forecast) {
  const Compactions& seen = inputs.compactions;
  const Seconds uncompacted = *forecast.time_to_quota_uncompacted;
  const Seconds interval = seen.interval();
  const Seconds next_in = std::max(Seconds(0), interval - Seconds(inputs.now.at - seen.last_at()));
  if (seen.Overdue(inputs.now.at) > kOverdueIntervals) {
    forecast.verdict = Verdict::kCompactionStalled;
    forecast.time_to_quota = uncompacted;
  } else if (uncompacted < next_in + interval / 4) {
    forecast.verdict = Verdict::kOverflowBeforeCompaction;
    forecast.time_to_quota = uncompacted;
  } else if (inputs.live_bytes_per_second) {
    forecast.verdict = Verdict::kLiveDataGrowth;
    const double quota = static_cast<double>(*inputs.now.quota_bytes);
    forecast.time_to_quota =
        At(quota - seen.floor_bytes() - seen.swing_bytes(), *inputs.live_bytes_per_second);
  } else {
    forecast.verdict = Verdict::kSteady;
    forecast.time_to_quota = kNever;
  }
  return forecast;
}

Forecast WithoutCompactions(const ForecastInputs& inputs, Forecast forecast) {
  const Seconds uncompacted = *forecast.time_to_quota_uncompacted;
  const Seconds warm_up = WarmUp(inputs.hint);
  // After an idle night the first history is as young as at the start.
  const Seconds history_is_old = inputs.now.at - inputs.compactions.history_since();
  const Seconds left = warm_up - history_is_old;
  const bool over = left.count() <= 0 || (inputs.known_for >= warm_up && uncompacted >= kHorizon);
  // What is full before a first compaction can be expected is told at once, or after the 15 minutes
  // in which a kube-apiserver would have compacted if there is time for that.
  const bool presses =
      uncompacted < left && (uncompacted < kSoon || history_is_old >= kKubernetesHadItsChance);
  if (!over && !presses) return forecast;
  forecast.verdict = Verdict::kNoCompactionSeen;
  forecast.time_to_quota = uncompacted;
  return forecast;
}

}  // namespace

Forecast MakeForecast(const ForecastInputs& inputs) {
  const MemberSample& now = inputs.now;
  const double size = static_cast<double>(now.db_size_bytes);
  const double in_use = static_cast<double>(now.db_size_in_use_bytes);
  const double quota = static_cast<double>(now.quota_bytes.value_or(0));
  Forecast forecast{.ceiling_bytes = Ceiling(inputs)};
  if (quota > 0) {
    const double peak = inputs.compactions.count() > 0 ? inputs.compactions.peak_bytes() : 0;
    forecast.file_share = size / quota;
    forecast.in_use_share = std::max(in_use, peak) / quota;
  }

  // etcd compares the file with the quota: at the quota it refuses writes, however much of the file
  // is free.
  if (now.no_space || (quota > 0 && size >= quota)) {
    forecast.verdict = Verdict::kNoSpace;
    forecast.time_to_quota = Seconds(0);
    if (quota > 0) forecast.time_to_quota_uncompacted = Seconds(0);
    return forecast;
  }
  if (quota < 0) {
    forecast.verdict = Verdict::kQuotaOff;
    forecast.time_to_quota = kNever;
    return forecast;
  }
  if (quota == 0) {
    forecast.verdict = Verdict::kQuotaUnknown;
    return forecast;
  }

  forecast.headroom_bytes = (quota - size) + kUsableFreePages * (size - in_use);
  forecast.time_to_quota_uncompacted =
      At(forecast.headroom_bytes, inputs.revisions_per_second * inputs.bytes_per_revision);
  forecast = inputs.compactions.count() > 0 ? WithCompactions(inputs, forecast)
                                            : WithoutCompactions(inputs, forecast);
  const bool presses = forecast.time_to_quota && *forecast.time_to_quota < kHorizon;
  if (!presses && forecast.file_share > 0.80 && in_use < 0.5 * size) {
    forecast.verdict = Verdict::kDefragment;
  }
  return forecast;
}

double LeastLiveGrowth(const MemberSample& sample) {
  constexpr double kLeast = 16 << 20;
  return std::max(kLeast, 0.01 * static_cast<double>(sample.quota_bytes.value_or(0)));
}

const char* ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWarmingUp:
      return "warming-up";
    case Verdict::kSteady:
      return "steady";
    case Verdict::kNoCompactionSeen:
      return "no-compaction-seen";
    case Verdict::kCompactionStalled:
      return "compaction-stalled";
    case Verdict::kOverflowBeforeCompaction:
      return "overflow-before-compaction";
    case Verdict::kLiveDataGrowth:
      return "live-data-growth";
    case Verdict::kDefragment:
      return "defragment";
    case Verdict::kNoSpace:
      return "no-space";
    case Verdict::kQuotaUnknown:
      return "quota-unknown";
    case Verdict::kQuotaOff:
      return "quota-off";
  }
  return "unknown";
}

}  // namespace bellwether::growth
