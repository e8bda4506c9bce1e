// `bellwether config validate`: what is wrong with a configuration, without starting anything.
#pragma once

#include <CLI/App.hpp>

#include "app/config_reading.h"

namespace bellwether::app {

// Adds the subcommand; its exit code goes to *code.
void AddConfig(CLI::App& app, int* code);

// --set KEY=VALUE, of each subcommand that reads a configuration.
void AddSetFlag(CLI::App& command, ConfigInput* input);

// For the end of their help.
inline constexpr const char* kOverridesHelp =
    "Each key can be overridden: in the file http.limits.idleTimeout, in the environment\n"
    "BELLWETHER_HTTP_LIMITS_IDLE_TIMEOUT (entry 0 of a list: BELLWETHER_ETCD_ENDPOINTS_0), and by\n"
    "--set http.limits.idleTimeout=60s (etcd.endpoints[0]=URL). Later ones in this order win.";

}  // namespace bellwether::app
