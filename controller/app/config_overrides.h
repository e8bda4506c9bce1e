// What overrides keys of the configuration file: environment variables, then --set arguments.
//
// A key that takes text or a number takes the value as it stands, or in YAML's quotes; a list of
// such keys takes them comma-separated or as "[a, b]"; everything else is YAML in one line. An
// empty variable counts as not set, as most of what fills an environment means it.
#pragma once

#include <string>
#include <vector>

#include "app/config_path.h"
#include "app/config_problems.h"
#include "app/config_schema.h"
#include "app/config_tree.h"

namespace bellwether::app {

struct ConfigOverrides {
  std::vector<std::string> environment;  // NAME=VALUE, all there are
  std::vector<std::string> sets;         // KEY=VALUE, in the order of the command line

  // The environment of this process.
  static std::vector<std::string> OwnEnvironment();
};

inline constexpr std::string_view kVariablePrefix = "BELLWETHER_";

// Puts the values into the tree and appends what people call them to `sources`. Whether they fit is
// for the schema to say afterwards. Variables that were probably meant as keys but are none go to
// `warnings` and do not count: an environment is filled by others too, such as Kubernetes.
void Override(const ConfigOverrides& overrides, const ConfigSchema& schema, ConfigNode& root,
              ConfigSources& sources, ConfigProblems& problems, std::vector<std::string>& warnings);

// Whether a BELLWETHER_… variable (without that prefix) belongs to somebody else: to `run` and the
// subcommands that ask etcd, or to Kubernetes, which describes a Service named bellwether… so.
bool IsVariableOfOthers(std::string_view name);

}  // namespace bellwether::app
