// Names of elections and the key prefixes they stand for: "<namespace>/<name>", both DNS labels, at
// "<root>/<namespace>/<name>".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bellwether::election {

inline constexpr std::string_view kDefaultRoot = "/bellwether/elections";

struct ElectionName {
  std::string ns;
  std::string name;
  std::string str() const { return ns + "/" + name; }
  auto operator<=>(const ElectionName&) const = default;
};

// "batch/report". The error says which part breaks which rule.
Result<ElectionName> ParseElectionName(std::string_view text);

// 1 to 63 of [a-z0-9-], not starting or ending with '-' (RFC 1123 label, as Kubernetes has it).
bool IsDnsLabel(std::string_view text);

std::string PrefixOf(std::string_view root, const ElectionName& name);

// True when the keys of one lie inside the other's range: etcd's concurrency package would mix
// their queues up (election `a` sees the keys of election `a/b`).
bool PrefixesNest(std::string_view a, std::string_view b);

// A root or an explicit prefix: not empty, no trailing '/', not under /registry (Kubernetes' own
// data).
Status CheckPrefix(std::string_view prefix);

}  // namespace bellwether::election
