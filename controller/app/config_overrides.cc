#include "app/config_overrides.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <utility>

#include "base/nearest.h"

namespace bellwether::app {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ConfigNode::Kind;

bool IsOneOf(const Json& schema, std::string_view type) {
  const Json& types = schema.at("type");
  return types.is_array() ? std::find(types.begin(), types.end(), type) != types.end()
                          : types == type;
}

bool IsStructured(const Json& schema) {
  return IsOneOf(schema, "array") || IsOneOf(schema, "object");
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

class Overriding {
 public:
  Overriding(const ConfigSchema& schema, ConfigNode& root, ConfigSources& sources,
             ConfigProblems& problems)
      : schema_(schema), root_(root), sources_(sources), problems_(problems) {}

  void Set(const std::string& argument) {
    const Mark at = AddSource("--set " + argument);
    const size_t equals = argument.find('=');
    const auto path = ParseConfigPath(std::string_view(argument).substr(0, equals));
    if (equals == std::string::npos || !path) {
      problems_.Add(at, "",
                    "not KEY=VALUE; write it as http.listen=127.0.0.1:8080 or "
                    "etcd.endpoints[0]=https://etcd-0:2379");
      return;
    }
    Put(*path, std::string_view(argument).substr(equals + 1), at);
  }

  void SetVariable(const std::string& name, const ConfigPath& path, std::string_view value) {
    Put(path, value, AddSource("environment variable " + name));
  }

 private:
  Mark AddSource(std::string name) {
    sources_.push_back(std::move(name));
    return {.source = static_cast<int>(sources_.size()) - 1};
  }

  ConfigNode Read(const ConfigPath& path, std::string_view text, Mark at) {
    const Json* found = schema_.Find(path);
    const bool quoted = text.starts_with('"') || text.starts_with('\'');
    // An unknown key is refused whatever it is set to.
    if (found == nullptr) return PlainConfigNode(text, at, problems_);
    const Json& schema = schema_.Resolve(*found);
    if (!IsStructured(schema) && !quoted) return ReadPlain(schema, text, at);
    const bool of_scalars =
        IsOneOf(schema, "array") && !IsStructured(schema_.Resolve(schema.at("items")));
    if (of_scalars && !text.starts_with('[') && !Trimmed(text).empty()) {
      return ReadCommaSeparated(schema.at("items"), text, at);
    }
    return ParseConfigTree(text, at.source, problems_);
  }

  ConfigNode ReadPlain(const Json& schema, std::string_view text, Mark at) {
    ConfigNode node = PlainConfigNode(text, at, problems_);
    const bool number = node.kind == Kind::kInteger && IsOneOf(schema, "integer");
    // What takes text takes any, "on" and "007" too.
    if (!number && IsOneOf(schema, "string")) node.kind = Kind::kString;
    return node;
  }

  ConfigNode ReadCommaSeparated(const Json& items, std::string_view text, Mark at) {
    ConfigNode list{.kind = Kind::kList, .at = at};
    while (true) {
      const size_t comma = text.find(',');
      list.children.push_back(
          ReadPlain(schema_.Resolve(items), Trimmed(text.substr(0, comma)), at));
      if (comma == std::string_view::npos) return list;
      text.remove_prefix(comma + 1);
    }
  }

  void Put(const ConfigPath& path, std::string_view text, Mark at) {
    ConfigNode* node = &root_;
    for (const auto& step : path) {
      const size_t* index = std::get_if<size_t>(&step);
      Become(*node, index != nullptr ? Kind::kList : Kind::kMap, at);
      if (index == nullptr) {
        node = &Child(*node, std::get<std::string>(step), at);
        continue;
      }
      const size_t size = node->children.size();
      if (*index > size) {
        problems_.Add(at, KeyOf(path),
                      "this would leave a gap: the list has " + std::to_string(size) +
                          " entries, so that the next one is [" + std::to_string(size) + "]");
        return;
      }
      if (*index == size) node->children.emplace_back();
      node = &node->children[*index];
    }
    ConfigNode value = Read(path, text, at);
    value.at = at;
    value.key = node->key;
    value.key_at = at;
    *node = std::move(value);
  }

  static void Become(ConfigNode& node, Kind kind, Mark at) {
    if (node.kind == kind) return;
    node = {.kind = kind, .at = at, .key = node.key, .key_at = node.key_at};
  }

  static ConfigNode& Child(ConfigNode& map, const std::string& key, Mark at) {
    for (ConfigNode& child : map.children) {
      if (child.key == key) return child;
    }
    map.children.push_back({.at = at, .key = key, .key_at = at});
    return map.children.back();
  }

  const ConfigSchema& schema_;
  ConfigNode& root_;
  ConfigSources& sources_;
  ConfigProblems& problems_;
};

struct Variable {
  ConfigPath path;
  std::string name;
  std::string value;
};

std::optional<ConfigPath> KeyCalled(std::string_view variable,
                                    const std::vector<ConfigPath>& keys) {
  for (const ConfigPath& key : keys) {
    if (auto path = PathOfVariable(variable, key)) return path;
  }
  return std::nullopt;
}

// Something to say when this is likely to be a mistake: it begins like a key, or nearly is one.
std::optional<std::string> SuspicionOf(const std::string& variable,
                                       const std::vector<ConfigPath>& keys) {
  std::vector<std::string> names;
  bool begins_like_one = false;
  for (const ConfigPath& key : keys) {
    names.push_back(VariableOf(key));
    begins_like_one |= key.size() == 1 && variable.starts_with(names.back() + "_");
  }
  const std::string name = std::string(kVariablePrefix) + Shown(variable);
  const std::string what = "the environment variable " + name + " is no key of the configuration";
  if (const auto nearest = NearestName(variable, names)) {
    return what + "; did you mean " + std::string(kVariablePrefix) + *nearest + "?";
  }
  if (!begins_like_one) return std::nullopt;
  return what + "; `bellwether controller --print-schema` describes every key";
}

}  // namespace

std::vector<std::string> ConfigOverrides::OwnEnvironment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

bool IsVariableOfOthers(std::string_view name) {
  static constexpr std::string_view kOfSubcommands[] = {
      "ELECTION",  "ID",           "TOKEN", "LEADER",  // what `run` tells its command
      "ENDPOINTS", "CACERT",       "CERT",  "KEY",
      "USER",      "PASSWORD_FILE"};  // flags of `run` and others
  if (std::find(std::begin(kOfSubcommands), std::end(kOfSubcommands), name) !=
      std::end(kOfSubcommands)) {
    return true;
  }
  // Of a Service "bellwether" or "bellwether-http", also as Docker's links have it.
  static const std::regex link(
      "(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
      ")");
  return name.size() < 300 && std::regex_match(name.begin(), name.end(), link);
}

void Override(const ConfigOverrides& overrides, const ConfigSchema& schema, ConfigNode& root,
              ConfigSources& sources, ConfigProblems& problems,
              std::vector<std::string>& warnings) {
  const std::vector<ConfigPath> keys = schema.Keys();
  std::vector<Variable> variables;
  for (const std::string& entry : overrides.environment) {
    const size_t equals = entry.find('=');
    if (!entry.starts_with(kVariablePrefix) || equals == std::string::npos) continue;
    const std::string name = entry.substr(0, equals);
    const std::string bare = name.substr(kVariablePrefix.size());
    const std::string value = entry.substr(equals + 1);
    if (auto path = KeyCalled(bare, keys)) {
      if (!value.empty()) variables.push_back({*std::move(path), name, value});
    } else if (!IsVariableOfOthers(bare)) {
      if (auto suspicion = SuspicionOf(bare, keys)) warnings.push_back(*std::move(suspicion));
    }
  }
  // An environment has no order of its own: a list comes before one of its entries.
  std::sort(variables.begin(), variables.end(),
            [](const Variable& a, const Variable& b) { return a.path < b.path; });
  Overriding overriding(schema, root, sources, problems);
  for (const Variable& variable : variables) {
    overriding.SetVariable(variable.name, variable.path, variable.value);
  }
  for (const std::string& argument : overrides.sets) overriding.Set(argument);
}

}  // namespace bellwether::app
