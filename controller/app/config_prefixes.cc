#include <map>
#include <string>
#include <vector>

#include "app/config_reading.h"
#include "election/name.h"

namespace bellwether::app {
namespace {

// A text in the tree, where it stands and what it is called; null when it is not there or was
// refused already.
const ConfigNode* GoodText(const ConfigNode& map, std::string_view key,
                           bool (*good)(const std::string&)) {
  const ConfigNode* found = map.Find(key);
  const bool text = found != nullptr && found->kind == ConfigNode::Kind::kString;
  return text && good(found->text) ? found : nullptr;
}

bool IsPrefix(const std::string& text) { return election::CheckPrefix(text).ok(); }
bool IsElection(const std::string& text) { return election::ParseElectionName(text).ok(); }

std::string Quoted(const ConfigNode& node, const ConfigSources& sources) {
  const std::string text = "\"" + Shown(node.text) + "\"";
  if (node.at.source > 0) return text + " (" + PlaceOf(node.at, sources) + ")";
  return node.at.line > 0 ? text + " (line " + std::to_string(node.at.line) + ")" : text;
}

}  // namespace

// Two queues in one range of keys would be mixed up; two elections of one name too.
void CheckPrefixes(const ConfigNode& tree, const ConfigSources& sources, ConfigProblems& problems) {
  const ConfigNode* elections = tree.Find("elections");
  const ConfigNode* list = elections == nullptr ? nullptr : elections->Find("prefixes");
  if (list == nullptr) return;
  const ConfigNode* root = GoodText(*elections, "root", IsPrefix);
  std::vector<const ConfigNode*> prefixes;
  std::map<std::string, const ConfigNode*> names;
  for (size_t i = 0; i < list->children.size(); ++i) {
    const ConfigNode& entry = list->children[i];
    const std::string path = "elections.prefixes[" + std::to_string(i) + "]";
    if (const ConfigNode* name = GoodText(entry, "election", IsElection)) {
      const auto [first, fresh] = names.emplace(name->text, name);
      if (!fresh) {
        problems.Add(
            name->at, path + ".election",
            Quoted(*first->second, sources) + " is served under this name already; choose another");
      }
    }
    const ConfigNode* prefix = GoodText(entry, "prefix", IsPrefix);
    if (prefix == nullptr) continue;
    if (root != nullptr && election::PrefixesNest(root->text, prefix->text)) {
      problems.Add(prefix->at, path + ".prefix",
                   "one of this prefix and the root " + Quoted(*root, sources) +
                       " lies inside the other, so that their queues would be mixed up: \"" +
                       Shown(prefix->text) +
                       "\"; what lies under the root is served without being named here");
    }
    for (const ConfigNode* other : prefixes) {
      if (!election::PrefixesNest(other->text, prefix->text)) continue;
      problems.Add(prefix->at, path + ".prefix",
                   "one of this prefix and " + Quoted(*other, sources) +
                       " lies inside the other, so that their queues would be mixed up: \"" +
                       Shown(prefix->text) + "\"; choose prefixes that stand side by side");
    }
    prefixes.push_back(prefix);
  }
}

}  // namespace bellwether::app
