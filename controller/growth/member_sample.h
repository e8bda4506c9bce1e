// What the growth model takes in: one reading of one member.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "growth/member_status.h"

namespace bellwether::growth {

enum class QuotaSource {
  kUnknown,     // no forecast is possible
  kConfigured,  // somebody says so; the server does not
  kTold,        // by the server
};

struct MemberSample {
  MonotonicTime at;
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  Revision revision;
  uint64_t raft_applied_index = 0;
  // Up to which revision history is gone; unset when the member's metrics are out of reach. 0 when
  // nothing was compacted yet.
  std::optional<Revision> compact_revision;
  int64_t db_size_bytes = 0;           // the file: what etcd holds against the quota
  int64_t db_size_in_use_bytes = 0;    // without its free pages
  std::optional<int64_t> quota_bytes;  // negative = the server runs without one
  QuotaSource quota_source = QuotaSource::kUnknown;
  bool no_space = false;  // the NOSPACE alarm is raised
};

// Unset when the member never answered. Status does not tell the compact revision.
std::optional<MemberSample> SampleOf(const MemberStatus& status);

// Sizes beyond this (8 PiB) are nonsense, and no longer exact in arithmetic.
inline constexpr int64_t kMostBytes = int64_t{1} << 53;

// What can be reckoned with: sizes from 0 to kMostBytes, no more in use than the file holds.
MemberSample Sane(MemberSample sample);

}  // namespace bellwether::growth
