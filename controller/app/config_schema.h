// The JSON schema that is shipped (config.schema.json) as the one source of what a configuration
// may hold: keys, types, ranges and defaults are read from it, here and by editors alike.
//
// It understands the part of JSON schema draft 7 that the file uses, with the meaning of any other
// validator, and one thing more: a "format" names a check in C++ whose error says exactly what is
// wrong; the "pattern" beside it is for others and accepts all that the check accepts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_path.h"
#include "app/config_problems.h"
#include "app/config_tree.h"

namespace bellwether::app {

class ConfigSchema {
 public:
  // The shipped text, as `bellwether controller --print-schema` prints it.
  static std::string_view Text();

  ConfigSchema();

  // Adds a problem for each key that is unknown or missing and each value that is wrong.
  void Check(const ConfigNode& root, ConfigProblems& problems) const;
  // Puts in the defaults of what is missing, and all keys into the schema's order; leaves alone
  // what Check has refused.
  void Complete(ConfigNode& root) const;

  using Json = nlohmann::ordered_json;
  // What is said of this key, a $ref and what stands beside it; null when there is no such key.
  const Json* Find(const ConfigPath& path) const;
  // Every key, maps and lists before what is in them; index 0 stands for any.
  std::vector<ConfigPath> Keys() const;
  // The definition that a $ref names, or the schema itself.
  const Json& Resolve(const Json& schema) const;

 private:
  void CheckNode(const Json& schema, const ConfigNode& node, const std::string& path,
                 ConfigProblems& problems) const;
  void CheckMap(const Json& schema, const ConfigNode& node, const std::string& path,
                ConfigProblems& problems) const;
  void CheckList(const Json& schema, const ConfigNode& node, const std::string& path,
                 ConfigProblems& problems) const;
  void CheckScalar(const Json& schema, const ConfigNode& node, const std::string& path,
                   ConfigProblems& problems) const;
  void CompleteNode(const Json& schema, ConfigNode& node) const;
  void AddKeys(const Json& schema, const ConfigPath& path, std::vector<ConfigPath>& keys) const;

  const Json schema_;
};

}  // namespace bellwether::app
