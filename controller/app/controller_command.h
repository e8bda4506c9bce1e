// `bellwether controller`: the daemon.
#pragma once

#include <CLI/App.hpp>

namespace bellwether::app {

// Adds the subcommand; its exit code goes to *code.
void AddController(CLI::App& app, int* code);

}  // namespace bellwether::app
