#include "election/name.h"

#include <algorithm>

namespace bellwether::election {
namespace {

constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxPrefix = 1024;
constexpr std::string_view kKubernetes = "/registry";

bool IsLabelByte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

Error Invalid(std::string message) {
  return {.code = Code::kInvalid, .message = std::move(message)};
}

Status CheckLabel(std::string_view part, std::string_view label, std::string_view whole) {
  if (IsDnsLabel(label)) return Ok();
  return Invalid("election \"" + std::string(whole) + "\": the " + std::string(part) + " \"" +
                 std::string(label) +
                 "\" is not a DNS label; use 1 to 63 of a-z, 0-9 and '-', not starting or ending "
                 "with '-'");
}

// True when the keys of `inner` lie in the range of `outer`.
bool Contains(std::string_view outer, std::string_view inner) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

}  // namespace

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), IsLabelByte);
}

Result<ElectionName> ParseElectionName(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return Invalid("election \"" + std::string(text.substr(0, 200)) +
                   "\": expected <namespace>/<name>, for example batch/report");
  }
  const std::string_view ns = text.substr(0, slash);
  const std::string_view name = text.substr(slash + 1);
  const std::string_view shown = text.substr(0, 200);
  if (const Status s = CheckLabel("namespace", ns.substr(0, 100), shown); !s.ok()) return s.error();
  if (const Status s = CheckLabel("name", name.substr(0, 100), shown); !s.ok()) return s.error();
  return ElectionName{.ns = std::string(ns), .name = std::string(name)};
}

std::string PrefixOf(std::string_view root, const ElectionName& name) {
  return std::string(root) + "/" + name.ns + "/" + name.name;
}

bool PrefixesNest(std::string_view a, std::string_view b) {
  return Contains(a, b) || Contains(b, a);
}

Status CheckPrefix(std::string_view prefix) {
  const std::string shown = "prefix \"" + std::string(prefix.substr(0, 200)) + "\"";
  if (prefix.empty()) return Invalid("the prefix is empty; name one, for example /TEST/LOCKER");
  if (prefix.size() > kMaxPrefix) return Invalid(shown + "… is longer than 1024 bytes");
  if (prefix.back() == '/') return Invalid(shown + " ends with '/'; leave that out");
  if (std::any_of(prefix.begin(), prefix.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return Invalid(shown + " contains a control character");
  }
  if (Contains(kKubernetes, prefix)) {
    return Invalid(shown + " is Kubernetes' own data, where nobody may hold elections");
  }
  return Ok();
}

}  // namespace bellwether::election
