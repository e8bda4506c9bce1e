// The subcommands of this room, each with its flags, as the command line knows them.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "cli/serving.h"

namespace bellwether::cli {

// Adds the subcommand to the application; when it is chosen, its exit code (exit_codes.h) goes to
// `code`, which outlives the parsing. `command` are the words behind "--",
// `serve` is for run --http.
void AddRun(CLI::App& app, std::vector<std::string> command, Serve serve, int* code);
// Of etcd or of a controller; they write nothing.
void AddGet(CLI::App& app, int* code);
void AddLeader(CLI::App& app, int* code);
void AddQueue(CLI::App& app, int* code);
void AddWatch(CLI::App& app, int* code);
// Of a controller alone; it writes nothing.
void AddHistory(CLI::App& app, int* code);
// Straight on etcd; writes with --yes alone.
void AddResign(CLI::App& app, int* code);
// Of the application with everything that is in it when the subcommand runs.
void AddCompletion(CLI::App& app, int* code);
void AddVersion(CLI::App& app, int* code);

}  // namespace bellwether::cli
