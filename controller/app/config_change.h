// What a new configuration changes in a controller that runs. Pure: trees in, a tree out; which
// keys apply without a restart is said in the schema (x-reload, for a key and all below it).
#pragma once

#include <string>
#include <vector>

#include "app/config_schema.h"
#include "app/config_tree.h"

namespace bellwether::app {

struct ConfigChange {
  ConfigNode in_effect;              // the new values of what applies, the old ones of the rest
  std::vector<std::string> applied;  // keys, in the schema's order
  std::vector<std::string> waiting;  // keys whose new value needs a restart
};

// Of two complete trees.
ConfigChange CompareConfigs(const ConfigSchema& schema, const ConfigNode& in_effect,
                            const ConfigNode& wanted);

}  // namespace bellwether::app
