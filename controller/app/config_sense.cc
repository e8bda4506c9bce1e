#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/config_reading.h"
#include "base/bytes.h"
#include "base/duration.h"

namespace bellwether::app {
namespace {

struct Span {
  std::string_view key;
  std::string_view least;
  std::string_view most;
};

// Below `least` no answer could be given, or each probe would fail; beyond `most` a limit is none.
constexpr Span kSizes[] = {
    {"headerBytes", "1Ki", "1Mi"},
    {"targetBytes", "512", "1Mi"},
    {"bodyBytes", "1", "64Mi"},
    {"bytesUnderWay", "1Mi", "1Ti"},
};
constexpr Span kTimes[] = {
    {"headerTimeout", "100ms", "1h"},
    {"idleTimeout", "100ms", "24h"},
    {"answerTimeout", "100ms", "1h"},
    {"writeTimeout", "100ms", "1h"},
};

int64_t Size(std::string_view text) { return *ParseBytes(text); }
int64_t Time(std::string_view text) { return ParseDuration(text)->count(); }

void CheckSpan(const ConfigNode& limits, const Span& span, int64_t (*measure)(std::string_view),
               ConfigProblems& problems) {
  const ConfigNode& node = *limits.Find(span.key);
  const int64_t value = measure(node.text);
  const bool small = value < measure(span.least);
  if (!small && value <= measure(span.most)) return;
  problems.Add(node.at, "http.limits." + std::string(span.key),
               Shown(node.text) + " is too " + (small ? "small; at least " : "large; at most ") +
                   std::string(small ? span.least : span.most) + " can be given");
}

bool IsGiven(const ConfigNode& node) { return node.at.source > 0 || node.at.line > 0; }

// Who only asks would find no place beside those who wait.
void CheckWatchers(const ConfigNode& limits, ConfigProblems& problems) {
  const ConfigNode& watchers = *limits.Find("watchers");
  const ConfigNode& connections = *limits.Find("connections");
  if (std::stoull(watchers.text) < std::stoull(connections.text)) return;
  problems.Add(watchers.at, "http.limits.watchers",
               Shown(watchers.text) + " are not less than connections (" + Shown(connections.text) +
                   "), so that they could take all of them; lower it or raise connections");
}

// A default makes room for what was given, so that what is printed can be read again.
void FitDefaults(ConfigNode& limits) {
  const std::string header = limits.Find("headerBytes")->text;
  const uint64_t connections = std::stoull(limits.Find("connections")->text);
  for (ConfigNode& limit : limits.children) {
    if (IsGiven(limit)) continue;
    if (limit.key == "targetBytes" && Size(limit.text) > Size(header)) limit.text = header;
    if (limit.key == "watchers" && std::stoull(limit.text) >= connections) {
      limit.text = std::to_string(connections * 4 / 5);
    }
  }
}

ConfigNode& In(ConfigNode& map, std::string_view key) {
  return *std::ranges::find(map.children, key, &ConfigNode::key);
}

void CheckLimits(ConfigNode& limits, ConfigProblems& problems) {
  for (const Span& span : kSizes) CheckSpan(limits, span, Size, problems);
  for (const Span& span : kTimes) CheckSpan(limits, span, Time, problems);
  FitDefaults(limits);
  const ConfigNode& target = *limits.Find("targetBytes");
  const ConfigNode& header = *limits.Find("headerBytes");
  if (Size(target.text) > Size(header.text)) {
    problems.Add(target.at, "http.limits.targetBytes",
                 Shown(target.text) + " is more than headerBytes (" + Shown(header.text) +
                     "), of which it is a part; lower it or raise headerBytes");
  }
}

bool IsTls(const ConfigNode& endpoint) { return endpoint.text.starts_with("https://"); }

}  // namespace

void CheckSense(ConfigReading& reading) {
  ConfigNode& limits = In(In(reading.tree, "http"), "limits");
  CheckLimits(limits, reading.problems);
  CheckWatchers(limits, reading.problems);
  const ConfigNode& log = *reading.tree.Find("log");
  const std::string& level = log.Find("level")->text;
  if (log.Find("access")->text != "none" && (level == "warning" || level == "error")) {
    reading.warnings.push_back("log.access: nothing of it is seen while log.level is " + level +
                               "; its lines are of level info");
  }
  const ConfigNode& etcd = *reading.tree.Find("etcd");
  size_t plain = 0;
  const auto& endpoints = etcd.Find("endpoints")->children;
  for (const ConfigNode& endpoint : endpoints) {
    if (!IsTls(endpoint) && !endpoint.text.starts_with("unix:")) ++plain;
  }
  const ConfigNode* tls = etcd.Find("tls");
  const bool any_tls = std::any_of(endpoints.begin(), endpoints.end(), IsTls);
  if (tls != nullptr && !tls->children.empty() && !any_tls) {
    reading.problems.Add(tls->key_at, "etcd.tls",
                         "no endpoint is https://, so that nothing would be encrypted; write the "
                         "endpoints as https://HOST:PORT, or leave tls out");
  }
  if (etcd.Find("auth") != nullptr && plain > 0) {
    reading.warnings.push_back(
        "etcd.auth: the password goes unencrypted to endpoints that are not https://");
  }
}

}  // namespace bellwether::app
