// From a configuration file and what overrides it to a Config, or to all that is wrong with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_overrides.h"
#include "app/config_problems.h"
#include "app/config_tree.h"
#include "base/result.h"

namespace bellwether::app {

struct ConfigInput {
  std::string file;  // "-" = standard input; empty = none, overrides must do
  ConfigOverrides overrides;
};

struct ConfigReading {
  ConfigNode tree;  // complete and in the schema's order, unless there are problems
  ConfigSources sources;
  ConfigProblems problems;
  std::vector<std::string> warnings;  // a line each

  // kInvalid with everything that is wrong, a line each: "FILE:LINE:COLUMN: KEY: why; what to do".
  Result<Config> config() const;
};

// Of a file's text; nullopt = there is no file. Opens no file that the configuration names.
ConfigReading ReadConfig(std::optional<std::string_view> text, const ConfigInput& input);
// The same of the file itself; one that cannot be read is a problem.
ConfigReading LoadConfig(const ConfigInput& input);

// Adds a problem for each TLS or password file of a reading without problems that cannot be used.
// The controller itself finds them when it connects.
void CheckFiles(ConfigReading& reading);

// Of a reading without problems: lets defaults make room for what was given, and adds problems for
// values that are good each and make no sense, or no sense together.
void CheckSense(ConfigReading& reading);

// Of a tree that fits the schema's types or not: elections whose queues would be mixed up.
void CheckPrefixes(const ConfigNode& tree, const ConfigSources& sources, ConfigProblems& problems);

}  // namespace bellwether::app
