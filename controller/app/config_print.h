// The configuration that is in effect, as a file that would give the same one, with where each
// value came from. Secrets are not in it: files are named, not read.
#pragma once

#include <string>

#include "app/config_problems.h"
#include "app/config_tree.h"

namespace bellwether::app {

// YAML of a complete tree in which nothing is wrong. Behind each value a comment: "FILE:3",
// "environment variable BELLWETHER_HTTP_LISTEN", "--set http.listen=…" or "default".
std::string PrintConfig(const ConfigNode& root, const ConfigSources& sources);

}  // namespace bellwether::app
