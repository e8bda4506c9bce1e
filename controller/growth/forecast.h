// When a member's quota is full, and why. Pure arithmetic over what was learnt of the member.
#pragma once

#include <chrono>
#include <optional>

#include "growth/compactions.h"
#include "growth/member_sample.h"
#include "growth/rate.h"

namespace bellwether::growth {

// "Never", as a number that every dashboard can show: ten years.
inline constexpr Seconds kNever{315360000};

enum class Verdict {
  kWarmingUp,                 // too little is known, and nothing presses
  kSteady,                    // compaction keeps up
  kNoCompactionSeen,          // history only grows
  kCompactionStalled,         // compactions came, and come no more
  kOverflowBeforeCompaction,  // the next compaction comes too late
  kLiveDataGrowth,            // what compaction leaves grows
  kDefragment,                // nothing grows, but most of a large file is free pages
  kNoSpace,                   // etcd refuses writes now
  kQuotaUnknown,
  kQuotaOff,
};
// As in answers and metrics: "live-data-growth".
const char* ToString(Verdict verdict);

struct Forecast {
  Verdict verdict = Verdict::kWarmingUp;
  // Unset when it is not known (warming up, no quota known); at most kNever.
  std::optional<Seconds> time_to_quota;
  // If nothing is compacted from now on; unset without a quota.
  std::optional<Seconds> time_to_quota_uncompacted;
  // What can still be written: the rest of the quota, and free pages of the file.
  double headroom_bytes = 0;
  // Where the size in use will go with this write rate and retention; unset before it is known.
  std::optional<double> ceiling_bytes;
  double file_share = 0;    // of the quota; 0 without one
  double in_use_share = 0;  // at its highest since before the last compaction
};

struct ForecastInputs {
  const MemberSample& now;
  Seconds known_for{0};  // since the first reading
  CompactionHint hint = CompactionHint::kAuto;
  double revisions_per_second = 0;
  double bytes_per_revision = 0;
  const Compactions& compactions;
  std::optional<double> live_bytes_per_second;  // sure growth of live data
};

Forecast MakeForecast(const ForecastInputs& inputs);

// The least rise of live data that is taken for growth.
double LeastLiveGrowth(const MemberSample& sample);

}  // namespace bellwether::growth
