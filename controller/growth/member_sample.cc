#include "growth/member_sample.h"

#include <algorithm>

namespace bellwether::growth {

std::optional<MemberSample> SampleOf(const MemberStatus& status) {
  if (!status.sampled_at) return std::nullopt;
  QuotaSource source = QuotaSource::kUnknown;
  if (status.quota_bytes) {
    source = TellsItsQuota(status.version) ? QuotaSource::kTold : QuotaSource::kConfigured;
  }
  return MemberSample{
      .at = *status.sampled_at,
      .cluster_id = status.cluster_id,
      .member_id = status.member_id,
      .revision = status.revision,
      .raft_applied_index = status.raft_applied_index,
      .db_size_bytes = status.db_size_bytes,
      .db_size_in_use_bytes = status.db_size_in_use_bytes,
      .quota_bytes = status.quota_bytes,
      .quota_source = source,
      .no_space = NamesAlarm(status.errors, "NOSPACE"),
  };
}

MemberSample Sane(MemberSample sample) {
  sample.revision.value = std::max<int64_t>(sample.revision.value, 0);
  sample.db_size_bytes = std::clamp<int64_t>(sample.db_size_bytes, 0, kMostBytes);
  sample.db_size_in_use_bytes =
      std::clamp<int64_t>(sample.db_size_in_use_bytes, 0, sample.db_size_bytes);
  if (sample.quota_bytes) sample.quota_bytes = std::min(*sample.quota_bytes, kMostBytes);
  if (sample.compact_revision) {
    sample.compact_revision->value =
        std::clamp<int64_t>(sample.compact_revision->value, 0, sample.revision.value);
  }
  return sample;
}

}  // namespace bellwether::growth
