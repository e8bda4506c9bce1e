#include "app/config_schema.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "election/name.h"
#include "etcd/endpoint.h"
#include "http/listen_address.h"

namespace bellwether::app {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ConfigNode::Kind;

struct TypeName {
  Kind kind;
  std::string_view in_schema;
  std::string_view for_people;
};
constexpr TypeName kTypes[] = {
    {Kind::kNull, "null", "nothing"},          {Kind::kBool, "boolean", "a boolean"},
    {Kind::kInteger, "integer", "an integer"}, {Kind::kNumber, "number", "a number"},
    {Kind::kString, "string", "a string"},     {Kind::kList, "array", "a list"},
    {Kind::kMap, "object", "a map"},
};

const TypeName& TypeOf(Kind kind) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes),
                       [&](const TypeName& type) { return type.kind == kind; });
}

const TypeName& TypeCalled(std::string_view in_schema) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& type) {
    return type.in_schema == in_schema;
  });
  BW_CHECK(found != std::end(kTypes));
  return *found;
}

// What a "format" of the schema stands for.
using FormatCheck = Status (*)(const std::string&);

template <auto parse>
Status Parses(const std::string& text) {
  auto parsed = parse(text);
  return parsed ? Ok() : Status(parsed.error());
}

Error Nothing(const std::string& text, const std::string& wanted) {
  return {.code = Code::kInvalid,
          .message = "\"" + text + "\" is nothing at all; " + wanted + " is wanted"};
}

Status IsSize(const std::string& text) {
  const auto bytes = ParseBytes(text);
  if (!bytes) return bytes.error();
  return *bytes > 0 ? Ok() : Status(Nothing(text, "a size such as 8Gi"));
}

Status IsDuration(const std::string& text) {
  const auto duration = ParseDuration(text);
  if (!duration) return duration.error();
  return duration->count() > 0 ? Ok() : Status(Nothing(text, "a duration such as 15s"));
}

FormatCheck CheckFor(const std::string& format) {
  static const std::map<std::string, FormatCheck> checks = {
      {"etcd-endpoint", Parses<etcd::ParseEndpoint>},
      {"election-name", Parses<election::ParseElectionName>},
      {"key-prefix", [](const std::string& text) { return election::CheckPrefix(text); }},
      {"listen-address", Parses<http::ParseListenAddress>},
      {"size", IsSize},
      {"duration", IsDuration},
  };
  const auto found = checks.find(format);
  BW_CHECK(found != checks.end());
  return found->second;
}

std::vector<std::string> KeysOf(const Json& properties) {
  std::vector<std::string> keys;
  for (const auto& [key, schema] : properties.items()) keys.push_back(key);
  return keys;
}

std::string Suggest(const std::string& word, const std::vector<std::string>& known,
                    const std::string& otherwise) {
  if (const auto nearest = NearestName(word, known)) return "did you mean \"" + *nearest + "\"?";
  return otherwise + Listed(known);
}

// JSON is YAML too.
std::string Example(const Json& schema) {
  const auto examples = schema.find("examples");
  if (examples == schema.end()) return "";
  const Json& first = examples->front();
  return ", for example " + (first.is_string() ? first.get<std::string>() : first.dump());
}

std::string Below(const std::string& path, const std::string& key) {
  return path.empty() ? Shown(key) : path + "." + Shown(key);
}

std::string Below(const std::string& path, size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

bool Allows(const Json& types, Kind kind) {
  const auto allows = [&](const Json& type) {
    return TypeCalled(type.get<std::string>()).kind == kind ||
           (type == "number" && kind == Kind::kInteger);
  };
  return types.is_array() ? std::any_of(types.begin(), types.end(), allows) : allows(types);
}

std::string Describe(const Json& types) {
  if (!types.is_array()) return std::string(TypeCalled(types.get<std::string>()).for_people);
  std::vector<std::string> names;
  for (const Json& type : types) {
    names.emplace_back(TypeCalled(type.get<std::string>()).for_people);
  }
  std::string list = names.front();
  for (size_t i = 1; i < names.size(); ++i) list += " or " + names[i];
  return list;
}

// A default of the schema as the node that a file would have given.
ConfigNode NodeOf(const Json& value) {
  if (value.is_object()) {
    ConfigNode node{.kind = Kind::kMap};
    for (const auto& [key, child] : value.items()) {
      node.children.push_back(NodeOf(child));
      node.children.back().key = key;
    }
    return node;
  }
  if (value.is_array()) {
    ConfigNode node{.kind = Kind::kList};
    for (const Json& child : value) node.children.push_back(NodeOf(child));
    return node;
  }
  if (value.is_string()) return {.kind = Kind::kString, .text = value.get<std::string>()};
  BW_CHECK(value.is_number_integer());
  return {.kind = Kind::kInteger, .text = value.dump()};
}

}  // namespace

ConfigSchema::ConfigSchema() : schema_(Json::parse(Text())) {}

void ConfigSchema::Check(const ConfigNode& root, ConfigProblems& problems) const {
  CheckNode(schema_, root, "", problems);
}

void ConfigSchema::Complete(ConfigNode& root) const { CompleteNode(schema_, root); }

// As draft 7 has it, what stands beside a "$ref" does not count; here that is a description or a
// default.
const ConfigSchema::Json& ConfigSchema::Resolve(const Json& schema) const {
  const auto ref = schema.find("$ref");
  if (ref == schema.end()) return schema;
  return schema_.at(Json::json_pointer(ref->get<std::string>().substr(1)));
}

const ConfigSchema::Json* ConfigSchema::Find(const ConfigPath& path) const {
  const Json* schema = &schema_;
  for (const auto& step : path) {
    const std::string* key = std::get_if<std::string>(&step);
    const Json& parent = Resolve(*schema);
    const auto below = parent.find(key != nullptr ? "properties" : "items");
    if (below == parent.end()) return nullptr;
    const auto found = key != nullptr ? below->find(*key) : below;
    if (key != nullptr && found == below->end()) return nullptr;
    schema = &*found;
  }
  return schema;
}

std::vector<ConfigPath> ConfigSchema::Keys() const {
  std::vector<ConfigPath> keys;
  AddKeys(schema_, {}, keys);
  return keys;
}

void ConfigSchema::AddKeys(const Json& unresolved, const ConfigPath& path,
                           std::vector<ConfigPath>& keys) const {
  const Json& schema = Resolve(unresolved);
  if (!path.empty()) keys.push_back(path);
  ConfigPath below = path;
  if (schema.contains("items")) {
    below.emplace_back(size_t{0});
    AddKeys(schema.at("items"), below, keys);
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, child] : properties.items()) {
    below = path;
    below.emplace_back(key);
    AddKeys(child, below, keys);
  }
}

void ConfigSchema::CheckNode(const Json& unresolved, const ConfigNode& node,
                             const std::string& path, ConfigProblems& problems) const {
  const Json& schema = Resolve(unresolved);
  const Json& types = schema.at("type");
  if (!Allows(types, node.kind)) {
    const bool scalar = node.kind != Kind::kList && node.kind != Kind::kMap;
    std::string message = "expected " + Describe(types) + Example(schema) + "; found " +
                          std::string(TypeOf(node.kind).for_people);
    if (scalar && node.kind != Kind::kNull) message += ": " + Shown(node.text);
    const bool quotes = scalar && node.kind != Kind::kNull && Allows(types, Kind::kString);
    if (quotes) message += " (put it in quotes if it is meant as text)";
    return problems.Add(node.at, path, std::move(message));
  }
  if (node.kind == Kind::kMap) return CheckMap(schema, node, path, problems);
  if (node.kind == Kind::kList) return CheckList(schema, node, path, problems);
  CheckScalar(schema, node, path, problems);
}

void ConfigSchema::CheckMap(const Json& schema, const ConfigNode& node, const std::string& path,
                            ConfigProblems& problems) const {
  const Json& properties = schema.at("properties");
  for (const ConfigNode& child : node.children) {
    const auto known = properties.find(child.key);
    if (known != properties.end()) {
      CheckNode(*known, child, Below(path, child.key), problems);
    } else {
      problems.Add(child.key_at, Below(path, child.key),
                   "unknown key; " + Suggest(child.key, KeysOf(properties), "known here: "));
    }
  }
  const auto require = [&](const std::string& key, const std::string& why) {
    if (node.Find(key) != nullptr) return;
    problems.Add(node.at, Below(path, key), "missing" + why + Example(Resolve(properties.at(key))));
  };
  for (const Json& key : schema.value("required", Json::array())) require(key, "");
  const Json dependencies = schema.value("dependencies", Json::object());
  for (const auto& [key, needs] : dependencies.items()) {
    if (node.Find(key) == nullptr) continue;
    for (const Json& other : needs) require(other, ", which belongs to \"" + key + "\"");
  }
}

void ConfigSchema::CheckList(const Json& schema, const ConfigNode& node, const std::string& path,
                             ConfigProblems& problems) const {
  const size_t size = node.children.size();
  if (size < schema.value("minItems", size_t{0})) {
    problems.Add(node.at, path, "the list is empty; name at least one" + Example(schema));
  }
  if (const size_t most = schema.value("maxItems", size); size > most) {
    problems.Add(node.at, path,
                 "a list of " + std::to_string(size) + "; at most " + std::to_string(most) +
                     " can be given");
  }
  std::set<std::pair<Kind, std::string>> seen;
  for (size_t i = 0; i < size; ++i) {
    const ConfigNode& child = node.children[i];
    CheckNode(schema.at("items"), child, Below(path, i), problems);
    // The schema asks it of lists of scalars only.
    if (schema.value("uniqueItems", false) && !seen.emplace(child.kind, child.text).second) {
      problems.Add(child.at, Below(path, i),
                   "\"" + Shown(child.text) + "\" stands in this list twice; keep one");
    }
  }
}

void ConfigSchema::CheckScalar(const Json& schema, const ConfigNode& node, const std::string& path,
                               ConfigProblems& problems) const {
  const auto wrong = [&](std::string message) { problems.Add(node.at, path, std::move(message)); };
  if (node.kind == Kind::kInteger) {
    const int64_t number = std::stoll(node.text);
    const auto least = schema.value("minimum", number);
    const auto most = schema.value("maximum", number);
    if (number < least || number > most) {
      wrong(node.text + " is too " +
            (number < least ? "small; at least " + std::to_string(least)
                            : "large; at most " + std::to_string(most)) +
            " can be given");
      return;
    }
    // A size may be written as a bare number: +8192 is one to YAML, and none to us.
  }
  if (const auto choice = schema.find("enum"); choice != schema.end()) {
    const auto known = choice->get<std::vector<std::string>>();
    if (std::find(known.begin(), known.end(), node.text) == known.end()) {
      wrong("\"" + Shown(node.text) + "\" is not known; " +
            Suggest(node.text, known, "choose one of: "));
    }
    return;
  }
  if (node.kind != Kind::kString && node.kind != Kind::kInteger) return;
  if (const auto format = schema.find("format"); format != schema.end()) {
    if (auto good = CheckFor(format->get<std::string>())(node.text); !good) {
      wrong(good.error().message);
    }
    return;
  }
  if (node.kind != Kind::kString) return;
  // Lengths are counted in characters.
  const auto length =
      static_cast<size_t>(std::count_if(node.text.begin(), node.text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      }));
  if (length < schema.value("minLength", size_t{0})) return wrong("empty" + Example(schema));
  if (const size_t most = schema.value("maxLength", length); length > most) {
    return wrong("longer than " + std::to_string(most) + " characters");
  }
  const auto pattern = schema.find("pattern");
  if (pattern != schema.end() &&
      !std::regex_search(node.text, std::regex(pattern->get<std::string>()))) {
    wrong("\"" + Shown(node.text) + "\" is not a " + schema.at("title").get<std::string>() +
          Example(schema));
  }
}

void ConfigSchema::CompleteNode(const Json& unresolved, ConfigNode& node) const {
  const Json& schema = Resolve(unresolved);
  if (node.kind == Kind::kList && schema.contains("items")) {
    for (ConfigNode& child : node.children) CompleteNode(schema.at("items"), child);
  }
  if (node.kind != Kind::kMap || !schema.contains("properties")) return;
  std::vector<ConfigNode> given = std::exchange(node.children, {});
  for (const auto& [key, property] : schema.at("properties").items()) {
    const auto found =
        std::find_if(given.begin(), given.end(),
                     [&key = key](const ConfigNode& child) { return child.key == key; });
    if (found != given.end()) {
      node.children.push_back(std::move(*found));
      given.erase(found);
    } else if (property.contains("default")) {
      node.children.push_back(NodeOf(property.at("default")));
      node.children.back().key = key;
    } else {
      continue;
    }
    CompleteNode(property, node.children.back());
  }
  // Refused ones.
  std::move(given.begin(), given.end(), std::back_inserter(node.children));
}

}  // namespace bellwether::app
