#include "growth/member_status.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bellwether::growth {
namespace {

constexpr int kRoundsThatCount = 3;

// "3.6.5" -> {3, 6}; {0, 0} for what is no version.
std::pair<int, int> MajorMinor(std::string_view version) {
  std::pair<int, int> parsed{0, 0};
  const char* const end = version.data() + version.size();
  const auto major = std::from_chars(version.data(), end, parsed.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return {0, 0};
  const auto minor = std::from_chars(major.ptr + 1, end, parsed.second);
  return minor.ec == std::errc() ? parsed : std::pair{0, 0};
}

}  // namespace

bool IsCurrent(const MemberStatus& member, Milliseconds every, MonotonicTime now) {
  return member.reachable && member.sampled_at &&
         now - *member.sampled_at <= kRoundsThatCount * every;
}

bool TellsItsQuota(std::string_view version) { return MajorMinor(version) >= std::pair{3, 6}; }

std::optional<int64_t> QuotaOf(std::string_view version, int64_t told_bytes,
                               std::optional<int64_t> configured_bytes) {
  if (told_bytes != 0) return told_bytes;
  if (TellsItsQuota(version)) return kDefaultQuotaBytes;
  return configured_bytes;
}

bool NamesAlarm(const std::vector<std::string>& errors, std::string_view alarm) {
  constexpr std::string_view kField = "alarm:";
  return std::any_of(errors.begin(), errors.end(), [&](std::string_view error) {
    const size_t field = error.find(kField);
    if (field == std::string_view::npos) return false;
    error.remove_prefix(field + kField.size());
    // Protobuf's text form puts a space here in some builds, on purpose.
    error.remove_prefix(std::min(error.find_first_not_of(' '), error.size()));
    return error.substr(0, error.find_first_of(" \t\n")) == alarm;
  });
}

}  // namespace bellwether::growth
