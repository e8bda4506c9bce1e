#include "app/config_change.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace bellwether::app {
namespace {

using Json = ConfigSchema::Json;
using Kind = ConfigNode::Kind;

// Where a value stands is no part of it.
bool Same(const ConfigNode& a, const ConfigNode& b) {
  return a.kind == b.kind && a.key == b.key && a.text == b.text &&
         std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(),
                    Same);
}

class Comparison {
 public:
  Comparison(const ConfigSchema& schema, ConfigChange& change) : schema_(schema), change_(change) {}

  // Null = not there. `live`: what is above this key applies without a restart, so it does too.
  std::optional<ConfigNode> Merge(const ConfigPath& path, const ConfigNode* now,
                                  const ConfigNode* wanted, bool live) {
    const Json& said = *schema_.Find(path);
    live |= said.value("x-reload", false);
    if (now != nullptr && wanted != nullptr) {
      if (Same(*now, *wanted)) return *wanted;
      if (now->kind == Kind::kMap) return MergeMaps(path, *now, *wanted, live);
      const bool entries_match = now->kind == Kind::kList &&
                                 now->children.size() == wanted->children.size() &&
                                 now->children.front().kind == Kind::kMap;
      if (entries_match && !live) return MergeEntries(path, *now, *wanted);
    }
    (live ? change_.applied : change_.waiting).push_back(KeyOf(path));
    const ConfigNode* taken = live ? wanted : now;
    return taken == nullptr ? std::nullopt : std::optional(*taken);
  }

  ConfigNode MergeMaps(const ConfigPath& path, const ConfigNode& now, const ConfigNode& wanted,
                       bool live) {
    ConfigNode merged = wanted;
    merged.children.clear();
    for (const auto& [key, property] :
         schema_.Resolve(*schema_.Find(path)).at("properties").items()) {
      const ConfigNode* before = now.Find(key);
      const ConfigNode* after = wanted.Find(key);
      if (before == nullptr && after == nullptr) continue;
      if (auto child = Merge(Below(path, key), before, after, live)) {
        merged.children.push_back(*std::move(child));
      }
    }
    return merged;
  }

 private:
  static ConfigPath Below(ConfigPath path, std::variant<std::string, size_t> step) {
    path.push_back(std::move(step));
    return path;
  }

  ConfigNode MergeEntries(const ConfigPath& path, const ConfigNode& now, const ConfigNode& wanted) {
    ConfigNode merged = wanted;
    for (size_t i = 0; i < merged.children.size(); ++i) {
      merged.children[i] =
          *Merge(Below(path, i), &now.children[i], &wanted.children[i], /*live=*/false);
    }
    return merged;
  }

  const ConfigSchema& schema_;
  ConfigChange& change_;
};

}  // namespace

ConfigChange CompareConfigs(const ConfigSchema& schema, const ConfigNode& in_effect,
                            const ConfigNode& wanted) {
  ConfigChange change;
  change.in_effect = Comparison(schema, change).MergeMaps({}, in_effect, wanted, /*live=*/false);
  return change;
}

}  // namespace bellwether::app
